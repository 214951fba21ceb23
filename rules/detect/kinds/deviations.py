"""How unusual a value is: its distance from what is usual for its point, in units of its usual spread.

What is unusual is not learnt from, or an alarm would teach the baseline that it is none. A value that stays unusual
for as long as the baseline is long is a new normal: the baseline begins anew, nothing is known until it has its
samples again, and only then does the alarm end.

Most readings are as usual or as unusual as the last, and no samples: these are done with by one look.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rules.detect.compiled import At, Compiled
from rules.detect.kinds.at_points import AtPoints, Readings, column, column_ms
from rules.detect.kinds.baselines import Baseline, Rolling, Seasonal
from rules.detect.model import NEVER, Flags, Index, earlier, places
from rules.detect.phases import Phases

_ROUNDED = 1e-12
"""More than what rounding makes of a product, as a share of it."""


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
        self._low, self._high = np.zeros(self.n), np.zeros(self.n)
        self._from, self._until = np.zeros((2, self.n), dtype=np.int64)
        """From and before these (ms) a value from `_low` to `_high` changes nothing."""

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
        row, t, x, q = readings = readings.where(~self._are_as_before(readings))
        if not row.size:
            return
        period = self._baseline.period(row, t)
        begins = places(period > self._period.take(row))
        if begins.size:
            self._begin(row.take(begins), period.take(begins))
        apart = x - self._centre.take(row)
        spread = self._spread.take(row)
        known = spread > 0
        size = np.where(known, apart, 0.0) / np.where(known, spread, 1.0)
        size = np.where(self._above.take(row), size, np.where(self._below.take(row), -size, np.abs(size)))
        limit = self._z.take(row) - self._deadband.take(row) * self.are_true(row)
        truth = known & (size > limit) & (np.abs(apart) > self._least.take(row))
        since = np.where(truth, np.minimum(self._unusual_since.take(row), t), NEVER)
        lasted = truth & (t - since >= self._over_ms.take(row))
        self._unusual_since[row] = np.where(lasted, NEVER, since)
        forgets = places(lasted)
        if forgets.size:
            self._forget(row.take(forgets))
        learns = places((~truth | lasted) & (period == self._period.take(row)) & (period > self._learnt.take(row)))
        if learns.size:
            its, of = row.take(learns), period.take(learns)
            self._baseline.learn(its, of, x.take(learns))
            self._learnt[its] = of
        self.judge(row, t, truth, x, q, known)
        self._bound(readings, truth, known & (truth | (self._learnt.take(row) == period)))

    def refresh(self) -> None:
        """Have the next reading of each row be looked at."""
        self._until[:] = 0

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`; what is usual stays, and nothing is learnt from hours that come twice."""
        earlier(self._unusual_since, by)
        self._until[:] = 0

    def _begin(self, row: Index, period: Index) -> None:
        usual = self._baseline.usual(row, self._period.take(row), period, self._min_samples.take(row))
        self._centre[row], self._spread[row] = usual
        floor = self._least.take(row) / self._z.take(row)
        # a value that never moved has no spread; with `least` given it may still be too far
        self._spread[row] = np.where(usual[1] == 0, floor, usual[1])
        self._period[row] = period

    def _are_as_before(self, readings: Readings) -> Flags:
        row, t, x, _ = readings
        same = (x >= self._low.take(row)) & (x <= self._high.take(row))
        return same & (t >= self._from.take(row)) & (t < self._until.take(row))

    def _bound(self, readings: Readings, truth: Flags, settled: Flags) -> None:
        """Say which values would be judged alike and not be learnt, at rows that are `settled`."""
        self._until[readings.row] = 0
        place = places(settled & self.are_calm(readings.row))
        if not place.size:
            return
        (row, t, x, _), truth = readings.at(place), truth.take(place)
        centre, z = self._centre.take(row), self._z.take(row) - self._deadband.take(row) * truth
        reach = np.maximum(z * self._spread.take(row), self._least.take(row))
        near, far = reach * (1 - _ROUNDED), reach * (1 + _ROUNDED)
        beyond = x > centre
        usual_from = np.where(self._above.take(row), -np.inf, np.nextafter(centre - near, np.inf))
        usual_to = np.where(self._below.take(row), np.inf, np.nextafter(centre + near, -np.inf))
        unusual_from = np.where(beyond, np.nextafter(centre + far, np.inf), -np.inf)
        unusual_to = np.where(beyond, np.inf, np.nextafter(centre - far, -np.inf))
        self._low[row] = np.where(truth, unusual_from, usual_from)
        self._high[row] = np.where(truth, unusual_to, usual_to)
        since, lasts = self._unusual_since.take(row), self._over_ms.take(row)
        self._from[row] = np.where(truth, since, 0)
        self._until[row] = np.minimum(self._baseline.until(row, t), np.where(truth, since + lasts, NEVER))

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
