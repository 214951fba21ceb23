"""A bit of a whole number, such as a register of a fire panel. A value that is no whole number says nothing."""

from collections.abc import Sequence

import numpy as np

from rules.detect.compiled import At, Compiled
from rules.detect.kinds.at_points import AtPoints, Readings, column
from rules.detect.model import Flags
from rules.detect.phases import Phases

_EXACT = float(1 << 53)
"""Below this a float64 holds every whole number."""


class Bits(AtPoints):
    """No state of its own; a register that holds what it held changes nothing."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        super().__init__(compiled, rows, phases)
        self._bit = column(rows, "bit", np.int64)
        self._wanted = column(rows, "is_", np.int64)
        self._last = np.full(self.n, np.nan)

    def refresh(self) -> None:
        """Have the next reading of each row be looked at."""
        self._last[:] = np.nan

    def take(self, readings: Readings) -> None:
        """Take known readings, one a row."""
        row, t, x, q = readings = readings.where(self._are_news(readings))
        if not row.size:
            return
        whole = (x == np.floor(x)) & (np.abs(x) < _EXACT)
        # negative numbers as two's complement, as the device's signed register stood
        bit = (np.where(whole, x, 0).astype(np.int64) >> self._bit.take(row)) & 1
        self.judge(row, t, bit == self._wanted.take(row), x, q, whole)

    def _are_news(self, readings: Readings) -> Flags:
        row, _, x, _ = readings
        news: Flags = (x != self._last.take(row)) | ~self.are_calm(row)
        self._last[row] = x
        return news
