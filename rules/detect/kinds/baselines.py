"""What is usual for a point: the last days, or the same hour of the week.

One reading of a period stands for it, so that memory is bounded and single readings are compared with single readings,
however often a sensor speaks. The middle is the median. The spread is the largest of three, which are the same for a
normal distribution: the median absolute deviation times 1.4826; what 95 % of the samples lie within over 1.96 (a room
that is empty at night has most of its samples close to one value, and its day is no anomaly); what 99.5 % lie within
over 2.81 (nor is a pump that runs now and then). Of a week's samples that would be the farthest: it is set aside, or
one wild reading would hide for a week what is less far.

Source: B. Iglewicz, D. C. Hoaglin, How to Detect and Handle Outliers, ASQC 1993.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from rules.detect.kinds.trend import middle
from rules.detect.model import Index, Times, Values

SLOTS = 168
WEEKS = 4
_HOUR_MS = 3_600_000
_QUARTER_MS = 900_000
"""Offsets of time zones change at quarters of an hour."""
_MOST_KNOWN = 10_000
_LEAST_FOR_AN_HOUR = 3
_MAD = 1.4826
_TAILS = ((0.95, 1.96), (0.995, 2.807))
"""So much of a normal distribution lies within so many standard deviations."""


class Baseline(Protocol):
    """Samples of several points, by row."""

    def columns(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """The arrays of state, (rows, …), by name."""

    def period(self, row: Index, t: Times) -> Index:
        """The number of the period a time (Unix ms) lies in, by row."""

    def until(self, row: Index, t: Times) -> Times:
        """Up to when times (Unix ms) surely lie in the same period, by row."""

    def usual(self, row: Index, before: Index, period: Index, since: Index, least: Index) -> tuple[Values, Values]:
        """Middle and spread for a period that begins, by the samples of before `since`; NaN below `least` samples.

        The last period that had begun is `before`.
        """

    def learn(self, row: Index, period: Index, x: Values) -> None:
        """Keep a period's sample."""

    def unlearn(self, row: Index, since: Index, period: Index) -> None:
        """Drop the samples from `since` on, the open period being `period`."""

    def forget(self, row: Index) -> None:
        """Begin anew."""


class Rolling:
    """The last `over`, in 168 periods aligned to the clock: an hour each of seven days."""

    def __init__(self, over_ms: Times) -> None:
        self._period_ms = np.maximum(over_ms // SLOTS, 1)
        self._samples = np.full((over_ms.size, SLOTS), np.nan)

    def columns(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """The arrays of state, (rows, …), by name."""
        return {"samples": self._samples}

    def period(self, row: Index, t: Times) -> Index:
        """The number of the period a time (Unix ms) lies in, by row."""
        found: Index = t // self._period_ms.take(row)
        return found

    def until(self, row: Index, t: Times) -> Times:
        """Up to when times (Unix ms) surely lie in the same period, by row."""
        found: Times = (self.period(row, t) + 1) * self._period_ms.take(row)
        return found

    def usual(self, row: Index, before: Index, period: Index, since: Index, least: Index) -> tuple[Values, Values]:
        """Middle and spread for a period that begins, by the samples of before `since`; NaN below `least` samples."""
        age = _age(period)
        self._samples[row] = np.where(age < (period - before)[:, None], np.nan, self._samples[row])
        samples = np.where(age <= (period - since)[:, None], np.nan, self._samples[row])
        ordered = np.sort(samples, axis=1)
        count = _filled(ordered)
        centre = middle(ordered, count)
        return _enough(centre, _spread(samples - centre[:, None], aside=1), count >= least)

    def learn(self, row: Index, period: Index, x: Values) -> None:
        """Keep a period's sample."""
        self._samples[row, period % SLOTS] = x

    def unlearn(self, row: Index, since: Index, period: Index) -> None:
        """Drop the samples from `since` on, the open period being `period`."""
        self._samples[row] = np.where(_age(period) <= (period - since)[:, None], np.nan, self._samples[row])

    def forget(self, row: Index) -> None:
        """Begin anew."""
        self._samples[row] = np.nan


class Seasonal:
    """Hours of the week by local time, over four weeks; an hour's middle is that of it and the hours beside it."""

    def __init__(self, n: int, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._offsets: dict[int, int] = {}
        self._samples = np.full((n, SLOTS, WEEKS), np.nan)
        self._week = np.full((n, SLOTS, WEEKS), -WEEKS - 1, dtype=np.int32)

    def columns(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """The arrays of state, (rows, …), by name."""
        return {"samples": self._samples, "week": self._week}

    def period(self, row: Index, t: Times) -> Index:
        """The number of the local hour a time (Unix ms) lies in; the same for all rows."""
        quarters, place = np.unique(t // _QUARTER_MS, return_inverse=True)
        offsets = np.array([self._offset(quarter) for quarter in quarters.tolist()], dtype=np.int64)
        found: Index = (t + offsets.take(place)) // _HOUR_MS
        return found

    def until(self, row: Index, t: Times) -> Times:
        """Up to when times (Unix ms) surely lie in the same period, by row."""
        found: Times = (t // _QUARTER_MS + 1) * _QUARTER_MS
        return found

    def usual(self, row: Index, before: Index, period: Index, since: Index, least: Index) -> tuple[Values, Values]:
        """See `Baseline.usual`; NaN below three samples for the hour, too."""
        week = period // SLOTS
        kept = (self._week[row] >= (week - WEEKS)[:, None, None]) & (self._periods(row) < since[:, None, None])
        samples = np.where(kept, self._samples[row], np.nan)
        beside = np.concatenate((np.roll(samples, 1, axis=1), samples, np.roll(samples, -1, axis=1)), axis=2)
        ordered = np.sort(beside.reshape(-1, 3 * WEEKS), axis=1)
        count = _filled(ordered)
        hours = middle(ordered, count).reshape(row.size, SLOTS)
        apart = (samples - hours[:, :, None]).reshape(row.size, -1)
        this = np.arange(row.size), period % SLOTS
        enough = (_filled(apart) >= least) & (count.reshape(row.size, SLOTS)[this] >= _LEAST_FOR_AN_HOUR)
        return _enough(hours[this], _spread(apart), enough)

    def learn(self, row: Index, period: Index, x: Values) -> None:
        """Keep a period's sample."""
        hour, week = period % SLOTS, period // SLOTS
        self._samples[row, hour, week % WEEKS] = x
        self._week[row, hour, week % WEEKS] = week

    def unlearn(self, row: Index, since: Index, period: Index) -> None:
        """Drop the samples from `since` on."""
        self._samples[row] = np.where(self._periods(row) < since[:, None, None], self._samples[row], np.nan)

    def forget(self, row: Index) -> None:
        """Begin anew."""
        self._samples[row] = np.nan

    def _periods(self, row: Index) -> Index:
        """The number of the period of each sample."""
        found: Index = self._week[row].astype(np.int64) * SLOTS + np.arange(SLOTS)[:, None]
        return found

    def _offset(self, quarter: int) -> int:
        found = self._offsets.get(quarter)
        if found is None:
            if len(self._offsets) >= _MOST_KNOWN:
                self._offsets.clear()
            offset = datetime.fromtimestamp(quarter * _QUARTER_MS / 1000, self._zone).utcoffset()
            assert offset is not None
            found = self._offsets[quarter] = round(offset.total_seconds() * 1000)
        return found


def _age(period: Index) -> Index:
    """How many periods ago the sample of each slot was taken, 0 for the one of `SLOTS` periods ago."""
    found: Index = (period[:, None] - np.arange(SLOTS)) % SLOTS
    return found


def _filled(values: Values) -> Index:
    found: Index = (~np.isnan(values)).sum(axis=1)
    return found


def _spread(apart: Values, aside: int = 0) -> Values:
    """The spread of distances from the middle (n, m), NaN for none; so many of the farthest do not count alone."""
    distance = np.sort(np.abs(apart), axis=1)
    count = _filled(distance)
    found = _MAD * middle(distance, count)
    for within, deviations in _TAILS:
        far = np.maximum(np.minimum(np.ceil(within * count).astype(np.intp), count - aside) - 1, 0)
        found = np.maximum(found, np.take_along_axis(distance, far[:, None], 1)[:, 0] / deviations)
    return found


def _enough(centre: Values, spread: Values, enough: npt.NDArray[np.bool_]) -> tuple[Values, Values]:
    return np.where(enough, centre, np.nan), np.where(enough, spread, np.nan)
