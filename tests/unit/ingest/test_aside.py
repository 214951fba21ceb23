"""What is set aside: bounded, whole after damage beside it, stored once it is in order, nothing kept for ever."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backbone.deliveries import Delivery
from backbone.historian.duckdb import DuckDBHistorian
from backbone.historian.port import Historian, Unwritten
from community.site.profile import Lane
from ingest.aside import Aside, Taken, parts_of
from ingest.validate import Fault, Limits, SitePoints, check, size_of
from tests.history import EVER, NEVER, NOON, event, frame, make_site
from tests.ingest_rig import Picky

LIMITS = Limits(NOON, 0, NOON + 1_000)
NEW = "e-3.temperature"
KNOWN = "e-1.temperature"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[DuckDBHistorian]:
    with closing(DuckDBHistorian(tmp_path / "h", "yard").open()) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "aside"


def delivery(seq: int, rows: int = 1) -> Delivery:
    readings = [(NEW, NOON - seq * 1000 - n, n * 1.37) for n in range(rows)]
    return Delivery("gw-east", Lane.BULK, frame(readings, seq=seq), NOON)


def take_up(aside: Aside, history: Historian, *, now: int = NOON, east: int = 2) -> Taken:
    return aside.take_up(history, SitePoints(make_site(east=east)), Limits(now, 0, now + 1_000))


def kept(taken: Taken) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for row in taken.refused:
        counts[row.source, row.reason] += row.kept
    return counts


def test_it_stays_until_the_site_file_knows_all_of_the_points(folder: Path, history: DuckDBHistorian) -> None:
    aside = Aside(folder)
    aside.keep([delivery(1), delivery(2)])
    aside.keep([delivery(3)])
    still = take_up(aside, history)
    assert (still.readings, kept(still)) == (0, {("gw-east/" + NEW, Fault.UNKNOWN_POINT): 3})
    assert take_up(Aside(folder), history, east=3).readings == 3
    assert history.count("yard", NEW, NEVER, EVER) == 3
    assert list(folder.iterdir()) == []


def test_the_oldest_go_when_there_is_no_room_and_are_counted(folder: Path, history: DuckDBHistorian) -> None:
    aside = Aside(folder, most_bytes=20_000, file_bytes=5_000)
    gone = sum(aside.keep([delivery(n, rows=200)]) for n in range(1, 31))
    assert gone > 0
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 20_000
    taken = take_up(Aside(folder), history, east=3)
    assert gone + taken.readings == 30 * 200
    assert history.latest("yard", [NEW], NEVER)[NEW].t > NOON - 30_000, "the newest are there"


def test_many_small_ones_share_a_file(folder: Path) -> None:
    aside = Aside(folder)
    for n in range(1, 101):
        aside.keep([delivery(n)])
    assert len(list(folder.iterdir())) == 1


def test_a_future_that_has_come_is_stored_and_no_other(folder: Path, history: DuckDBHistorian) -> None:
    rows = [(KNOWN, NOON + ahead, 1.0) for ahead in (0, 5_000, 50_000)]
    sent = Delivery("gw-east", Lane.BULK, frame(rows, events=[event("e-1.credential", NOON + 5_000)]), NOON)
    checked = check([sent], SitePoints(make_site()), LIMITS)
    assert [size_of(one.frame) for one in checked.mendable] == [3]
    assert sum(row.kept for row in checked.refused) == 3
    aside = Aside(folder)
    aside.keep(checked.mendable)
    for now, stored, left in ((NOON, (0, 0), 3), (NOON + 10_000, (1, 1), 1), (NOON + 60_000, (1, 0), 0)):
        found = take_up(aside, history, now=now)
        assert (found.readings, found.events) == stored
        assert sum(kept(found).values()) == left
    assert history.count("yard", None, NEVER, EVER) == 2


def test_what_is_no_number_is_never_set_aside() -> None:
    sent = Delivery("gw-east", Lane.BULK, frame([(KNOWN, NOON, float("nan")), (NEW, NOON, 1.0)]), NOON)
    (part,) = check([sent], SitePoints(make_site()), LIMITS).mendable
    assert [part.frame.points[p] for p in part.frame.p.tolist()] == [NEW]


def test_what_the_historian_refuses_is_found_by_point_and_time() -> None:
    sent = Delivery("gw-east", Lane.BULK, frame([("a.x", 1, 1.0), ("a.x", 2, 1.0), ("b.x", 2, 1.0)]), NOON)
    (part,) = parts_of([sent], [Unwritten("a.x", "field type conflict", 2, 3, 1, "a line")])
    assert (part.frame.points[part.frame.p[0]], part.frame.t.tolist()) == ("a.x", [2])


@pytest.mark.parametrize("others", [0, 2])
def test_what_the_historian_refuses_again_stays(folder: Path, history: DuckDBHistorian, others: int) -> None:
    picky, aside = Picky(history, KNOWN), Aside(folder)
    rows = [(KNOWN, NOON - n, 1.0) for n in range(3)] + [("e-2.temperature", NOON - n, 1.0) for n in range(others)]
    aside.keep([Delivery("gw-east", Lane.BULK, frame(rows), NOON)])
    for _ in range(2):
        found = take_up(aside, picky)  # type: ignore[arg-type]
        assert kept(found) == {(KNOWN, "the historian refused it: no"): 3}
    assert history.count("yard", None, NEVER, EVER) == others
    picky.point = None
    assert take_up(aside, picky).readings == 3  # type: ignore[arg-type]
    assert history.count("yard", None, NEVER, EVER) == others + 3
    assert list(folder.iterdir()) == []


def test_a_damaged_record_is_counted_and_put_away_and_the_others_are_stored(
    folder: Path, history: DuckDBHistorian
) -> None:
    aside = Aside(folder)
    for n in range(1, 4):
        aside.keep([delivery(n)])
    (path,) = folder.iterdir()
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :])
    taken = take_up(aside, history, east=3)
    assert (taken.readings, taken.damaged) == (2, 1)
    assert [one.suffix for one in folder.iterdir()] == [".damaged"]


def test_a_record_that_was_torn_by_a_power_cut_hides_none_before_or_after(
    folder: Path, history: DuckDBHistorian
) -> None:
    aside = Aside(folder)
    aside.keep([delivery(1)])
    (path,) = folder.iterdir()
    whole = path.stat().st_size
    aside.keep([delivery(2)])
    with path.open("r+b") as file:
        file.truncate(whole + 20)
    after = Aside(folder)
    after.keep([delivery(2)])
    taken = take_up(after, history, east=3)
    assert (taken.readings, taken.damaged) == (2, 0)
