"""The buckets of a downsampled series: round spans whose edges stay where they are as a chart scrolls.

From an hour up they follow the clock on the wall of the site: six-hour buckets begin at midnight, six, noon and six,
and a day is a day, also when it has 23 or 25 hours.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from backbone.frames import TimeColumn

_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_S = tuple(1000 * n for n in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30))
_MIN = tuple(60_000 * n for n in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30))
_H = tuple(3_600_000 * n for n in (1, 2, 3, 4, 6, 8, 12))
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
STEPS_MS = _MS + _S + _MIN + _H
_EPOCH = date(1970, 1, 1)
_LONGEST_ALIGNED = 366
"""Days. Longer buckets begin with the interval: there are few, and nobody scrolls through them."""


class Grid(NamedTuple):
    """Buckets from each edge to the next; `edges` (n + 1,) Unix ms take in the whole interval."""

    step_ms: int
    edges: TimeColumn


def grid_for(start: int, end: int, max_points: int, zone: tzinfo = UTC) -> Grid:
    """The smallest round buckets with which `start <= t < end` touches at most `max_points` of them.

    Raises:
        ValueError: the interval is empty, or `max_points` is less than one.
    """
    if max_points < 1 or end <= start:
        raise ValueError(f"a series needs start < end and at least one bucket, not {start}, {end}, {max_points}")
    for step in STEPS_MS:
        if (end - start) // step <= max_points and (grid := _grid(start, end, step, zone)).edges.size <= max_points + 1:
            return grid
    days = 1
    while True:
        grid = _grid(start, end, days * DAY_MS, zone)
        if grid.edges.size <= max_points + 1:
            return grid
        days += 1 if days < 7 else days


def _grid(start: int, end: int, step: int, zone: tzinfo) -> Grid:
    if step < HOUR_MS:
        return Grid(step, np.arange(start // step, (end - 1) // step + 2, dtype=np.int64) * step)
    first, last = (datetime.fromtimestamp(t / 1000, zone).date() for t in (start, end - 1))
    if step >= DAY_MS:
        apart = step // DAY_MS
        if apart <= _LONGEST_ALIGNED:
            first -= timedelta((first - _EPOCH).days % apart)
        number = (last - first).days // apart + 2
        return Grid(step, np.array([midnight(first + timedelta(apart * n), zone) for n in range(number)]))
    edges = sorted({edge for n in range((last - first).days + 1) for edge in _cuts(first + timedelta(n), step, zone)})
    edges.append(midnight(last + timedelta(1), zone))
    edge = np.array(edges, dtype=np.int64)
    return Grid(step, edge[np.searchsorted(edge, start, side="right") - 1 : np.searchsorted(edge, end) + 1])


def _cuts(day: date, step: int, zone: tzinfo) -> list[int]:
    if step == HOUR_MS:
        # On the day that has an hour twice, both are buckets.
        return list(range(midnight(day, zone), midnight(day + timedelta(1), zone), step))
    return [_at(day, hour, zone) for hour in range(0, 24, step // HOUR_MS)]


@lru_cache(maxsize=20_000)
def midnight(day: date, zone: tzinfo) -> int:
    """When a day begins on the site's clock, Unix ms."""
    return _at(day, 0, zone)


def _at(day: date, hour: int, zone: tzinfo) -> int:
    return round(datetime(day.year, day.month, day.day, hour, tzinfo=zone).timestamp()) * 1000
