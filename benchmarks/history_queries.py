"""Questions to a DuckDB history of 50 million readings, written and put in order as ingest does it.

Run `python -m benchmarks.history_queries [MILLION]`; a minute. 580 points with a reading a second, and before that day
29 days with a reading a minute, so that a month can be asked for.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import psutil

from backbone.historian.buckets import DAY_MS, HOUR_MS
from backbone.historian.duckdb import DuckDBHistorian
from backbone.historian.port import ReadingBatch
from benchmarks.figures import Figure

POINTS = tuple(f"climate-{n}.temperature" for n in range(580))
MANY = tuple(f"meter-{n}.power" for n in range(5_000))
START = 1_789_920_000_000
SITE = "bench"
ASKED = 40
SMALL = 5_000_000
"""Readings of the last day in a small history."""
GROWTH_AIM = 1.5
"""No growth at all, and the noise of a few ms."""


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


def effort(historian: DuckDBHistorian, end: int) -> float:
    """The same question to a small and a large history, two hours of a point, in ms of the processor (p95)."""
    return timed(
        lambda n: historian.series(SITE, POINTS[n * 7], end - 2 * HOUR_MS, end, 500),
        time.process_time,
    )


def measured(path: Path, million: float) -> Iterator[Figure]:
    """Write, fold, ask."""
    rng = np.random.default_rng(1)
    with closing(DuckDBHistorian(path, SITE, ZoneInfo("Asia/Shanghai")).open()) as historian:
        for batch in batches(rng, START - 29 * DAY_MS, 29 * DAY_MS // 1000, 60):
            historian.write([batch], [], {})
        while historian.tidy(START):
            pass
        written, folded_s, write_s, folds = 0, 0.0, 0.0, 0
        small_ms: float | None = None
        for hour in count():
            if written >= million * 1e6:
                break
            begin = time.perf_counter()
            for batch in batches(rng, START + hour * HOUR_MS, 3600, 1):
                historian.write([batch], [], {})
                written += batch.t.size
            middle = time.perf_counter()
            folds += historian.tidy(START + (hour + 1) * HOUR_MS + 700_000)
            write_s, folded_s = write_s + middle - begin, folded_s + time.perf_counter() - middle
            if small_ms is None and written >= SMALL:
                small_ms = effort(historian, START + folds * HOUR_MS)
        end = START + folds * HOUR_MS
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
        if small_ms is not None:
            large_ms = effort(historian, end)
            more = {"cpu_ms": round(large_ms, 2), "cpu_ms_of_the_small": round(small_ms, 2), "stored": stored}
            yield Figure("history.growth_with_rows", large_ms / small_ms, "", ASKED, GROWTH_AIM, lower=True, more=more)
        memory = psutil.Process().memory_info().rss / 1e6
    yield _figure("history.bytes_a_reading", path.stat().st_size / stored, "bytes", stored, 3, memory_mb=round(memory))


def _figure(name: str, value: float, unit: str, n: int, aim: float | None, **more: object) -> Figure:
    return Figure(name, value, unit, n, aim, lower=unit in {"ms", "bytes"}, more=more)


def figures(million: float = 50) -> Iterator[Figure]:
    """Every one of them."""
    with tempfile.TemporaryDirectory() as folder:
        yield from measured(Path(folder) / "history.duckdb", million)


if __name__ == "__main__":
    for one in figures(float(sys.argv[1]) if len(sys.argv) > 1 else 50):
        print(json.dumps(one.row()))
