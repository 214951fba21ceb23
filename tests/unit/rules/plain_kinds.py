"""The conditions of `rules.detect.kinds` the plain way: lists, loops and the statistics module."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from statistics import NormalDist, fmean, median
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from tests.unit.rules.reference import Delayed


@dataclass
class Plain:
    """A condition at a point."""

    when: Any
    every_ms: int
    timezone: str
    delayed: "Delayed"

    @property
    def held_ms(self) -> int:
        return max(3 * self.every_ms, 1)

    def read(self, t: int, x: float | None) -> None:
        if x is not None:
            self.take(t, x)
        elif not isinstance(self, PlainMean | PlainTrend | PlainDose):
            self.delayed.see(t, None)

    def take(self, t: int, x: float) -> None:
        raise NotImplementedError

    def tick(self, now: int) -> None:
        """Nothing by default."""


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


class PlainBit(Plain):
    def take(self, t: int, x: float) -> None:
        if x != int(x):
            self.delayed.see(t, None)
        else:
            digits = format(int(x) % 2**64, "064b")[::-1]
            self.delayed.see(t, digits[self.when.bit] == str(self.when.is_))


@dataclass
class PlainStuck(Plain):
    rest: float | None = None
    since: int = 0
    heard: int = 0
    moved: bool = False

    def take(self, t: int, x: float) -> None:
        t = max(t, self.heard)
        if self.rest is None:
            self.rest, self.since = x, t
        elif abs(x - self.rest) > self.when.epsilon:
            self.rest, self.since, self.moved = x, t, True
        elif t - self.heard > self.held_ms and not self.delayed.wanted:
            self.since, self.moved = t, False
        self.heard = t
        if t - self.since >= _ms(self.when.for_):
            self.delayed.see(t, True)
        else:
            self.delayed.see(t, False if self.moved else None)


@dataclass
class PlainChanges(Plain):
    last: float | None = None
    lost: bool = False
    times: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.delayed.relook = lambda at: None if self.lost else self.delayed.see(at, False)

    def read(self, t: int, x: float | None) -> None:
        if x is None:
            self.delayed.pass_time(t)
            self.lost = True
            self.delayed.see(t, None)
            return
        delayed = self.delayed
        t = max([t, *self.times[-1:]]) if self._looks(x) else t
        changed = self.last is not None and x != self.last
        was_lost, waits = self.lost, delayed.ends is not None or delayed.left is not None
        self.last = x
        if not (changed or was_lost or waits):
            return
        delayed.pass_time(t)
        if changed:
            self.times.append(t)
        self.lost = False
        recent = self.times[-self.when.count :]
        ends = recent[0] + _ms(self.when.within) if len(recent) == self.when.count else -math.inf
        if changed and ends > t:
            delayed.lapse = None
            delayed.see(t, True)
            delayed.lapse = int(ends)
        elif was_lost and delayed.wanted and delayed.lapse is None:
            delayed.see(t, ends > t)
            delayed.lapse = int(ends) if ends > t else None
        else:
            delayed.see(t, delayed.wanted)

    def _looks(self, x: float) -> bool:
        waits = self.delayed.ends is not None or self.delayed.left is not None
        return (self.last is not None and x != self.last) or self.lost or waits


@dataclass
class PlainMean(Plain):
    step: int | None = None
    readings: list[float] = field(default_factory=list)
    last: float = math.nan
    last_t: int = 0
    steps: deque[float] = field(default_factory=lambda: deque([math.nan] * 60, maxlen=60))

    @property
    def step_ms(self) -> int:
        return max(_ms(self.when.over) // 60, 1)

    def take(self, t: int, x: float) -> None:
        if self.step is None:
            self.step = t // self.step_ms
        while self.step < t // self.step_ms:
            self.close()
        self.readings.append(x)
        self.last, self.last_t = x, t

    def tick(self, now: int) -> None:
        while self.step is not None and self.step < now // self.step_ms:
            self.close()

    def close(self) -> None:
        assert self.step is not None
        if self.readings:
            self.steps.append(sum(self.readings) / len(self.readings))
        else:
            held = self.step * self.step_ms - self.last_t <= self.held_ms
            self.steps.append(self.last if held else math.nan)
        self.step, self.readings = self.step + 1, []
        filled = [v for v in self.steps if not math.isnan(v)]
        at = self.step * self.step_ms
        if len(filled) < 30:
            self.delayed.see(at, None)
            return
        mean = math.fsum(filled) / len(filled)
        slack = self.when.deadband if self.delayed.wanted else 0
        above, below = self.when.above, self.when.below
        self.delayed.see(at, mean > above - slack if above is not None else mean < below + slack)


@dataclass
class PlainDose(Plain):
    pieces: list[tuple[int, int, float]] = field(default_factory=list)
    step: int | None = None
    x: float = 0.0
    heard: int = 0
    counted: int = 0

    @property
    def step_ms(self) -> int:
        return max(_ms(self.when.over) // 60, 1)

    def take(self, t: int, x: float) -> None:
        if self.step is None:
            self.step, self.counted = t // self.step_ms, t
        elif t < self.heard:
            return
        self.count(t)
        self.x, self.heard, self.counted = x if x >= self.when.level else 0.0, t, max(self.counted, t)
        self.judge(self.counted)

    def tick(self, now: int) -> None:
        to = now // self.step_ms
        if self.step is not None and self.step < to:
            self.count(to * self.step_ms)

    def count(self, t: int) -> None:
        assert self.step is not None
        to = min(t, self.heard + self.held_ms)
        if to > self.counted:
            self.pieces.append((self.counted, to, self.x))
            self.counted = to
        while (self.step + 1) * self.step_ms <= t:
            self.judge((self.step + 1) * self.step_ms)
            self.step += 1

    def judge(self, at: int) -> None:
        assert self.step is not None
        begin = (self.step - 59) * self.step_ms
        spans = [(max(min(end, at) - max(a, begin), 0), x) for a, end, x in self.pieces]
        dose = math.fsum(span * x for span, x in spans) / _ms(self.when.per)
        limit = self.when.limit - (self.when.deadband if self.delayed.wanted else 0)
        known = 2 * sum(span for span, _ in spans) >= _ms(self.when.over)
        self.delayed.see(at, True if dose >= limit else False if known else None)


@dataclass
class PlainTrend(Plain):
    readings: list[tuple[int, float]] = field(default_factory=list)
    step: int | None = None
    newest: int = 0

    @property
    def step_ms(self) -> int:
        return max(_ms(self.when.over) // 24, 1)

    def take(self, t: int, x: float) -> None:
        self.advance(t // self.step_ms)
        assert self.step is not None
        if t // self.step_ms > self.step - 24:
            self.readings.append((t, x))
            self.newest = max(self.newest, t)

    def tick(self, now: int) -> None:
        if self.step is not None:
            self.advance(now // self.step_ms)

    def advance(self, to: int) -> None:
        if self.step is None:
            self.step = to
        while self.step < to:
            self.close(self.step)
            self.step += 1

    def close(self, step: int) -> None:
        at, by_step = (step + 1) * self.step_ms, dict[int, list[tuple[int, float]]]()
        for t, x in self.readings:
            if step - 24 < t // self.step_ms <= step:
                by_step.setdefault(t // self.step_ms, []).append((t, x))
        samples = [(fmean(t for t, _ in group) - at, fmean(x for _, x in group)) for group in by_step.values()]
        times = [t for t, _ in samples]
        if (
            len(samples) < self.when.min_samples
            or 2 * (max(times) - min(times)) < _ms(self.when.over)
            or at - self.newest > self.held_ms + self.step_ms
        ):
            self.delayed.see(at, None)
        else:
            self.delayed.see(at, self.verdict(at, samples))

    def verdict(self, at: int, samples: list[tuple[float, float]]) -> bool:
        raise NotImplementedError


def _slopes(samples: list[tuple[float, float]]) -> list[float]:
    return sorted((y2 - y1) / (t2 - t1) for (t1, y1), (t2, y2) in combinations(samples, 2))


class PlainRate(PlainTrend):
    def verdict(self, at: int, samples: list[tuple[float, float]]) -> bool:
        rate = median(_slopes(samples)) * _ms(self.when.per)
        slack = self.when.deadband if self.delayed.wanted else 0
        if self.when.above is not None:
            return bool(rate > self.when.above - slack)
        return bool(rate < self.when.below + slack)


@dataclass
class PlainForecast(PlainTrend):
    last: float | None = None
    suspect: bool = False

    def take(self, t: int, x: float) -> None:
        sign = 1 if self.when.direction == "up" else -1
        restart = self.when.restart
        if restart and self.last is not None and sign * (self.last - x) >= restart:
            if not self.suspect:
                self.suspect = True
                return
            self.advance(t // self.step_ms)
            self.readings.clear()
            self.delayed.see(t, False)
        self.suspect, self.last = False, x
        super().take(t, x)

    def verdict(self, at: int, samples: list[tuple[float, float]]) -> bool:
        sign = 1 if self.when.direction == "up" else -1
        samples = [(t, sign * y) for t, y in samples]
        slopes, n = _slopes(samples), len(samples)
        z = NormalDist().inv_cdf((1 + self.when.confidence) / 2)
        outside = math.floor((len(slopes) - z * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)) / 2)
        if self.delayed.wanted:
            candidates = [median(slopes)]
        elif outside < 1:
            return False if self._wait(median(slopes), samples, sign) > 0 else self._wait(0, samples, sign) == 0
        else:
            candidates = [median(slopes), slopes[outside - 1], slopes[len(slopes) - outside]]
        return max(self._wait(slope, samples, sign) for slope in candidates) <= _ms(self.when.within)

    def _wait(self, slope: float, samples: list[tuple[float, float]], sign: int) -> float:
        level = median(y - slope * t for t, y in samples)
        missing = max(sign * self.when.reaches - level, 0)
        return missing / slope if slope > 0 else math.inf if missing else 0


@dataclass
class PlainDeviation(Plain):
    samples: dict[int, float] = field(default_factory=dict)
    period: int = -1
    learnt: int = -1
    usual: tuple[float, float] | None = None
    unusual_since: int | None = None
    far_since: int | None = None
    farthest: float = 0.0
    mean: float | None = None
    lasts: bool = False

    def take(self, t: int, x: float) -> None:
        period = self.period_of(t)
        if period > self.period:
            self.begin(period)
        far = None if self.usual is None else self.unusual(x, *self.usual)
        truth = None if far is None and self.mean is None else bool(far) or self.lasts
        if truth:
            self.unusual_since = t if self.unusual_since is None else min(self.unusual_since, t)
        else:
            self.unusual_since = None
        lasted = self.unusual_since is not None and t - self.unusual_since >= _ms(self.when.over)
        if lasted:
            self.forget()
        self.learn(t, x, period, far=bool(far) and not lasted)
        self.delayed.see(t, truth)

    def learn(self, t: int, x: float, period: int, *, far: bool) -> None:
        brief_ms = 6 * (_ms(self.when.over) // 168)
        if not far and self.far_since is not None and t - self.far_since >= brief_ms:
            since = self.period_of(self.far_since)
            self.samples = {p: sample for p, sample in self.samples.items() if p < since}
        self.far_since = min(t, self.far_since or t) if far else None
        if period != self.period:
            return
        if far and self.usual is not None and self.far_since is not None:
            apart = abs(x - self.usual[0])
            if t - self.far_since < brief_ms and apart > self.farthest:
                self.keep(period, x, apart)
        elif not far and period > self.learnt:
            self.keep(period, x, 0.0)

    def keep(self, period: int, x: float, farthest: float) -> None:
        """In the place of the sample of four weeks before, where an hour of the week has four."""
        self.samples.pop(period - 4 * 168, None)
        self.samples[period], self.learnt, self.farthest = x, period, farthest

    def begin(self, period: int) -> None:
        self.period, self.farthest = period, 0.0
        since = period if self.far_since is None else self.period_of(self.far_since)
        self.usual = self.baseline({p: x for p, x in self.samples.items() if p < since}, period)

    def forget(self) -> None:
        self.samples.clear()
        self.usual = self.unusual_since = None

    def unusual(self, x: float, centre: float, spread: float) -> bool:
        z = {"both": abs(x - centre), "above": x - centre, "below": centre - x}[self.when.side] / spread
        limit = self.when.z - (self.when.deadband if self.delayed.wanted else 0)
        return bool(z > limit and abs(x - centre) > self.when.least)

    def spread(self, distances: list[float], centre: float, aside: int = 0) -> float | None:
        ascending = sorted(distances)
        counted = len(ascending) - aside
        within = {share: ascending[min(math.ceil(share * len(ascending)), counted) - 1] for share in (0.95, 0.995)}
        found = max(1.4826 * median(distances), within[0.95] / 1.96, within[0.995] / 2.807)
        return found if found > 1e-12 * abs(centre) else self.when.least / self.when.z or None

    def window(self, samples: dict[int, float], period: int) -> tuple[float, float] | None:
        window = [x for p, x in samples.items() if period - 168 < p < period]
        if len(window) < self.when.min_samples:
            return None
        centre = median(window)
        spread = self.spread([abs(x - centre) for x in window], centre, aside=1)
        return None if spread is None else (centre, spread)

    def period_of(self, t: int) -> int:
        return t // (_ms(self.when.over) // 168)

    def baseline(self, samples: dict[int, float], period: int) -> tuple[float, float] | None:
        return self.window(samples, period)


@dataclass
class PlainRolling(PlainDeviation):
    told: dict[int, list[float]] = field(default_factory=dict)
    means: dict[int, float] = field(default_factory=dict)
    block: int = -1
    mean_learnt: int = -1
    usual_mean: tuple[float, float] | None = None

    def take(self, t: int, x: float) -> None:
        super().take(t, x)
        period = self.period_of(t)
        if self.when.lasting and period > self.period - 24:
            self.told.setdefault(period, []).append(x)

    def begin(self, period: int) -> None:
        if self.when.lasting:
            self.judge_day(period)
        super().begin(period)

    def judge_day(self, period: int) -> None:
        day = [fmean(self.told[p]) for p in range(period - 24, period) if p in self.told]
        block = period // 4
        if block > self.block:
            self.block, self.usual_mean = block, self.window(self.means, block)
        enough = max(int(22 * min(1.0, _ms(self.when.over) / 168 / self.every_ms)), 1)
        mean = fmean(day) if len(day) >= enough else None
        self.lasts, self.mean = False, None
        if mean is not None and self.usual_mean is not None:
            self.lasts, self.mean = self.unusual(mean, *self.usual_mean), mean
        if mean is not None and not self.lasts and block > self.mean_learnt:
            self.means[block] = mean
            self.mean_learnt = block

    def forget(self) -> None:
        super().forget()
        self.means.clear()
        self.usual_mean = self.mean = None
        self.lasts = False


class PlainSeasonal(PlainDeviation):
    def period_of(self, t: int) -> int:
        local = datetime.fromtimestamp(t / 1000, UTC).astimezone(ZoneInfo(self.timezone)).replace(tzinfo=None)
        return (local - datetime(1970, 1, 1)) // timedelta(hours=1)  # noqa: DTZ001

    def baseline(self, samples: dict[int, float], period: int) -> tuple[float, float] | None:
        newest: dict[tuple[int, int], tuple[int, float]] = {}
        for p, x in sorted(samples.items()):
            newest[p % 168, p // 168 % 4] = (p // 168, x)
        by_hour: dict[int, list[float]] = {}
        for (hour, _), (week, x) in newest.items():
            if week >= period // 168 - 4:
                by_hour.setdefault(hour, []).append(x)
        around = {h: [x for d in (-1, 0, 1) for x in by_hour.get((h + d) % 168, [])] for h in range(168)}
        distances = [abs(x - median(around[hour])) for hour, xs in by_hour.items() for x in xs]
        here = around[period % 168]
        if len(distances) < self.when.min_samples or len(here) < 3:
            return None
        spread = self.spread(distances, median(here))
        return None if spread is None else (median(here), spread)


PLAIN: dict[str, Callable[..., Plain]] = {
    "bit": PlainBit,
    "changes": PlainChanges,
    "dose": PlainDose,
    "mean": PlainMean,
    "forecast": PlainForecast,
    "rate": PlainRate,
    "rolling": PlainRolling,
    "seasonal": PlainSeasonal,
    "stuck": PlainStuck,
}
