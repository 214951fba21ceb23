"""Rolling means. The window is cut into 60 steps aligned to the clock; a step's value is the mean of its readings.

A step without readings keeps the last value for three expected intervals and is then empty. The window's mean is the
mean of its steps, which weighs time and not readings; it is judged at the end of each step, and unknown while more
than half of the window is empty. So a limit over 10 min is judged every 10 s.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rules.detect.compiled import At, Compiled
from rules.detect.kinds.at_points import AtPoints, Readings, column_ms, turned
from rules.detect.model import Index, Times, places
from rules.detect.phases import Phases

STEPS = 60
_ENOUGH = STEPS // 2


class Means(AtPoints):
    """The values of the last steps, and what has come of the open one."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        super().__init__(compiled, rows, phases)
        self._step_ms = np.maximum(column_ms(rows, "over") // STEPS, 1)
        above = [row.when.above is not None for row in rows]
        self._sign = np.where(above, 1.0, -1.0)
        """Below a limit is above it with all signs turned."""
        self._limit = self._sign * [row.when.above if row.when.above is not None else row.when.below for row in rows]
        self._deadband = np.array([row.when.deadband for row in rows])
        # steps end for many rows at once, so a step's places lie side by side
        self._ring = np.zeros((STEPS, self.n)).T
        """The step's number modulo 60 is its place; 0 where it is empty."""
        self._full = np.zeros((STEPS, self.n), dtype=np.bool_).T
        self._total = np.zeros(self.n)
        """Sum of the ring, and how many of its places are full; the sum is taken afresh once a window."""
        self._filled = np.zeros(self.n, dtype=np.int64)
        self._step = np.full(self.n, -1, dtype=np.int64)
        """The number of the step that is open; -1 before the first reading."""
        self._sum = np.zeros(self.n)
        self._count = np.zeros(self.n, dtype=np.int64)
        self._last = np.full(self.n, np.nan)
        self._last_t = np.zeros(self.n, dtype=np.int64)
        self._quality = np.zeros(self.n, dtype=np.uint8)

    def columns(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """The arrays of state, (rows, …), by name."""
        return {
            "ring": self._ring,
            "full": self._full,
            "total": self._total,
            "filled": self._filled,
            "step": self._step,
            "sum": self._sum,
            "count": self._count,
            "last": self._last,
            "last_t": self._last_t,
            "quality": self._quality,
        }

    def take(self, readings: Readings) -> None:
        """Take known readings, one a row."""
        row, t, x, q = readings
        at, step = t // self._step_ms.take(row), self._step.take(row)
        self._step[row] = np.where(step < 0, at, step)
        later = places((at > step) & (step >= 0))
        if later.size:
            self._close(row.take(later), at.take(later))
        self._sum[row] += x
        self._count[row] += 1
        self._last[row], self._last_t[row], self._quality[row] = x, t, q

    def lose(self, readings: Readings) -> None:
        """Readings that say nothing are left out."""

    def tick(self, now: Times) -> None:
        """Close the steps that have ended by `now` (rows,); a reading that is late after all still counts."""
        to = now // self._step_ms
        row = places((self._step >= 0) & (self._step < to))
        if row.size:
            self._close(row, to.take(row))

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`."""
        steps = (by + self._step_ms // 2) // self._step_ms
        self._step -= np.where(self._step < 0, 0, steps)
        for ring in (self._ring, self._full):
            ring[:] = turned(ring, steps)
        self._last_t -= steps * self._step_ms

    def _close(self, row: Index, to: Times) -> None:
        while row.size:
            step, count, step_ms = self._step.take(row), self._count.take(row), self._step_ms.take(row)
            full = count > 0
            value = self._sum.take(row) / np.maximum(count, 1)
            if places(~full).size:
                held = step * step_ms - self._last_t.take(row) <= self.held_ms.take(row)
                value, full = np.where(full, value, np.where(held, self._last.take(row), 0.0)), full | held
            slot = step % STEPS
            place = slot * self.n + row
            ring, fulls = self._ring.T.reshape(-1), self._full.T.reshape(-1)
            self._total[row] += value - ring.take(place)
            other = places(full != fulls.take(place))
            self._filled[row.take(other)] += np.where(full.take(other), 1, -1)
            ring[place], fulls[place] = value, full
            afresh = row.take(places(slot == 0))
            if afresh.size:
                self._total[afresh] = self._ring.take(afresh, axis=0).sum(axis=1)
            self._sum[row], self._count[row] = 0.0, 0
            self._judge(row, (step + 1) * step_ms)
            # once nothing is held and the window is empty, every further step is as empty as this one
            self._step[row] = step = np.where(self._filled.take(row) == 0, to, step + 1)
            going = places(step < to)
            row, to = row.take(going), to.take(going)

    def _judge(self, row: Index, at: Times) -> None:
        filled = self._filled.take(row)
        mean = self._total.take(row) / np.maximum(filled, 1)
        limit = self._limit.take(row) - self._deadband.take(row) * self.are_true(row)
        self.judge(row, at, mean * self._sign.take(row) > limit, mean, self._quality.take(row), filled >= _ENOUGH)
