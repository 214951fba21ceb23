"""Rolling means. The window is cut into 60 steps aligned to the clock; a step's value is the mean of its readings.

A step without readings keeps the last value for three expected intervals and is then empty. The window's mean is the
mean of its steps, which weighs time and not readings; it is judged at the end of each step, and unknown while more
than half of the window is empty. So a limit over 10 min is judged every 10 s.
"""

import math

import numpy as np

from rules.detect.compile import Compiled
from rules.detect.levels import Fanout
from rules.detect.model import NEVER, Batch, Flags, Index, Times, Values
from rules.detect.phases import Phases

STEPS = 60
_ENOUGH = STEPS // 2


class Averages:
    """State of every mean, as arrays (n + 1,); the last place is spare."""

    def __init__(self, compiled: Compiled, phases: Phases) -> None:
        rows = compiled.averages
        n = len(rows)
        self._phases = phases
        self._rows = rows
        self._fanout = Fanout([a.point for a in rows], len(compiled.points))
        self._step_ms = np.array([max(a.over_ms // STEPS, 1) for a in rows] + [NEVER], dtype=np.int64)
        self._hold_ms = np.array([a.hold_ms for a in rows] + [0], dtype=np.int64)
        self.ring: Values = np.full((n, STEPS), np.nan)
        """The values of the last steps, the step's number modulo 60 as index; NaN: empty."""
        self.step = np.full(n + 1, -1, dtype=np.int64)
        """The number of the step that is open; -1 before the first reading."""
        self.step[n] = NEVER
        self.sum = np.zeros(n + 1)
        self.count = np.zeros(n + 1, dtype=np.int64)
        self.last = np.full(n + 1, np.nan)
        """The last value, and when it was (ms)."""
        self.last_t = np.zeros(n + 1, dtype=np.int64)

    def evaluate(self, batch: Batch, unknown: Flags | None) -> None:
        """Take a batch; readings marked `unknown` are left out."""
        if not self._rows:
            return
        p, t, x = batch.p, batch.t, batch.x
        given = np.arange(p.size)
        if unknown is not None:
            known = np.flatnonzero(~unknown)
            p, t, x, given = p.take(known), t.take(known), x.take(known), known
        position, row = self._fanout.rows(p)
        if position is not None:
            t, x, given = t.take(position), x.take(position), given.take(position)
        rolling = t // self._step_ms.take(row) > self.step.take(row)
        if rolling.any():
            marked = np.zeros(len(self._rows) + 1, dtype=np.bool_)
            marked[row[rolling]] = True
            slow = marked.take(row)
            for place in np.flatnonzero(slow).tolist():
                self._phases.place = 2 * int(given[place]) + 1
                self._take(row.item(place), t.item(place), x.item(place))
            fast = np.flatnonzero(~slow)
            row, t, x = row.take(fast), t.take(fast), x.take(fast)
        self._gather(row, t, x)

    def _gather(self, row: Index, t: Times, x: Values) -> None:
        # add.at adds in order and one by one, so that sums do not depend on how readings were batched
        np.add.at(self.sum, row, x)
        np.add.at(self.count, row, 1)
        self.last[row] = x
        self.last_t[row] = t

    def tick(self, now: int) -> None:
        """Close the steps of silent sensors that ended long enough ago for a reading of theirs to have come."""
        if not self._rows:
            return
        ended = (self.step[:-1] + 1) * self._step_ms[:-1] + self._hold_ms[:-1]
        for row in np.flatnonzero((self.step[:-1] >= 0) & (ended <= now)).tolist():
            self._roll(row, (now - self._hold_ms.item(row)) // self._step_ms.item(row))

    def _take(self, row: int, t: int, x: float) -> None:
        step = t // self._step_ms.item(row)
        if self.step.item(row) < 0:
            self.step[row] = step
        elif step > self.step.item(row):
            self._roll(row, step)
        self.sum[row] += x
        self.count[row] += 1
        self.last[row] = x
        self.last_t[row] = t

    def _roll(self, row: int, to: int) -> None:
        step, step_ms = self.step.item(row), self._step_ms.item(row)
        ring = self.ring[row]
        # beyond the held value and a whole window of emptiness every further step is as empty as the last
        last_of_note = max(step, self.last_t.item(row) // step_ms) + self._hold_ms.item(row) // step_ms + STEPS + 1
        while step < min(to, last_of_note):
            ring[step % STEPS] = self._value(row, step * step_ms)
            self.sum[row], self.count[row] = 0.0, 0
            step += 1
            self._judge(row, step * step_ms)
        self.step[row] = to

    def _value(self, row: int, begin: int) -> float:
        if self.count.item(row):
            return self.sum.item(row) / self.count.item(row)
        held = begin - self.last_t.item(row) <= self._hold_ms.item(row)
        return self.last.item(row) if held else math.nan

    def _judge(self, row: int, at: int) -> None:
        average = self._rows[row]
        ring = self.ring[row]
        filled = ring[~np.isnan(ring)]
        if filled.size < _ENOUGH:
            self._phases.observe(average.spot, at, None)
            return
        mean = math.fsum(filled.tolist()) / filled.size
        low, high = average.limits.hold if self._phases.is_true(average.spot) else average.limits.rise
        self._phases.observe(average.spot, at, low < mean < high, mean)
