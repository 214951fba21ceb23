"""The simulation the defaults of `deviation` were chosen on: what share of anomalies a setting finds, at what price.

Run `python -m benchmarks.deviation_defaults`; docs/decisions/0005-deviation-defaults.md says how the choice follows.
"""

import sys
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from rules.detect.compile import compile_rules
from rules.detect.engine import Detector
from rules.detect.model import Batch, Transition
from tests.unit.rules.sites import make_site

SEED = 20261128
DAYS = 100
TRAINING_DAYS = 36
PARTS = 4
MISSING, GAPS = 0.02, 3
SERIES = 10
"""Of each kind and interval."""
BEGIN_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
_HOUR_MS = 3_600_000
MOST_FALSE_PER_MONTH = 1.0

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Simulated:
    """Series (n, m) at one interval, which readings came, and each one's anomalies: begin and end (ms)."""

    every_ms: int
    t: npt.NDArray[np.int64]
    x: Values
    said: npt.NDArray[np.bool_]
    anomalies: list[list[tuple[int, int]]]


def noise(rng: np.random.Generator, n: int, m: int, every_h: float, memory_h: float) -> Values:
    """AR(1) noise of unit variance that forgets within `memory_h`."""
    keep = float(np.exp(-every_h / memory_h))
    shocks = rng.normal(0, np.sqrt(1 - keep**2), (n, m))
    found = np.empty((n, m))
    found[:, 0] = rng.normal(size=n)
    for i in range(1, m):
        found[:, i] = keep * found[:, i - 1] + shocks[:, i]
    return found


def simulate(every_min: int, seed: int = SEED) -> Simulated:
    """Eleven kinds of sensor; some readings are missing, and some hours."""
    rng = np.random.default_rng([seed, every_min])
    every_h = every_min / 60
    m = int(DAYS * 24 / every_h)
    h: Values = np.arange(m, dtype=np.float64) * every_h
    x = np.concatenate([series(rng, SERIES, h, every_h) for series in SENSORS])
    anomalies = [[_disturb(rng, series, h, part) for part in range(PARTS)] for series in x]
    said = rng.random(x.shape) >= MISSING
    for series in said:
        for begin in rng.uniform(0, DAYS * 24, GAPS):
            series[(h >= begin) & (h < begin + rng.uniform(3, 24))] = False
    t = BEGIN_MS + np.round(h * _HOUR_MS).astype(np.int64)
    found = [[(int(t[first]), int(t[last])) for first, last in times] for times in anomalies]
    return Simulated(every_min * 60_000, t, x, said, found)


def _disturb(rng: np.random.Generator, series: Values, h: Values, part: int) -> tuple[int, int]:
    """Add an anomaly to a part of a series; its first and last place."""
    begin = rng.uniform(TRAINING_DAYS + 16 * part, TRAINING_DAYS + 16 * part + 12) * 24
    kind, (least, most) = list(ANOMALIES.items())[rng.integers(len(ANOMALIES))]
    place = np.flatnonzero((h >= begin) & (h < begin + rng.uniform(least, most)))
    usual = 1.4826 * float(np.median(np.abs(series - np.median(series))))
    size = rng.uniform(2, 6) * max(usual, float(series.std()) / 2) * rng.choice([-1, 1])
    series[place] += size * (np.linspace(0, 1, place.size) if kind == "creeps" else 1)
    return int(place[0]), int(place[-1])


def _daily(rng: np.random.Generator, n: int, h: Values) -> Values:
    """Days are not alike: amplitude varies by a quarter."""
    found: Values = rng.normal(1, 0.25, (n, DAYS)).clip(0.2)[:, (h // 24).astype(int)]
    return found


def _air(rng: np.random.Generator, n: int, h: Values, every_h: float) -> Values:
    """Drifts with the weather, and with the sun."""
    weather = noise(rng, n, h.size, every_h, 96)
    return 20 + 3 * weather + 3 * _daily(rng, n, h) * _sun(h) + 0.3 * noise(rng, n, h.size, every_h, 1)


def _sun(h: Values) -> Values:
    return np.sin((h % 24 - 9) / 24 * 2 * np.pi)


def _works(h: Values, begin: int, end: int) -> Values:
    return ((h % 24 >= begin) & (h % 24 < end) & (h // 24 % 7 < 5)).astype(np.float64)


def _room(rng: np.random.Generator, n: int, h: Values, every_h: float) -> Values:
    """Carbon dioxide where people work by day, in steps of 5 ppm."""
    x = 450 + 300 * _works(h, 8, 18) * _daily(rng, n, h) + 25 * noise(rng, n, h.size, every_h, 2)
    return 5 * np.round(x / 5)


def _tank(rng: np.random.Generator, n: int, h: Values, every_h: float) -> Values:
    return 3 + 0.1 * noise(rng, n, h.size, every_h, 24) + 0.02 * noise(rng, n, h.size, every_h, 0.2)


def _meter(rng: np.random.Generator, n: int, h: Values, every_h: float) -> Values:
    """Peaks in the morning and in the evening."""
    hour = h % 24
    peaks = np.exp(-(((hour - 7.5) / 1.5) ** 2)) + 1.5 * np.exp(-(((hour - 19.5) / 2.5) ** 2))
    return (5 + 20 * peaks * _daily(rng, n, h)) * np.exp(0.15 * noise(rng, n, h.size, every_h, 1))


def _heated(rng: np.random.Generator, n: int, h: Values, every_h: float) -> Values:
    """A room that is set back at night and at weekends, drifts for a week, and is told in tenths of a degree."""
    slow, quick = noise(rng, n, h.size, every_h, 200), noise(rng, n, h.size, every_h, 3)
    return np.round(21 + 1.2 * _works(h, 7, 19) * _daily(rng, n, h) + 0.8 * slow + 0.4 * quick, 1)


def _heavy_tails(rng: np.random.Generator, n: int, h: Values, every_h: float) -> Values:
    """As of an ultrasonic level that now and then hears something else."""
    return 10 + noise(rng, n, h.size, every_h, 12) + 0.5 * rng.standard_t(3, (n, h.size))


def _unsteady(rng: np.random.Generator, n: int, h: Values, every_h: float) -> Values:
    """Its spread changes from week to week."""
    spread = 1 + np.exp(0.5 * noise(rng, n, h.size, every_h, 150))
    return 50 + 5 * spread * noise(rng, n, h.size, every_h, 3)


def _year(rng: np.random.Generator, n: int, h: Values, every_h: float) -> Values:
    """Goes with the season of the year."""
    season = np.sin(h / 24 / 120 * 2 * np.pi + rng.uniform(0, 6, (n, 1)))
    return 15 + 6 * season + 2 * _daily(rng, n, h) * _sun(h) + noise(rng, n, h.size, every_h, 48)


def _pump(rng: np.random.Generator, n: int, h: Values, every_h: float) -> Values:
    """The power of a pump that starts a few times a day, for some minutes or an hour."""
    return 0.2 + 0.02 * noise(rng, n, h.size, every_h, 1) + 4 * _now_and_then(rng, n, h, 4, (0.2, 1))


def _watering(rng: np.random.Generator, n: int, h: Values, every_h: float) -> Values:
    """A flow that is small but for an hour a night, not always at the same time, nor every night."""
    night = (h // 24).astype(int)
    begin = 24 * np.arange(DAYS) + rng.normal(3, 0.7, (n, DAYS))
    runs = (rng.random((n, DAYS)) < 0.7)[:, night] & (h >= begin[:, night]) & (h < begin[:, night] + 1)
    return 2 + 0.3 * noise(rng, n, h.size, every_h, 2) + 15 * runs * _daily(rng, n, h)


def _sound(rng: np.random.Generator, n: int, h: Values, every_h: float) -> Values:
    """Decibels of a yard: quiet at night, and once or twice a day something loud passes."""
    return 48 + 6 * _sun(h) + 2 * noise(rng, n, h.size, every_h, 0.5) + 25 * _now_and_then(rng, n, h, 1.5, (0.05, 0.3))


def _now_and_then(rng: np.random.Generator, n: int, h: Values, a_day: float, hours: tuple[float, float]) -> Values:
    """How strongly (n, m) something goes on that comes so often a day, for so long, at any time."""
    found = np.zeros((n, h.size))
    step = h[1] - h[0]
    for series in found:
        for begin in rng.uniform(0, DAYS * 24, rng.poisson(a_day * DAYS)):
            last = begin + rng.uniform(*hours)
            # a reading tells of the time since the last one
            series[int(begin // step) : int(last // step) + 1] = rng.uniform(0.5, 1.2)
    return found


SENSORS = (_air, _room, _tank, _meter, _heated, _heavy_tails, _unsteady, _year, _pump, _watering, _sound)
ANOMALIES = {"steps": (6, 48), "creeps": (12, 72), "spikes": (1, 4), "stays": (48, 96)}
"""How many hours each lasts."""


def grid() -> list[dict[str, Any]]:
    """The settings that were tried."""
    rolling: list[dict[str, Any]] = [
        {"over": f"{days}d", "lasting": lasting} for days in (7, 14) for lasting in (False, True)
    ]
    return [{**baseline, "z": z} for baseline, z in product([*rolling, {"baseline": "seasonal"}], (3, 3.25, 3.5, 4, 6))]


def detect(simulated: Simulated, settings: list[dict[str, Any]]) -> list[Transition]:
    """Every setting as a rule over all series, through the engine."""
    n, m = simulated.x.shape
    rules = [{"id": f"s-{i}", "select": {"measure": "x"}, "when": {"deviation": row}} for i, row in enumerate(settings)]
    site = make_site({f"p-{i}.x": {"every": simulated.every_ms / 1000} for i in range(n)}, rules)
    detector = Detector(compile_rules(site))
    found: list[Transition] = []
    for i in range(m):
        p = np.flatnonzero(simulated.said[:, i])
        t, x = np.full(p.size, simulated.t[i]), simulated.x[p, i]
        found += detector.evaluate(Batch(p, t, x, np.zeros(p.size, dtype=np.uint8)))
    return found


@dataclass
class Outcome:
    """Of one setting, over all series."""

    found: int = 0
    of: int = 0
    false: int = 0
    months: float = 0.0

    @property
    def share(self) -> float:
        """Of the anomalies, found."""
        return self.found / self.of

    @property
    def false_per_month(self) -> float:
        """Per point, outside anomalies and the day after them."""
        return self.false / self.months


def judge(simulated: Simulated, transitions: list[Transition], setting: int, outcome: Outcome) -> None:
    """Add what one setting found."""
    raised: dict[str, list[int]] = {}
    for transition in transitions:
        if transition.rule == f"s-{setting}" and transition.active:
            raised.setdefault(transition.scope, []).append(transition.at)
    after = BEGIN_MS + TRAINING_DAYS * 24 * _HOUR_MS
    for i, anomalies in enumerate(simulated.anomalies):
        times = [at for at in raised.get(f"p-{i}.x", []) if at >= after]
        outcome.of += len(anomalies)
        outcome.found += sum(any(begin <= at <= end for at in times) for begin, end in anomalies)
        outcome.false += sum(not any(b <= at <= e + 24 * _HOUR_MS for b, e in anomalies) for at in times)
        outcome.months += (DAYS - TRAINING_DAYS) / 30


def outcomes(seed: int = SEED) -> list[tuple[dict[str, Any], Outcome]]:
    """Every setting and what it found, best first."""
    settings = grid()
    results = [Outcome() for _ in settings]
    for every_min in (15, 60):
        simulated = simulate(every_min, seed)
        transitions = detect(simulated, settings)
        for i, outcome in enumerate(results):
            judge(simulated, transitions, i, outcome)
    rows = list(zip(settings, results, strict=True))
    return sorted(rows, key=lambda row: (row[1].false_per_month > MOST_FALSE_PER_MONTH, -row[1].share))


def main() -> int:
    """Print the table."""
    table = Table(title=f"deviation on simulated series, seed {SEED}")
    for name in ("setting", "found", "false alarms per point and month"):
        table.add_column(name)
    for setting, outcome in outcomes():
        table.add_row(str(setting), f"{outcome.share:.1%}", f"{outcome.false_per_month:.2f}")
    Console(width=120).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
