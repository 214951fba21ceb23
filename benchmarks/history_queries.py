"""Questions to a DuckDB history of 50 million readings, written and put in order as ingest does it.

Run `python -m benchmarks.history_queries [MILLION]`; two minutes. 580 points with a reading a second, and before that
day 29 days with a reading a minute, so that a month can be asked for. A history of a tenth is asked the same in turn.
Then the room that three weeks take of points that report each minute and each ten seconds, up to a second late.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import psutil

from backbone.historian.buckets import DAY_MS, HOUR_MS
from backbone.historian.duckdb import DuckDBHistorian
from backbone.historian.duckdb_file import WEEK_MS
from backbone.historian.port import ReadingBatch
from benchmarks.figures import Figure

POINTS = tuple(f"climate-{n}.temperature" for n in range(580))
MANY = tuple(f"meter-{n}.power" for n in range(5_000))
START = 1_789_920_000_000
SITE = "bench"
ZONE = ZoneInfo("Asia/Shanghai")
ASKED = 40
GROWTH_AIM = 1.2
"""No growth at all, and the noise of a few ms."""
LATE_MS = 1000
WEEKS = 3
SLOW = (("minute", 60, 300), ("ten_seconds", 10, 60))
"""A name, seconds between readings, and how many points."""


def batches(rng: np.random.Generator, start: int, seconds: int, step_s: int) -> Iterator[ReadingBatch]:
    """Slow curves with noise and one decimal, about 35,000 readings each, in the order they arrive."""
    base = rng.normal(20, 3, len(POINTS))
    p = np.tile(np.arange(len(POINTS), dtype=np.uint32), 60)
    for minute in range(0, seconds // step_s, 60):
        t = np.repeat(start + (minute + np.arange(60)) * 1000 * step_s, len(POINTS))
        x = np.round(base[p] + 3 * np.sin(t / 3.6e6) + rng.normal(0, 0.2, t.size), 1)
        yield ReadingBatch(SITE, POINTS, p, t, x.astype(np.float64), np.zeros(t.size, np.uint8))


def timed(ask: Callable[[int], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """95th percentile in ms."""
    took = []
    for n in range(ASKED):
        begin = clock()
        ask(n)
        took.append(clock() - begin)
    return float(np.percentile(took, 95)) * 1000


def efforts(histories: Sequence[tuple[DuckDBHistorian, int]]) -> list[float]:
    """The same question to each in turn, the last two hours of a point, in ms of the processor (median)."""
    took: list[list[float]] = [[] for _ in histories]
    for n in range(ASKED):
        for (historian, end), times in zip(histories, took, strict=True):
            begin = time.process_time()
            historian.series(SITE, POINTS[n * 7], end - 2 * HOUR_MS, end, 500)
            times.append(time.process_time() - begin)
    return [float(np.median(times)) * 1000 for times in took]


def fill(historian: DuckDBHistorian, rng: np.random.Generator, million: float) -> tuple[int, int, float, float]:
    """A day's readings, all hours folded but the last; how many, the end, seconds of writing and of folding."""
    written, write_s, fold_s, hours = 0, 0.0, 0.0, 0
    while written < million * 1e6:
        begin = time.perf_counter()
        for batch in batches(rng, START + hours * HOUR_MS, 3600, 1):
            historian.write([batch], [], {})
            written += batch.t.size
        middle = time.perf_counter()
        historian.tidy(START + hours * HOUR_MS + 700_000)
        write_s, fold_s, hours = write_s + middle - begin, fold_s + time.perf_counter() - middle, hours + 1
    return written, START + hours * HOUR_MS, write_s, fold_s


def measured(path: Path, million: float) -> Iterator[Figure]:
    """Write, fold, ask."""
    rng = np.random.default_rng(1)
    with closing(DuckDBHistorian(path, SITE, ZONE).open()) as historian:
        for batch in batches(rng, START - 29 * DAY_MS, 29 * DAY_MS // 1000, 60):
            historian.write([batch], [], {})
        while historian.tidy(START):
            pass
        written, end, write_s, folded_s = fill(historian, rng, million)
        many = np.arange(len(MANY), dtype=np.uint32)
        now, good = np.full(many.size, end), np.zeros(many.size, np.uint8)
        historian.write([ReadingBatch(SITE, MANY, many, now, many.astype(np.float64), good)], [], {})
        stored = historian.count(SITE, None, 0, 2 * START)
        yield _figure("history.fold_readings_per_s", written / folded_s, "readings/s", written, None)
        yield _figure("history.write_readings_per_s", written / write_s, "readings/s", written, None)
        historian.latest(SITE, None, end - DAY_MS)
        asked: tuple[tuple[str, float, Callable[[int], object]], ...] = (
            ("day_p95_ms", 20, lambda n: historian.series(SITE, POINTS[n * 7], end - DAY_MS, end, 500)),
            ("month_p95_ms", 50, lambda n: historian.series(SITE, POINTS[n * 7], end - 30 * DAY_MS, end, 500)),
            ("latest_p95_ms", 20, lambda _: historian.latest(SITE, MANY, end - DAY_MS)),
        )
        for name, aim, ask in asked:
            yield _figure(f"history.{name}", timed(ask), "ms", ASKED, aim, stored=stored)
        with closing(DuckDBHistorian(path.with_name("small.duckdb"), SITE, ZONE).open()) as small:
            few, small_end, *_ = fill(small, rng, million / 10)
            small_ms, large_ms = efforts([(small, small_end), (historian, end)])
        more = {"cpu_ms": round(large_ms, 2), "cpu_ms_of_the_small": round(small_ms, 2), "stored": stored, "small": few}
        yield Figure("history.growth_with_rows", large_ms / small_ms, "", ASKED, GROWTH_AIM, lower=True, more=more)
        memory = psutil.Process().memory_info().rss / 1e6
    yield _figure("history.bytes_a_reading", path.stat().st_size / stored, "bytes", stored, 3, memory_mb=round(memory))


def room(path: Path, step_s: int, points: int) -> tuple[float, int]:
    """Bytes a reading in use, after weeks are over, and of how many readings."""
    rng, names = np.random.default_rng(1), tuple(f"climate-{n}.temperature" for n in range(points))
    start, a_point, stored = START // WEEK_MS * WEEK_MS, HOUR_MS // 1000 // step_s, 0
    p = np.tile(np.arange(points, dtype=np.uint32), a_point)
    base, good = rng.normal(20, 3, points)[p], np.zeros(p.size, np.uint8)
    with closing(DuckDBHistorian(path, SITE, ZONE).open()) as historian:
        for begin in range(start, start + WEEKS * WEEK_MS, HOUR_MS):
            t = begin + np.repeat(np.arange(a_point) * step_s * 1000, points) + rng.integers(0, LATE_MS, p.size)
            x = np.round(base + 3 * np.sin(t / 3.6e6) + rng.normal(0, 0.2, p.size), 1)
            historian.write([ReadingBatch(SITE, names, p, t, x, good)], [], {})
            stored += p.size
            while historian.tidy(begin + HOUR_MS + 700_000):
                pass
    with duckdb.connect(str(path), read_only=True) as connection:
        [used] = connection.execute("SELECT block_size * used_blocks FROM pragma_database_size()").fetchall()
    return used[0] / stored, stored


def _figure(name: str, value: float, unit: str, n: int, aim: float | None, **more: object) -> Figure:
    return Figure(name, value, unit, n, aim, lower=unit in {"ms", "bytes"}, more=more)


def figures(million: float = 50) -> Iterator[Figure]:
    """Every one of them."""
    with tempfile.TemporaryDirectory() as folder:
        yield from measured(Path(folder) / "history.duckdb", million)
        for name, step_s, points in SLOW:
            path = Path(folder) / f"{name}.duckdb"
            bytes_each, stored = room(path, step_s, points)
            more = {"of_the_file": round(path.stat().st_size / stored, 2), "up_to_ms_late": LATE_MS}
            yield _figure(f"history.bytes_a_reading_each_{name}", bytes_each, "bytes", stored, 3, **more)


if __name__ == "__main__":
    for one in figures(float(sys.argv[1]) if len(sys.argv) > 1 else 50):
        print(json.dumps(one.row()))
