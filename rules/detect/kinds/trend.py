"""The slope of a point over a window, by Theil and Sen: the median of the slopes between all pairs.

It stands up to 29 % of readings being wrong, which least squares does not to one. The window is cut into 24 steps
aligned to the clock; a step's mean value and mean time are one of the pairs' ends, so that memory and work are bounded
however often a sensor speaks. It is judged at the end of each step: over 10 min, every 25 s. Nothing is known while
fewer than `min_samples` steps hold a reading, while these span less than half of the window, and after three expected
intervals of silence. A late reading counts in the step in which it was made.

Sources: H. Theil 1950; P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rules.detect.compiled import At, Compiled
from rules.detect.kinds.at_points import AtPoints, Readings, column, column_ms, turned
from rules.detect.model import Flags, Index, Times, Values, places
from rules.detect.phases import Phases

STEPS = 24
_LATER, _EARLIER = np.triu_indices(STEPS, 1)
"""Pairs of ages: of two steps the younger has the smaller age."""
_ROUNDED = 1e-12
"""More than what rounding adds to a difference, as a share of what is subtracted."""


class Trend(AtPoints):
    """The readings of the window, by step; the step's number modulo 24 is its place."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        super().__init__(compiled, rows, phases)
        self.over_ms = column_ms(rows, "over")
        self.step_ms = np.maximum(self.over_ms // STEPS, 1)
        self._least = column(rows, "min_samples", np.intp)
        self._step = np.full(self.n, -1, dtype=np.int64)
        """The number of the step that is open; -1 before the first reading."""
        self._sum = np.zeros((self.n, STEPS))
        self._offset = np.zeros((self.n, STEPS))
        """Sum of times since the step's beginning (ms)."""
        self._count = np.zeros((self.n, STEPS), dtype=np.int64)
        self._newest = np.zeros(self.n, dtype=np.int64)
        self.quality = np.zeros(self.n, dtype=np.uint8)
        """Quality bits of the last reading."""

    def columns(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """The arrays of state, (rows, …), by name."""
        return {
            "step": self._step,
            "sum": self._sum,
            "offset": self._offset,
            "count": self._count,
            "newest": self._newest,
            "quality": self.quality,
        }

    def conclude(self, row: Index, at: Times, y: Values, ago: Values, known: Flags) -> None:
        """Judge rows (n,) at the end of a step; `y`, `ago` (24, n): value and age (ms), NaN where there is none."""
        raise NotImplementedError

    def take(self, readings: Readings) -> None:
        """Take known readings, one a row."""
        row, t, x, q = readings
        step_ms = self.step_ms.take(row)
        step = t // step_ms
        if places(step != self._step.take(row)).size:
            self.advance(readings)
            row, t, x, q = readings.where(step > self._step.take(row) - STEPS)
            step_ms = self.step_ms.take(row)
            step = t // step_ms
        place = row * STEPS + step % STEPS
        self._sum.reshape(-1)[place] += x
        self._offset.reshape(-1)[place] += t - step * step_ms
        self._count.reshape(-1)[place] += 1
        self._newest[row] = np.maximum(self._newest.take(row), t)
        self.quality[row] = q

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`."""
        steps = (by + self.step_ms // 2) // self.step_ms
        self._step -= np.where(self._step < 0, 0, steps)
        for ring in (self._sum, self._offset, self._count):
            ring[:] = turned(ring, steps)
        self._newest -= steps * self.step_ms

    def advance(self, readings: Readings) -> None:
        """Close the steps that ended before the readings, one a row."""
        row = readings.row
        to = readings.t // self.step_ms.take(row)
        step = self._step.take(row)
        self._step[row] = np.where(step < 0, to, step)
        later = places((to > step) & (step >= 0))
        if later.size:
            self._close(row.take(later), to.take(later))

    def lose(self, readings: Readings) -> None:
        """Readings that say nothing are left out."""

    def tick(self, now: Times) -> None:
        """Close the steps that have ended by `now` (rows,); a reading that is late after all still counts."""
        to = now // self.step_ms
        row = places((self._step >= 0) & (self._step < to))
        if row.size:
            self._close(row, to.take(row))

    def forget(self, row: Index) -> None:
        """Begin the trend anew."""
        self._sum[row] = 0.0
        self._offset[row] = 0.0
        self._count[row] = 0

    def _close(self, row: Index, to: Times) -> None:
        while row.size:
            step = self._step.take(row)
            self._judge(row, step)
            empty = self._newest.take(row) // self.step_ms.take(row) <= step - STEPS
            step = np.where(empty, to, step + 1)
            place = row * STEPS + step % STEPS
            self._sum.reshape(-1)[place] = 0.0
            self._offset.reshape(-1)[place] = 0.0
            self._count.reshape(-1)[place] = 0
            self._step[row] = step
            going = places(step < to)
            row, to = row.take(going), to.take(going)

    def _judge(self, row: Index, step: Times) -> None:
        step_ms = self.step_ms.take(row)
        at = (step + 1) * step_ms
        age = np.arange(STEPS)[:, None]
        place = row * STEPS + (step - age) % STEPS
        count = self._count.take(place)
        filled = count > 0
        some = np.maximum(count, 1)
        y = np.where(filled, self._sum.take(place) / some, np.nan)
        ago = np.where(filled, (age + 1) * step_ms - self._offset.take(place) / some, np.nan)
        samples = filled.sum(axis=0)
        # NaN, and so not wide enough, where there is no sample
        spans = np.fmax.reduce(ago) - np.fmin.reduce(ago)
        fresh = at - self._newest.take(row) <= self.held_ms.take(row) + step_ms
        known = (samples >= self._least.take(row)) & (2 * spans >= self.over_ms.take(row)) & fresh
        self.conclude(row, at, y, ago, known)


def rising(y: Values, ago: Values, slope: Values) -> Index:
    """How many pairs of each row's samples (24, n) rise by a slope per ms (n,) or more, and those too close to tell.

    A hundredth of the work of `slopes`, by which most rows are known to be below a limit: the median is above it only
    if half of the pairs are.
    """
    level = y + slope * ago
    unsure = _ROUNDED * np.fmax.reduce(np.abs(y) + np.abs(slope) * ago)
    rise = level.take(_LATER, axis=0) >= (level - unsure).take(_EARLIER, axis=0)
    found: Index = rise.sum(axis=0, dtype=np.int16).astype(np.intp)
    return found


def pairs_of(y: Values) -> Index:
    """How many pairs of each row's samples (24, n) there are."""
    samples = (~np.isnan(y)).sum(axis=0)
    found: Index = samples * (samples - 1) // 2
    return found


def slopes(y: Values, ago: Values) -> tuple[Values, Index]:
    """All slopes between pairs of samples (24, n), per ms, ascending (n, 276) with NaN last, and how many each has."""
    rise = y.take(_LATER, axis=0) - y.take(_EARLIER, axis=0)
    found = np.ascontiguousarray((rise / (ago.take(_EARLIER, axis=0) - ago.take(_LATER, axis=0))).T)
    found.sort(axis=1)
    return found, pairs_of(y)


def middle(ascending: Values, count: Index) -> Values:
    """The median of each row's first `count` values; NaN where there is none."""
    first = np.arange(len(ascending)) * ascending.shape[1]
    low, high = np.maximum(count - 1, 0) // 2, np.maximum(count, 1) // 2
    found: Values = (ascending.take(first + low) + ascending.take(first + high)) / 2
    return found
