"""How unusual a value is: its distance from what is usual for its point, in units of its usual spread.

What is unusual and lasts is not learnt from, or an alarm would teach the baseline that it is none. What passes within
hours is learnt when it has passed, by its farthest value: what comes back every night would be an alarm every night. A
value that stays unusual for as long as the baseline is long is a new normal: the baseline begins anew, nothing is known
until it has its samples again, and only then does the alarm end.

Beside a week of single values stand the means of days over four weeks (`lasting`): a shift that is small beside what
single values do, but goes on, shows in the mean of a day, which has no night and day in it.

Most readings are as usual or as unusual as the last, and no samples: these are done with by one look.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rules.detect.compiled import At, Compiled
from rules.detect.kinds.at_points import AtPoints, Readings, column, column_ms
from rules.detect.kinds.baselines import SLOTS, Baseline, Rolling, Seasonal
from rules.detect.model import NEVER, Flags, Index, Times, Values, earlier, places
from rules.detect.phases import Phases

_ROUNDED = 1e-12
"""More than what rounding makes of a product, as a share of it."""


DAY = SLOTS // 7
"""Periods of a day, where `over` is a week."""
_ENOUGH = DAY - 2
BRIEF = DAY // 4
"""What is unusual for fewer periods passes."""
MEANS = 4
"""Weeks of days a day is compared with."""


class _Deviations(AtPoints):
    """Middle and spread of each row in the open period, and since when it has been unusual."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases, baseline: Baseline) -> None:
        super().__init__(compiled, rows, phases)
        self._baseline = baseline
        self._z = column(rows, "z")
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
        self._far_since = np.full(self.n, NEVER, dtype=np.int64)
        """The same of single values."""
        self._farthest = np.zeros(self.n)
        """How far from the middle the sample of the open period is, 0 where that is a usual one."""
        self._brief_ms = BRIEF * np.maximum(self._over_ms // SLOTS, 1)
        self._lasts = np.zeros(self.n, dtype=np.bool_)
        """The mean of the last day is unusual; `_mean` is NaN where that is not known."""
        self._mean = np.full(self.n, np.nan)
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
            "far_since": self._far_since,
            "farthest": self._farthest,
            "lasts": self._lasts,
            "mean": self._mean,
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
        far, known = self._are_far(row, x, self._centre.take(row), self._spread.take(row))
        lasts, mean = self._lasts.take(row), self._mean.take(row)
        known |= ~np.isnan(mean)
        truth = far | lasts
        since = np.where(truth, np.minimum(self._unusual_since.take(row), t), NEVER)
        lasted = truth & (t - since >= self._over_ms.take(row))
        self._unusual_since[row] = np.where(lasted, NEVER, since)
        forgets = places(lasted)
        if forgets.size:
            self._forget(row.take(forgets))
        passes = self._learn(row, t, x, period, far & ~lasted)
        self.judge(row, t, truth, np.where(lasts & ~far, mean, x), q, known)
        self._bound(readings, far, truth, known & ~passes & (far | (self._learnt.take(row) == period)))

    def _learn(self, row: Index, t: Times, x: Values, period: Index, far: Flags) -> Flags:
        """Have values stand for their periods; which of them are unusual and may still pass."""
        began = self._far_since.take(row)
        since = np.where(far, np.minimum(began, t), NEVER)
        self._far_since[row] = since
        ended = places(~far & (began < NEVER) & (t - began >= self._brief_ms.take(row)))
        if ended.size:
            its = row.take(ended)
            self._baseline.unlearn(its, self._baseline.period(its, began.take(ended)), self._period.take(its))
        passes = far & (t - since < self._brief_ms.take(row))
        apart = np.abs(x - self._centre.take(row))
        first = ~far & (period > self._learnt.take(row))
        learns = places((period == self._period.take(row)) & (first | (passes & (apart > self._farthest.take(row)))))
        if learns.size:
            its, of = row.take(learns), period.take(learns)
            self._baseline.learn(its, of, x.take(learns))
            self._learnt[its] = of
            self._farthest[its] = np.where(far, apart, 0.0).take(learns)
        return passes

    def refresh(self) -> None:
        """Have the next reading of each row be looked at."""
        self._until[:] = 0

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`; what is usual stays, and nothing is learnt from hours that come twice."""
        earlier(self._unusual_since, by)
        earlier(self._far_since, by)
        self._until[:] = 0

    def _are_far(self, row: Index, x: Values, centre: Values, spread: Values) -> tuple[Flags, Flags]:
        """Whether values (n,) lie too far from what is usual, and whether that is known."""
        apart, known = x - centre, spread > 0
        size = np.where(known, apart, 0.0) / np.where(known, spread, 1.0)
        size = np.where(self._above.take(row), size, np.where(self._below.take(row), -size, np.abs(size)))
        limit = self._z.take(row) - self._deadband.take(row) * self.are_true(row)
        return known & (size > limit) & (np.abs(apart) > self._least.take(row)), known

    def _begin(self, row: Index, period: Index) -> None:
        far_since = self._far_since.take(row)
        far = far_since < NEVER
        since = np.where(far, self._baseline.period(row, np.where(far, far_since, 0)), period)
        usual = self._baseline.usual(row, self._period.take(row), period, since, self._min_samples.take(row))
        self._centre[row], self._spread[row] = usual[0], self._widened(row, *usual)
        self._period[row], self._farthest[row] = period, 0.0

    def _widened(self, row: Index, centre: Values, spread: Values) -> Values:
        """What never moved has no spread but what rounding makes; with `least` given a value may still be too far."""
        return np.where(spread <= _ROUNDED * np.abs(centre), self._least.take(row) / self._z.take(row), spread)

    def _are_as_before(self, readings: Readings) -> Flags:
        row, t, x, _ = readings
        same = (x >= self._low.take(row)) & (x <= self._high.take(row))
        return same & (t >= self._from.take(row)) & (t < self._until.take(row))

    def _bound(self, readings: Readings, far: Flags, truth: Flags, settled: Flags) -> None:
        """Say which values would be judged alike and not be learnt, at rows that are `settled`."""
        self._until[readings.row] = 0
        place = places(settled & self.are_calm(readings.row))
        if not place.size:
            return
        (row, t, x, _), far, truth = readings.at(place), far.take(place), truth.take(place)
        centre, z = self._centre.take(row), self._z.take(row) - self._deadband.take(row) * truth
        reach = np.maximum(z * self._spread.take(row), self._least.take(row))
        inner, outer = reach * (1 - _ROUNDED), reach * (1 + _ROUNDED)
        beyond = x > centre
        usual_from = np.where(self._above.take(row), -np.inf, np.nextafter(centre - inner, np.inf))
        usual_to = np.where(self._below.take(row), np.inf, np.nextafter(centre + inner, -np.inf))
        unusual_from = np.where(beyond, np.nextafter(centre + outer, np.inf), -np.inf)
        unusual_to = np.where(beyond, np.inf, np.nextafter(centre - outer, -np.inf))
        self._low[row] = np.where(far, unusual_from, usual_from)
        self._high[row] = np.where(far, unusual_to, usual_to)
        since, lasts = self._unusual_since.take(row), self._over_ms.take(row)
        self._from[row] = np.where(truth, since, 0)
        its = row[far]
        self._from[its] = self._far_since.take(its) + self._brief_ms.take(its)
        self._until[row] = np.minimum(self._baseline.until(row, t), np.where(truth, since + lasts, NEVER))

    def _forget(self, row: Index) -> None:
        self._baseline.forget(row)
        self._centre[row] = self._spread[row] = self._mean[row] = np.nan
        self._lasts[row] = False


class RollingDeviations(_Deviations):
    """From the last days, and the mean of a day from those of the last weeks."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        super().__init__(compiled, rows, phases, Rolling(column_ms(rows, "over")))
        self._lasting = column(rows, "lasting", np.bool_)
        self._means = Rolling(MEANS * column_ms(rows, "over"))
        heard = np.minimum(1.0, column_ms(rows, "over") / SLOTS / [max(row.every_ms, 1) for row in rows])
        self._enough = np.maximum(_ENOUGH * heard, 1).astype(np.intp)
        """So many periods with readings make a day: one without its night is no day, however many readings it has."""
        self._sum = np.zeros((self.n, DAY))
        """Of the readings of each of the last periods, by its number modulo 24."""
        self._count = np.zeros((self.n, DAY), dtype=np.int64)
        self._block = np.zeros(self.n, dtype=np.int64)
        """The open period of the means, four of single values, and the last one that has its sample."""
        self._mean_learnt = np.zeros(self.n, dtype=np.int64)
        self._mean_centre = np.full(self.n, np.nan)
        self._mean_spread = np.full(self.n, np.nan)

    def columns(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """The arrays of state, (rows, …), by name."""
        return {
            **super().columns(),
            **{f"mean_{name}": column for name, column in self._means.columns().items()},
            "day_sum": self._sum,
            "day_count": self._count,
            "block": self._block,
            "mean_learnt": self._mean_learnt,
            "mean_centre": self._mean_centre,
            "mean_spread": self._mean_spread,
        }

    def take(self, readings: Readings) -> None:
        """Take known readings, one a row; a late one counts in the period in which it was made."""
        super().take(readings)
        row, t, x, _ = readings
        period = self._baseline.period(row, t)
        its = places(self._lasting.take(row) & (period > self._period.take(row) - DAY))
        place = row.take(its) * DAY + period.take(its) % DAY
        self._sum.reshape(-1)[place] += x.take(its)
        self._count.reshape(-1)[place] += 1

    def _begin(self, row: Index, period: Index) -> None:
        its = places(self._lasting.take(row))
        self._judge_day(row.take(its), period.take(its))
        super()._begin(row, period)

    def _judge_day(self, row: Index, period: Index) -> None:
        """Judge the mean of the day before a period that begins, and learn from it if it is as usual."""
        cells = row[:, None] * DAY + (period[:, None] - 1 - np.arange(DAY)) % DAY
        # what lies in periods that passed without a reading is of the day before
        gone = np.arange(DAY) < (period - 1 - self._period.take(row))[:, None]
        count = np.where(gone, 0, self._count.take(cells))
        full = count > 0
        filled = full.sum(axis=1)
        total = np.where(full, self._sum.take(cells) / np.maximum(count, 1), 0.0).sum(axis=1)
        self._count.reshape(-1)[cells] = count
        self._sum.reshape(-1)[cells] = np.where(full, self._sum.take(cells), 0.0)
        self._count[row, period % DAY] = 0
        self._sum[row, period % DAY] = 0.0
        self._begin_blocks(row, period // MEANS)
        mean = np.where(filled >= self._enough.take(row), total / np.maximum(filled, 1), np.nan)
        far, known = self._are_far(row, mean, self._mean_centre.take(row), self._mean_spread.take(row))
        self._lasts[row], self._mean[row] = far, np.where(known, mean, np.nan)
        block = self._block.take(row)
        learns = places(~np.isnan(mean) & ~far & (block > self._mean_learnt.take(row)))
        self._means.learn(row.take(learns), block.take(learns), mean.take(learns))
        self._mean_learnt[row.take(learns)] = block.take(learns)

    def _begin_blocks(self, row: Index, block: Index) -> None:
        its = places(block > self._block.take(row))
        row, block = row.take(its), block.take(its)
        usual = self._means.usual(row, self._block.take(row), block, block, self._min_samples.take(row))
        self._mean_centre[row], self._mean_spread[row] = usual[0], self._widened(row, *usual)
        self._block[row] = block

    def _forget(self, row: Index) -> None:
        super()._forget(row)
        self._means.forget(row)
        self._mean_centre[row] = self._mean_spread[row] = np.nan


class SeasonalDeviations(_Deviations):
    """From the same hour of the week."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        super().__init__(compiled, rows, phases, Seasonal(len(rows), compiled.timezone))
