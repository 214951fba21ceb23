"""How fast a value rises or falls: the slope over a window, compared with a limit."""

from collections.abc import Sequence

import numpy as np

from rules.detect.compiled import At, Compiled
from rules.detect.kinds.at_points import column_ms
from rules.detect.kinds.trend import Trend, middle, pairs_of, rising, slopes
from rules.detect.model import Flags, Index, Times, Values, places
from rules.detect.phases import Phases


class Rates(Trend):
    """The limits; the readings are the trend's."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        super().__init__(compiled, rows, phases)
        self._per_ms = column_ms(rows, "per")
        whens = [row.when for row in rows]
        falls = np.array([when.above is None for when in whens])
        limit = np.array([when.below if when.above is None else when.above for when in whens], dtype=np.float64)
        self._sign = np.where(falls, -1.0, 1.0)
        """A fall faster than a limit is a rise of the contrary."""
        self._limit = limit * self._sign
        self._deadband = np.array([when.deadband for when in whens], dtype=np.float64)

    def conclude(self, row: Index, at: Times, y: Values, ago: Values, known: Flags) -> None:
        """Judge rows at the end of a step."""
        per_ms, sign = self._per_ms.take(row), self._sign.take(row)
        true = self.are_true(row)
        limit = self._limit.take(row) - self._deadband.take(row) * true
        may_be = true | (2 * rising(y * sign, ago, limit / per_ms) >= pairs_of(y))
        looked_at = places(known & may_be)
        rate = np.full(row.size, np.nan)
        if looked_at.size:
            rate[looked_at] = middle(*slopes(y[:, looked_at], ago[:, looked_at]))
        rate *= per_ms
        self.judge(row, at, rate * sign > limit, rate, self.quality.take(row), known)
