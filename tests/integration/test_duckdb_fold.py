"""The DuckDB file in order and rolled up; that its answers are right all the same is in tests/contract."""

import signal
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pytest

from backbone.historian.buckets import DAY_MS, HOUR_MS
from backbone.historian.duckdb import DuckDBHistorian
from backbone.historian.duckdb_file import BLOCK_BYTES, WEEK_MS
from backbone.historian.port import ReadingBatch
from community.quality import Quality
from community.site.profile import Family
from ingest.housekeeping import forget_old
from tests.history import EVER, NEVER, NOON, batch, event, make_site
from tests.integration.test_duckdb_historian import python

ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "Asia/Kolkata")]
POINTS = ("e-1.temperature", "e-1.humidity")
LATER = NOON + 100 * DAY_MS
BAD = int(Quality.COMMUNICATION_FAILURE)

Reading = tuple[str, int, float, int]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.duckdb"


def test_folding_takes_closed_hours_only_and_ends(path: Path) -> None:
    with closing(DuckDBHistorian(path, "yard", ZONES[0]).open()) as historian:
        rows = [(POINTS[0], NOON - hour * HOUR_MS, float(hour)) for hour in range(5)]
        historian.write([batch(rows)], [], {})
        folded = 0
        while historian.tidy(NOON + 700_000):
            folded += 1
        assert folded == 4
        assert not historian.tidy(NOON + 700_000)
        assert historian.tidy(NOON + HOUR_MS + 700_000)
        assert historian.count("yard", None, NEVER, EVER) == 5


def test_a_closed_day_lies_in_the_order_of_points(path: Path) -> None:
    """What keeps a query short, however much is stored: the rows of a point lie together."""
    names = tuple(f"e-{n}.temperature" for n in range(50))
    hour = NOON - HOUR_MS
    with closing(DuckDBHistorian(path, "yard", ZONES[0]).open()) as historian:
        for second in range(0, 3600, 60):
            p = np.tile(np.arange(50, dtype=np.uint32), 60)
            t = np.repeat(hour + (second + np.arange(60)) * 1000, 50)
            historian.write(
                [ReadingBatch("yard", names, p, t, (t % 97).astype(np.float64), np.zeros(p.size, np.uint8))], [], {}
            )
        while historian.tidy(NOON + HOUR_MS):
            pass
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute("SELECT point, t FROM readings ORDER BY rowid").fetchnumpy()
        assert rows["point"].size == 180_000
        assert (np.diff(rows["point"]) >= 0).all()
        assert connection.execute("SELECT count(*) FROM arrived").fetchone() == (0,)
        assert connection.execute("SELECT count(*), sum(count) FROM minutes").fetchone() == (3000, 180_000)
        assert connection.execute("SELECT count(*), sum(count) FROM hours").fetchone() == (50, 180_000)
        assert connection.execute("SELECT count(*), sum(count) FROM days").fetchone() == (50, 180_000)


def test_a_history_of_the_first_format_is_read_on(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE points (id INTEGER PRIMARY KEY, site VARCHAR, point VARCHAR, UNIQUE (site, point))"
        )
        connection.execute("CREATE TABLE readings (point INTEGER, t BIGINT, x DOUBLE, q UTINYINT)")
        connection.execute("CREATE TABLE about (schema_version INTEGER NOT NULL)")
        connection.execute("INSERT INTO about VALUES (1)")
        connection.execute("INSERT INTO points VALUES (0, 'yard', 'e-1.temperature')")
        connection.execute("INSERT INTO readings VALUES (0, ?, 1, 0), (0, ?, 2, 0)", [NOON, NOON])
    for _ in range(2):
        with closing(DuckDBHistorian(path, "yard", ZONES[0]).open()) as historian:
            assert historian.count("yard", None, NEVER, EVER) == 1
            assert historian.latest("yard", None, NEVER)[POINTS[0]].x == 2.0
            historian.tidy(LATER)
            assert historian.series("yard", POINTS[0], NOON, NOON + 1, 1).buckets[0].last == 2.0


def test_what_is_older_than_its_family_is_kept_goes_and_its_hours_stay(path: Path) -> None:
    site = make_site()
    kept, old = NOON - DAY_MS, NOON - 10 * DAY_MS
    with closing(DuckDBHistorian(path, site.id, ZONES[0]).open()) as historian:
        rows = [(point, t, 1.0) for point in (POINTS[0], "e-1.smoke") for t in (old, kept)]
        historian.write([batch(rows)], [(site.id, event("e-1.credential", old))], {})
        forget_old(historian, site, {Family.ENVIRONMENT: 5}, NOON)
        assert historian.count(site.id, None, NEVER, EVER) == 4
        while historian.tidy(NOON):
            pass
        forget_old(historian, site, {Family.ENVIRONMENT: 5}, NOON)
        assert historian.count(site.id, POINTS[0], NEVER, EVER) == 1
        assert historian.count(site.id, "e-1.smoke", NEVER, EVER) == 2
        assert len(historian.events(site.id, None, NEVER, EVER, 9)) == 1
        hours = historian.series(site.id, POINTS[0], old - HOUR_MS, NOON, 300).buckets
        assert [bucket.count for bucket in hours] == [1, 1]


FOLDER = """
import itertools, sys, threading
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo
from backbone.historian.duckdb import DuckDBHistorian
from backbone.historian.duckdb_file import BLOCK_BYTES, WEEK_MS
from backbone.position import Position
from tests.history import NOON, batch

historian = DuckDBHistorian(Path(sys.argv[1]), "yard", ZoneInfo("Asia/Shanghai")).open()

def fold():
    while True:
        historian.tidy(NOON * 2)

threading.Thread(target=fold, daemon=True).start()
start = historian.positions().get("gw-east", (0, 0, 0))[2]
for seq in itertools.count(start + 1):
    rows = [(f"e-{n}.temperature", NOON + seq * 600_000, float(seq)) for n in range(300)]
    historian.write([batch(rows)], [], {"gw-east": Position(1, 0, seq)})
    print(seq, flush=True)
"""


@pytest.mark.parametrize("after", [5, 37, 90])
def test_kill_9_while_folding_loses_and_doubles_nothing(path: Path, after: int) -> None:
    for _ in range(2):
        with python(FOLDER, path) as writer:
            assert writer.stdout is not None
            for _ in range(after):
                writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
            writer.stdout.read()
    with closing(DuckDBHistorian(path, "yard", ZONES[0]).open()) as historian:
        position = historian.positions()["gw-east"].bulk
        assert position >= 2 * after
        assert historian.count("yard", None, NEVER, EVER) == 300 * position
        end = NOON + (position + 1) * 600_000
        rows = historian.series("yard", "e-7.temperature", NOON, end, 1000).buckets
        assert sum(bucket.count for bucket in rows) == position


def test_a_reading_in_order_takes_less_than_three_bytes(path: Path) -> None:
    """Of a hundred sensors with one decimal that report each second, roll-ups included."""
    rng = np.random.default_rng(1)
    points = tuple(f"climate-{n}.temperature" for n in range(100))
    p = np.repeat(np.arange(len(points), dtype=np.uint32), 3600)
    t, hours = np.tile(np.arange(3600) * 1000, len(points)), 8
    with closing(DuckDBHistorian(path, "yard").open()) as historian:
        for hour in range(hours):
            x = np.round(20 + p % 7 + np.sin(t / 6e5 + hour) + rng.normal(0, 0.2, t.size), 1)
            times, good = NOON + hour * HOUR_MS + t, np.zeros(t.size, np.uint8)
            historian.write([ReadingBatch("yard", points, p, times, x, good)], [], {})
            historian.tidy(LATER)
    with duckdb.connect(str(path)) as connection:
        size = connection.execute("SELECT block_size * used_blocks FROM pragma_database_size()").fetchone()
    assert size is not None
    assert size[0] / (hours * t.size) < 3


WEEK = NOON // WEEK_MS * WEEK_MS
"""One that is over at `LATER`."""


def minutes_of_a_week(rng: np.random.Generator, hour: int, points: tuple[str, ...]) -> ReadingBatch:
    """An hour of sensors that report each minute, as they do: up to a second late."""
    p = np.tile(np.arange(len(points), dtype=np.uint32), 60)
    t = WEEK + hour * HOUR_MS + np.repeat(np.arange(60) * 60_000, len(points)) + rng.integers(0, 1000, p.size)
    x = np.round(20 + p % 7 + np.sin(t / 6e5) + rng.normal(0, 0.2, t.size), 1)
    return ReadingBatch("yard", points, p, t, x, np.zeros(t.size, np.uint8))


def test_a_week_that_is_over_lies_in_the_order_of_points_and_is_small(path: Path) -> None:
    rng, points = np.random.default_rng(1), tuple(f"climate-{n}.temperature" for n in range(100))
    with closing(DuckDBHistorian(path, "yard", ZONES[0]).open()) as historian:
        for hour in range(168):
            historian.write([minutes_of_a_week(rng, hour, points)], [], {})
        over = WEEK + WEEK_MS + 600_000
        while historian.tidy(over - 1):
            pass
        asked = (WEEK, WEEK + 160 * HOUR_MS, 200), (WEEK + 5 * HOUR_MS, WEEK + 6 * HOUR_MS, 60)
        before = [historian.series("yard", points[n], *times) for n in (0, 57, 99) for times in asked]
        pieces = 0
        while historian.tidy(over):
            pieces += 1
        assert pieces > 1
        assert [historian.series("yard", points[n], *times) for n in (0, 57, 99) for times in asked] == before
        historian.write([batch([(points[0], WEEK, 1.0)])], [], {})
        assert historian.tidy(over)
        assert not historian.tidy(over), "one that is late does not move a whole week"
        assert list(historian.check(lambda _: None)) == []
    with duckdb.connect(str(path)) as connection:
        rows = connection.execute("SELECT point FROM readings ORDER BY rowid LIMIT 1008000").fetchnumpy()
        assert (np.diff(rows["point"]) >= 0).all()
        rows = connection.execute("SELECT point FROM hours ORDER BY rowid LIMIT 16700").fetchnumpy()
        assert (np.diff(rows["point"]) >= 0).all()
        blocks = connection.execute("SELECT count(DISTINCT block_id) FROM pragma_storage_info('readings')").fetchone()
    assert blocks is not None
    assert blocks[0] * BLOCK_BYTES / 1_008_001 < 3


def test_a_file_of_before_weeks_were_put_in_order_is_put_in_order(path: Path) -> None:
    rng, points = np.random.default_rng(1), POINTS
    with closing(DuckDBHistorian(path, "yard", ZONES[0]).open()) as historian:
        for hour in range(3):
            historian.write([minutes_of_a_week(rng, hour, points)], [], {})
            assert historian.tidy(WEEK + 9 * HOUR_MS)
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP TABLE weeks")
    with closing(DuckDBHistorian(path, "yard", ZONES[0]).open()) as historian:
        assert not historian.tidy(WEEK + 9 * HOUR_MS)
        assert historian.tidy(LATER)
        assert not historian.tidy(LATER)
        assert historian.count("yard", None, NEVER, EVER) == 360
    with duckdb.connect(str(path)) as connection:
        rows = connection.execute("SELECT point FROM readings ORDER BY rowid").fetchnumpy()
        assert (np.diff(rows["point"]) >= 0).all()
