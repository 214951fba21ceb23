"""A dose: value x time within a window, as carbon monoxide harms by concentration and duration.

A value counts from its reading to the next, and at most for three expected intervals; values below `level` count
nothing. The window's beginning moves in steps of a 60th. A dose that was reached is certain even if readings are
missing; that it was not is known only when at least half of the window is.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rules.detect.compiled import At, Compiled
from rules.detect.kinds.at_points import AtPoints, Readings, column, column_ms, turned
from rules.detect.model import Index, Times
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
        }

    def take(self, readings: Readings) -> None:
        """Take known readings, one a row; one older than the last says nothing about now."""
        row, t, x, q = readings.where(readings.t >= self._heard.take(readings.row))
        new = self._step.take(row) < 0
        if new.any():
            first = row[new]
            self._counted[first] = self._heard[first] = t[new]
            self._step[first] = t[new] // self._step_ms.take(first)
        self._count(row, t)
        self._x[row] = np.where(x >= self._level.take(row), np.maximum(x, 0.0), 0.0)
        self._heard[row], self._quality[row] = t, q
        self._counted[row] = counted = np.maximum(self._counted.take(row), t)
        self._judge(row, counted)  # of a late reading the dose is known for later than its own time

    def lose(self, readings: Readings) -> None:
        """Readings that say nothing are left out."""

    def tick(self, now: Times) -> None:
        """Close the steps that have ended by `now` (rows,); a reading that is late after all still counts."""
        to = now // self._step_ms
        row = np.flatnonzero((self._step >= 0) & (self._step < to))
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

    def _count(self, row: Index, t: Times) -> None:
        """Count the last values up to `t`, step by step."""
        while row.size:
            step, step_ms = self._step.take(row), self._step_ms.take(row)
            counted, ends = self._counted.take(row), (step + 1) * step_ms
            to = np.minimum(np.minimum(t, ends), self._heard.take(row) + self.held_ms.take(row))
            held = np.maximum(to - counted, 0)
            place = row * STEPS + step % STEPS
            self._dose.reshape(-1)[place] += held * self._x.take(row)
            self._known_ms.reshape(-1)[place] += held
            self._counted[row] = counted + held
            over = ends <= t
            if not over.any():
                return
            row, t, step, step_ms, ends = (column[over] for column in (row, t, step, step_ms, ends))
            self._judge(row, ends)
            empty = self._counted.take(row) < (step - STEPS) * step_ms
            self._step[row] = step = np.where(empty, t // step_ms, step + 1)
            self._dose[row, step % STEPS] = 0.0
            self._known_ms[row, step % STEPS] = 0

    def _judge(self, row: Index, at: Times) -> None:
        dose = self._dose.take(row, axis=0).sum(axis=1) / self._per_ms.take(row)
        limit = self._limit.take(row) - np.where(self.are_true(row), self._deadband.take(row), 0.0)
        reached = dose >= limit
        known = reached | (2 * self._known_ms.take(row, axis=0).sum(axis=1) >= self._over_ms.take(row))
        self.judge(row, at, reached, dose, self._quality.take(row), known)
