"""Frames set aside: bounded, whole after damage beside them, nothing kept for ever."""

import tempfile
from contextlib import closing
from pathlib import Path

from backbone.historian.duckdb import DuckDBHistorian
from backbone.stream import Delivery
from community.site.profile import Lane
from ingest.aside import Aside
from ingest.validate import Limits, SitePoints
from tests.history import EVER, NEVER, NOON, frame, make_site

LIMITS = Limits(NOON, 0, NOON + 1_000)
NEW = "e-3.temperature"


def delivery(seq: int, rows: int = 1) -> Delivery:
    return Delivery(
        "gw-east", Lane.BULK, frame([(NEW, NOON - seq * 1000 - n, 1.0) for n in range(rows)], seq=seq), NOON
    )


def taken(aside: Aside, site_knows: bool) -> tuple[int, int, int]:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(DuckDBHistorian(Path(folder) / "h", "yard").open()) as history,
    ):
        found = aside.take_up(history, SitePoints(make_site(east=3 if site_knows else 2)), LIMITS)
        assert history.count("yard", NEW, NEVER, EVER) == found.readings
        return found


def test_frames_stay_until_the_site_file_knows_all_of_their_points(tmp_path: Path) -> None:
    aside = Aside(tmp_path)
    aside.keep([delivery(1), delivery(2)])
    assert taken(aside, False) == (0, 0, 1)
    assert taken(Aside(tmp_path), True) == (2, 0, 0)
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_go_when_there_is_no_room(tmp_path: Path) -> None:
    aside = Aside(tmp_path, most_bytes=20_000)
    gone = [aside.keep([delivery(n, rows=200)]) for n in range(10)]
    assert any(gone)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 20_000
    assert "000000000010.frames" in {path.name for path in tmp_path.iterdir()}
    assert Aside(tmp_path, most_bytes=20_000).keep([delivery(99)]) >= 0
    assert "000000000011.frames" in {path.name for path in tmp_path.iterdir()}


def test_a_damaged_file_is_put_away_and_the_others_are_taken_up(tmp_path: Path) -> None:
    aside = Aside(tmp_path)
    aside.keep([delivery(1)])
    aside.keep([delivery(2)])
    (tmp_path / "000000000001.frames").write_bytes(b"garbage")
    assert taken(aside, True) == (1, 0, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["000000000001.damaged"]
