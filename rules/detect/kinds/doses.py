"""A dose: value x time within a window, as carbon monoxide harms by concentration and duration.

A value counts from its reading to the next, and at most for three expected intervals; values below `level` count
nothing. The window's beginning moves in steps of a 60th. A dose that was reached is certain even if readings are
missing; that it was not is known only when at least half of the window is.

While nothing counts a row rests: of a reading it only keeps when it came, and what of the window is known is made up
once something counts again.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rules.detect.compiled import At, Compiled
from rules.detect.kinds.at_points import AtPoints, Readings, column, column_ms, turned
from rules.detect.model import Flags, Index, Times, places
from rules.detect.phases import Phases

STEPS = 60


class Doses(AtPoints):
    """What came together in each step of the window; the step's number modulo 60 is its place."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        super().__init__(compiled, rows, phases)
        self._over_ms = column_ms(rows, "over")
        self._step_ms = np.maximum(self._over_ms // STEPS, 1)
        self._limit = column(rows, "limit")
        self._deadband = column(rows, "deadband")
        self._per_ms = column_ms(rows, "per")
        self._level = column(rows, "level")
        self._dose = np.zeros((self.n, STEPS))
        """Value x ms."""
        self._known_ms = np.zeros((self.n, STEPS), dtype=np.int64)
        self._step = np.full(self.n, -1, dtype=np.int64)
        """The number of the step that is open; -1 before the first reading."""
        self._x = np.zeros(self.n)
        """The last value, 0 when it was below the level, when it was, and its quality bits."""
        self._heard = np.zeros(self.n, dtype=np.int64)
        self._quality = np.zeros(self.n, dtype=np.uint8)
        self._counted = np.zeros(self.n, dtype=np.int64)
        """Up to when the last value is counted."""
        self._rests = np.zeros(self.n, dtype=np.bool_)
        """Nothing of the window counts, no value does since, and what is known of it changes nothing."""
        self._passed = np.zeros(self.n, dtype=np.int64)
        """Up to when ticks closed steps (ms); of a row that rests, that is made up too."""

    def columns(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """The arrays of state, (rows, …), by name."""
        return {
            "dose": self._dose,
            "known_ms": self._known_ms,
            "step": self._step,
            "x": self._x,
            "heard": self._heard,
            "quality": self._quality,
            "counted": self._counted,
            "rests": self._rests,
            "passed": self._passed,
        }

    def take(self, readings: Readings) -> None:
        """Take known readings, one a row; one older than the last says nothing about now."""
        row, t, x, q = readings.where(~self._rest(readings))
        row, t, x, q = Readings(row, t, x, q).where(t >= self._heard.take(row))
        if not row.size:
            return
        new = places(self._step.take(row) < 0)
        if new.size:
            first, begins = row.take(new), t.take(new)
            self._counted[first] = self._heard[first] = begins
            self._step[first] = begins // self._step_ms.take(first)
        self._count(row, t)
        self._x[row] = np.where(x >= self._level.take(row), np.maximum(x, 0.0), 0.0)
        self._heard[row], self._quality[row] = t, q
        self._counted[row] = counted = np.maximum(self._counted.take(row), t)
        self._judge(row, counted)  # of a late reading the dose is known for later than its own time
        self._rests[row] = (self._x.take(row) == 0) & ~self._dose.take(row, axis=0).any(axis=1)
        self._rests[row] &= self.are_calm(row) & ~self.are_true(row)

    def lose(self, readings: Readings) -> None:
        """Readings that say nothing are left out."""

    def tick(self, now: Times) -> None:
        """Close the steps that have ended by `now` (rows,); a reading that is late after all still counts."""
        to = now // self._step_ms
        np.maximum(self._passed, to * self._step_ms, out=self._passed)
        row = places((self._step >= 0) & (self._step < to) & ~self._rests)
        if row.size:
            self._count(row, to.take(row) * self._step_ms.take(row))

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`."""
        steps = (by + self._step_ms // 2) // self._step_ms
        self._step -= np.where(self._step < 0, 0, steps)
        for ring in (self._dose, self._known_ms):
            ring[:] = turned(ring, steps)
        self._heard -= steps * self._step_ms
        self._counted -= steps * self._step_ms
        self._passed -= np.where(self._passed > 0, steps * self._step_ms, 0)

    def refresh(self) -> None:
        """Have no row rest that may no longer: it is part of something else by now, or an alarm of it was adopted."""
        resting = places(self._rests)
        self._make_up(resting[~self.are_calm(resting) | self.are_true(resting)])

    def _rest(self, readings: Readings) -> Flags:
        """Which readings are of rows that rest and go on resting; no more is made of these."""
        row, t, x, _ = readings
        since = t - self._heard.take(row)
        rest = self._rests.take(row) & (x < self._level.take(row)) & (since >= 0) & (since <= self.held_ms.take(row))
        its = readings.where(rest)
        self._heard[its.row], self._quality[its.row] = its.t, its.q
        return rest

    def _make_up(self, row: Index) -> None:
        """End the rest of rows: count the time that is known since, and close the steps that ended."""
        self._rests[row] = False
        step_ms, heard, passed = self._step_ms.take(row), self._heard.take(row), self._passed.take(row)
        known_to = np.maximum(heard, np.minimum(passed, heard + self.held_ms.take(row)))
        open_ = np.maximum(self._step.take(row), np.maximum(heard, passed) // step_ms)
        step = open_[:, None] - np.arange(STEPS)
        begin = step * step_ms[:, None]
        place = row[:, None] * STEPS + step % STEPS
        known_ms = np.where(step <= self._step.take(row)[:, None], self._known_ms.take(place), 0)
        known_ms += np.maximum(
            np.minimum(begin + step_ms[:, None], known_to[:, None])
            - np.maximum(begin, self._counted.take(row)[:, None]),
            0,
        )
        self._known_ms.reshape(-1)[place] = known_ms
        self._step[row], self._counted[row] = open_, np.maximum(self._counted.take(row), known_to)

    def _count(self, row: Index, t: Times) -> None:
        """Count the last values up to `t`, step by step."""
        rested = row[self._rests.take(row)]
        if rested.size:
            self._make_up(rested)
        while row.size:
            step, step_ms = self._step.take(row), self._step_ms.take(row)
            counted, ends = self._counted.take(row), (step + 1) * step_ms
            to = np.minimum(np.minimum(t, ends), self._heard.take(row) + self.held_ms.take(row))
            held = np.maximum(to - counted, 0)
            place = row * STEPS + step % STEPS
            self._dose.reshape(-1)[place] += held * self._x.take(row)
            self._known_ms.reshape(-1)[place] += held
            self._counted[row] = counted + held
            over = places(ends <= t)
            if not over.size:
                return
            row, t, step, step_ms, ends = (column.take(over) for column in (row, t, step, step_ms, ends))
            self._judge(row, ends)
            empty = self._counted.take(row) < (step - STEPS) * step_ms
            self._step[row] = step = np.where(empty, t // step_ms, step + 1)
            self._dose[row, step % STEPS] = 0.0
            self._known_ms[row, step % STEPS] = 0

    def _judge(self, row: Index, at: Times) -> None:
        dose = self._dose.take(row, axis=0).sum(axis=1) / self._per_ms.take(row)
        limit = self._limit.take(row) - self._deadband.take(row) * self.are_true(row)
        reached = dose >= limit
        known = reached | (2 * self._known_ms.take(row, axis=0).sum(axis=1) >= self._over_ms.take(row))
        self.judge(row, at, reached, dose, self._quality.take(row), known)
