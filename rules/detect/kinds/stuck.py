"""A value that does not move although the device speaks: a sensor that froze, a float that sticks.

A value moves when it is further than `epsilon` from where it last came to rest. Silence longer than three expected
intervals, or so long without a known value, is no standing still: the time begins anew, and until the value has moved
or the time has passed nothing is known.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rules.detect.compiled import At, Compiled
from rules.detect.kinds.at_points import AtPoints, Readings, column, column_ms
from rules.detect.model import earlier
from rules.detect.phases import Phases


class Stuck(AtPoints):
    """Where each value rests, and since when."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        super().__init__(compiled, rows, phases)
        self._for_ms = column_ms(rows, "for_")
        self._epsilon = column(rows, "epsilon")
        self._rest = np.full(self.n, np.nan)
        self._since = np.zeros(self.n, dtype=np.int64)
        self._heard = np.zeros(self.n, dtype=np.int64)
        self._moved = np.zeros(self.n, dtype=np.bool_)
        """Whether it moved to where it rests, so that it is known not to be stuck yet."""

    def columns(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """The arrays of state, (rows,), by name."""
        return {"rest": self._rest, "since": self._since, "heard": self._heard, "moved": self._moved}

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`."""
        for times in (self._since, self._heard):
            earlier(times, by)

    def take(self, readings: Readings) -> None:
        """Take known readings, one a row."""
        row, t, x, q = readings
        rest, heard = self._rest.take(row), self._heard.take(row)
        at = np.maximum(t, heard)
        moves = np.abs(x - rest) > self._epsilon.take(row)
        afresh = np.isnan(rest) | ((at - heard > self.held_ms.take(row)) & ~self.are_true(row) & ~moves)
        since = np.where(moves | afresh, at, self._since.take(row))
        moved = (self._moved.take(row) | moves) & ~afresh
        self._rest[row] = np.where(moves | np.isnan(rest), x, rest)
        self._since[row], self._heard[row], self._moved[row] = since, at, moved
        lasts = at - since >= self._for_ms.take(row)
        self.judge(row, at, lasts, x, q, lasts | moved)
