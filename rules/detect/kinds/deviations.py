"""How unusual a value is: its distance from what is usual for its point, in units of its usual spread.

What is unusual is not learnt from, or an alarm would teach the baseline that it is none. A value that stays unusual
for as long as the baseline is long is a new normal: the baseline begins anew, nothing is known until it has its
samples again, and only then does the alarm end.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rules.detect.compiled import At, Compiled
from rules.detect.kinds.at_points import AtPoints, Readings, column, column_ms
from rules.detect.kinds.baselines import Baseline, Rolling, Seasonal
from rules.detect.model import NEVER, Index, earlier
from rules.detect.phases import Phases


class _Deviations(AtPoints):
    """Middle and spread of each row in the open period, and since when it has been unusual."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases, baseline: Baseline) -> None:
        super().__init__(compiled, rows, phases)
        self._baseline = baseline
        self._z = column(rows, "limit")
        self._deadband = column(rows, "deadband")
        self._least = column(rows, "least")
        self._below = np.array([row.when.side == "below" for row in rows])
        self._above = np.array([row.when.side == "above" for row in rows])
        self._over_ms = column_ms(rows, "over")
        self._min_samples = column(rows, "min_samples", np.intp)
        self._period = np.zeros(self.n, dtype=np.int64)
        self._learnt = np.zeros(self.n, dtype=np.int64)
        """The last period that has its sample."""
        self._centre = np.full(self.n, np.nan)
        self._spread = np.full(self.n, np.nan)
        self._unusual_since = np.full(self.n, NEVER, dtype=np.int64)

    def columns(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """The arrays of state, (rows, …), by name."""
        return {
            **self._baseline.columns(),
            "period": self._period,
            "learnt": self._learnt,
            "centre": self._centre,
            "spread": self._spread,
            "unusual_since": self._unusual_since,
        }

    def take(self, readings: Readings) -> None:
        """Take known readings, one a row."""
        row, t, x, q = readings
        period = self._baseline.period(row, t)
        begins = period > self._period.take(row)
        if begins.any():
            self._begin(row[begins], period[begins])
        apart = x - self._centre.take(row)
        spread = self._spread.take(row)
        known = spread > 0
        size = np.where(known, apart, 0.0) / np.where(known, spread, 1.0)
        size = np.where(self._above.take(row), size, np.where(self._below.take(row), -size, np.abs(size)))
        limit = self._z.take(row) - np.where(self.are_true(row), self._deadband.take(row), 0.0)
        truth = known & (size > limit) & (np.abs(apart) > self._least.take(row))
        since = np.where(truth, np.minimum(self._unusual_since.take(row), t), NEVER)
        lasted = truth & (t - since >= self._over_ms.take(row))
        self._unusual_since[row] = np.where(lasted, NEVER, since)
        if lasted.any():
            self._forget(row[lasted])
        learns = (~truth | lasted) & (period == self._period.take(row)) & (period > self._learnt.take(row))
        if learns.any():
            self._baseline.learn(row[learns], period[learns], x[learns])
            self._learnt[row[learns]] = period[learns]
        self.judge(row, t, truth, x, q, known)

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`; what is usual stays, and nothing is learnt from hours that come twice."""
        earlier(self._unusual_since, by)

    def _begin(self, row: Index, period: Index) -> None:
        usual = self._baseline.usual(row, self._period.take(row), period, self._min_samples.take(row))
        self._centre[row], self._spread[row] = usual
        floor = self._least.take(row) / self._z.take(row)
        # a value that never moved has no spread; with `least` given it may still be too far
        self._spread[row] = np.where(usual[1] == 0, floor, usual[1])
        self._period[row] = period

    def _forget(self, row: Index) -> None:
        self._baseline.forget(row)
        self._centre[row] = self._spread[row] = np.nan


class RollingDeviations(_Deviations):
    """From the last days."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        super().__init__(compiled, rows, phases, Rolling(column_ms(rows, "over")))


class SeasonalDeviations(_Deviations):
    """From the same hour of the week."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        super().__init__(compiled, rows, phases, Seasonal(len(rows), compiled.timezone))
