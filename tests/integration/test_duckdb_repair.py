"""A history with flipped bytes: everything that is readable is saved, and what is gone is told by its time."""

import re
import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest

from backbone.historian.buckets import HOUR_MS
from backbone.historian.duckdb import DuckDBHistorian
from backbone.historian.duckdb_file import BLOCK_BYTES, log_of
from backbone.historian.duckdb_repair import Repaired, repair
from backbone.historian.port import HistorianCorrupt, HistorianUnavailable, ReadingBatch
from backbone.position import Position
from tests.history import EVER, NEVER, NOON, event
from tests.integration.test_duckdb_historian import WRITER, python

POINTS = tuple(f"e-{n}.temperature" for n in range(100))
SECONDS = 3_600


def hour(n: int) -> ReadingBatch:
    """An hour of a hundred points, a reading a second, values that do not compress."""
    t = np.repeat(NOON + n * HOUR_MS + np.arange(SECONDS) * 1000, len(POINTS))
    p = np.tile(np.arange(len(POINTS), dtype=np.uint32), SECONDS)
    x = np.random.default_rng(n).normal(20, 3, t.size)
    return ReadingBatch("yard", POINTS, p, t, x, np.zeros(t.size, np.uint8))


@pytest.fixture(scope="module")
def three_hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "history.duckdb"
    with closing(DuckDBHistorian(path, "yard", UTC).open()) as historian:
        for n in range(3):
            events = [("yard", event("e-1.credential", NOON + n))]
            historian.write([hour(n)], events, {"gw-east": Position(1, 0, n + 1)})
        while historian.tidy(NOON + 4 * HOUR_MS):
            pass
    return path


@pytest.fixture
def path(three_hours: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(three_hours, tmp_path))


def mended(path: Path) -> Repaired:
    return repair(path, UTC, NOON + 9 * HOUR_MS, lambda _: None)


def opened(path: Path) -> DuckDBHistorian:
    return DuckDBHistorian(path, "yard", UTC).open()


def flip(path: Path, at: int, count: int = 16) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        some = file.read(count)
        file.seek(at)
        file.write(bytes(one ^ 0xFF for one in some))


def blocks_of(path: Path, table: str, column: str) -> list[int]:
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(
            f"SELECT DISTINCT block_id FROM pragma_storage_info('{table}') "
            f"WHERE column_name = '{column}' AND block_id >= 0 ORDER BY 1"
        ).fetchall()
    return [int(row[0]) for row in rows]


def test_a_damaged_block_costs_its_rows_and_is_told_with_their_time(path: Path) -> None:
    whole = 3 * SECONDS * len(POINTS)
    block = min(set(blocks_of(path, "readings", "x")) - set(blocks_of(path, "readings", "t")))
    flip(path, 3 * 4096 + block * BLOCK_BYTES + 5_000)
    with closing(opened(path)) as historian, pytest.raises(HistorianCorrupt, match="history repair"):
        list(historian.scan("yard", None, NEVER, EVER))
    damaged = path.read_bytes()
    done = mended(path)
    assert (done.aside / path.name).read_bytes() == damaged
    assert 0.8 * whole < done.saved["readings"] < whole
    assert done.saved["events"] == 3
    [told] = [line for line in done.gone if "of readings" in line]
    assert told.startswith(f"{whole - done.saved['readings']} rows of readings, of 2026-09-21T1")
    with closing(opened(path)) as historian:
        assert historian.count("yard", None, NEVER, EVER) == done.saved["readings"]
        assert historian.positions() == {"gw-east": Position(1, 0, 3)}
        assert sum(batch.t.size for batch in historian.scan("yard", None, NEVER, EVER)) == done.saved["readings"]
        hours = historian.series("yard", POINTS[5], NOON, NOON + 3 * HOUR_MS, 3).buckets
        assert [bucket.count for bucket in hours] == [SECONDS] * 3, "what was rolled up is still known"
        historian.write([hour(3)], [], {"gw-east": Position(1, 0, 4)})


def rolled(connection: duckdb.DuckDBPyConnection, level: str) -> list[tuple[object, ...]]:
    """A table of roll-ups; its sums but for their rounding."""
    return connection.execute(f"SELECT * REPLACE (round(total, 6) AS total) FROM {level} ORDER BY point, t").fetchall()


def test_lost_roll_ups_are_made_again_of_the_readings(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        before = {level: rolled(connection, level) for level in ("minutes", "hours", "days")}
        connection.execute("DELETE FROM hours WHERE t >= ?", [NOON + HOUR_MS])
        connection.execute("DELETE FROM minutes WHERE point = 7")
    assert mended(path).gone == []
    with duckdb.connect(str(path)) as connection:
        for level, rows in before.items():
            assert rolled(connection, level) == rows


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """Twenty writes of a minute, all of them in the log, as a power cut leaves them."""
    path, folder = tmp_path / "history.duckdb", tmp_path / "stopped"
    folder.mkdir()
    with closing(opened(path)) as historian:
        for n in range(20):
            part = hour(0)
            rows = (part.t >= NOON + n * 60_000) & (part.t < NOON + (n + 1) * 60_000)
            one = ReadingBatch("yard", POINTS, part.p[rows], part.t[rows], part.x[rows], part.q[rows])
            historian.write([one], [], {"gw-east": Position(1, 0, n + 1)})
        for file in (path, log_of(path)):
            shutil.copy(file, folder)
    return folder / path.name


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_damaged_log_is_read_up_to_its_damage(stopped: Path, share: float) -> None:
    size = log_of(stopped).stat().st_size
    flip(log_of(stopped), int(size * share))
    with pytest.raises(HistorianCorrupt):
        opened(stopped)
    done = mended(stopped)
    with closing(opened(stopped)) as historian:
        position = historian.positions().get("gw-east", Position()).bulk
        assert abs(position - 20 * share) <= 2
        assert historian.count("yard", None, NEVER, EVER) == 6_000 * position
    today = datetime.now(UTC).date()
    assert "the newest part of the log" in done.gone[0]
    assert f"{today:%Y}" in done.gone[0]


def test_of_a_file_that_cannot_be_opened_nothing_is_deleted(path: Path) -> None:
    flip(path, 8)
    damaged = path.read_bytes()
    done = mended(path)
    assert done.gone[0].startswith("everything")
    assert "anju restore" in done.gone[0]
    assert (done.aside / path.name).read_bytes() == damaged
    with closing(opened(path)) as historian:
        assert historian.count("yard", None, NEVER, EVER) == 0


def test_a_history_in_use_is_left_alone(path: Path, tmp_path: Path) -> None:
    with python(WRITER, path) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        try:
            with pytest.raises(HistorianUnavailable, match="stop the platform first"):
                mended(path)
        finally:
            writer.kill()
            writer.stdout.read()
    assert not list(tmp_path.glob("*damaged*"))


def found(path: Path) -> list[str]:
    with closing(opened(path)) as historian:
        return list(historian.check(lambda _: None))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            "UPDATE hours SET count = 7 WHERE point = 3 AND t = {noon}",
            "1 hours of points that are not what the readings",
        ),
        ("UPDATE hours SET total = total + 1 WHERE point = 3 AND t = {noon}", "1 hours of points .* readings say"),
        ("DELETE FROM minutes WHERE point = 3 AND t < {noon} + 60000", "1 hours of points .* minutes say"),
        ("UPDATE days SET max = 99 WHERE point = 3", "1 days of points"),
        ("INSERT INTO readings SELECT * FROM readings WHERE point = 3 LIMIT 2", "2 readings that stand twice"),
        ("UPDATE events SET data = 'no' WHERE t = {noon}", "1 events that cannot be read"),
        ("INSERT INTO positions SELECT * FROM positions", "1 gateways with two positions"),
        ("INSERT INTO arrived VALUES (4711, {noon}, 1, 0)", "1 new readings of points that have no name"),
    ],
)
def test_a_history_that_contradicts_itself_is_found(path: Path, change: str, says: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(change.format(noon=NOON))
    assert re.search(says, "\n".join(found(path)))


def test_a_sound_history_is_found_sound_also_without_its_old_readings_and_after_a_repair(path: Path) -> None:
    assert found(path) == []
    with closing(opened(path)) as historian:
        historian.forget("yard", POINTS[:50], NOON + HOUR_MS)
    assert found(path) == []
    mended(path)
    assert found(path) == []
