"""When a value will reach a limit: its trend over a window, drawn on, with an interval.

True when even the slow end of the interval reaches the limit in time; over when the trend itself no longer does. The
interval is Sen's for the slope (JASA 63, 1968, section 3), which takes readings to err independently: one whose errors
drag on, as of a tank that sloshes for hours, is in truth wider.

A bin that is emptied begins a new trend: two readings one after the other that lie `restart` further back than the
last. One alone is taken for an error and left out.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from rules.detect.compiled import At, Compiled
from rules.detect.kinds.at_points import Readings, column, column_ms
from rules.detect.kinds.trend import Trend, middle, pairs_of, rising, slopes
from rules.detect.model import Flags, Index, Times, Values, earlier, places
from rules.detect.phases import Phases

_FAR_MS = float(1 << 52)


class Forecasts(Trend):
    """When each row reaches its limit (Unix ms): most likely, at the earliest, at the latest."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        super().__init__(compiled, rows, phases)
        self._sign = np.array([1.0 if row.when.direction == "up" else -1.0 for row in rows])
        self._limit = column(rows, "reaches") * self._sign
        self._within_ms = column_ms(rows, "within")
        self._normal = np.array([NormalDist().inv_cdf((1 + row.when.confidence) / 2) for row in rows])
        self._restart = np.array([row.when.restart or np.inf for row in rows])
        self._last = np.full(self.n, np.nan)
        self._back = np.zeros(self.n, dtype=np.bool_)
        """The last reading lay so far back that the next decides what it was."""
        self._reached = np.zeros((self.n, 3), dtype=np.int64)
        for row, spot in enumerate(self.spot.tolist()):
            phases.detail[spot] = partial(self._detail, row)

    def columns(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """The arrays of state, (rows, …), by name."""
        return {**super().columns(), "last": self._last, "back": self._back, "reached": self._reached}

    def take(self, readings: Readings) -> None:
        """Take known readings, one a row."""
        row, _, x, _ = readings
        back = self._sign.take(row) * (self._last.take(row) - x) >= self._restart.take(row)
        anew = back & self._back.take(row)
        self._back[row] = back & ~anew
        begins = readings.where(anew)
        if begins.row.size:
            self.advance(begins)
            self.forget(begins.row)
            no = np.zeros(begins.row.size, dtype=np.bool_)
            self.judge(begins.row, begins.t, no, begins.x, begins.q, ~no)
        usual = readings.where(~back | anew)
        self._last[usual.row] = usual.x
        if usual.row.size:
            super().take(usual)

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`."""
        super().set_back(by)
        earlier(self._reached, by)

    def conclude(self, row: Index, at: Times, y: Values, ago: Values, known: Flags) -> None:
        """Judge rows at the end of a step."""
        sign = self._sign.take(row)
        y = y * sign
        place = places(known & (self.are_true(row) | self._may_reach(row, y, ago)))
        # what ended before this step ended with what was known then
        self.settle(row, at)
        truth, level = np.zeros(row.size, dtype=np.bool_), np.full(row.size, np.nan)
        if place.size:
            its = row.take(place)
            truth[place], level[place], waits = self._draw_on(its, y[:, place], ago[:, place])
            self._reached[its] = at.take(place)[:, None] + waits
        self.judge(row, at, truth, level * sign, self.quality.take(row), known)

    def _may_reach(self, row: Index, y: Values, ago: Values) -> Flags:
        """Whether the slow end of the interval rises, or the limit is reached already: where neither, it is far."""
        outside = self._outside(row, y)
        rise = rising(y, ago, np.zeros(row.size)) > pairs_of(y) - outside
        found: Flags = ((outside >= 1) & rise) | (np.fmax.reduce(y) >= self._limit.take(row))
        return found

    def _draw_on(self, row: Index, y: Values, ago: Values) -> tuple[Flags, Values, Times]:
        """Whether the limit is reached in time, the level now, and the wait: most likely, at least, at most (n, 3)."""
        ascending, pairs = slopes(y, ago)
        slope = np.stack((middle(ascending, pairs), *self._interval(row, ascending, pairs, y)), axis=1)
        level = np.stack([_level(y, ago, slope[:, end]) for end in range(3)], axis=1)
        missing = np.maximum(self._limit.take(row)[:, None] - level, 0.0)
        rises = slope > 0
        wait = np.where(rises, missing / np.where(rises, slope, 1.0), np.where(missing > 0, _FAR_MS, 0.0))
        likely, soonest, latest = wait[:, 0], wait.min(axis=1), wait.max(axis=1)
        truth = np.where(self.are_true(row), likely, latest) <= self._within_ms.take(row)
        waits = np.stack((likely, soonest, latest), axis=1)
        return truth, level[:, 0], np.minimum(np.nan_to_num(waits, nan=_FAR_MS), _FAR_MS).astype(np.int64)

    def _outside(self, row: Index, y: Values) -> Values:
        """How many slopes lie outside of the interval at either end; below 1 it has no bounds."""
        n = (~np.isnan(y)).sum(axis=0)
        spread = self._normal.take(row) * np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
        found: Values = np.floor((n * (n - 1) / 2 - spread) / 2)
        return found

    def _interval(self, row: Index, ascending: Values, pairs: Index, y: Values) -> tuple[Values, Values]:
        outside = self._outside(row, y)
        bounded = outside >= 1
        place = np.maximum(outside, 1).astype(np.intp)
        ends = np.stack((pairs - place, place - 1), axis=1).clip(0, ascending.shape[1] - 1)
        found = np.take_along_axis(ascending, ends, 1)
        return np.where(bounded, found[:, 0], np.inf), np.where(bounded, found[:, 1], -np.inf)

    def _detail(self, row: int) -> Mapping[str, float]:
        likely, soonest, latest = self._reached[row].tolist()
        return {"reached_at": likely, "reached_from": soonest, "reached_to": latest}


def _level(y: Values, ago: Values, slope: Values) -> Values:
    """Where the line of a slope stands now: the median over the samples drawn on."""
    finite = np.where(np.isfinite(slope), slope, 0.0)
    drawn = np.ascontiguousarray((y + finite * ago).T)
    drawn.sort(axis=1)
    return middle(drawn, (~np.isnan(drawn)).sum(axis=1))
