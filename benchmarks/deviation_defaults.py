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

SEED = 20260901
DAYS = 72
TRAINING_DAYS = 36
SERIES = 10
"""Of each kind and interval."""
BEGIN_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
_HOUR_MS = 3_600_000
MOST_FALSE_PER_MONTH = 1.0

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Simulated:
    """Series (n, m) at one interval, and each one's anomalies: begin and end (ms)."""

    every_ms: int
    t: npt.NDArray[np.int64]
    x: Values
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
    """Four kinds of sensor: air that drifts with the weather, a room people use, a tank, a meter with evening peaks."""
    rng = np.random.default_rng([seed, every_min])
    every_h = every_min / 60
    m = int(DAYS * 24 / every_h)
    h = np.arange(m) * every_h
    hour, weekday = h % 24, (h // 24) % 7
    # days are not alike: amplitude varies by a quarter, and the beginning by half an hour
    days = (h // 24).astype(int)

    def daily(n: int) -> Values:
        return rng.normal(1, 0.25, (n, DAYS)).clip(0.2)[:, days]

    n = SERIES
    weather = noise(rng, n, m, every_h, 96)
    air = 20 + 3 * weather + 3 * daily(n) * np.sin((hour - 9) / 24 * 2 * np.pi) + 0.3 * noise(rng, n, m, every_h, 1)
    used = ((hour >= 8) & (hour < 18) & (weekday < 5)) * 300.0
    room = 450 + used * daily(n) + 25 * noise(rng, n, m, every_h, 2)
    tank = 3 + 0.1 * noise(rng, n, m, every_h, 24) + 0.02 * noise(rng, n, m, every_h, 0.2)
    peaks = np.exp(-(((hour - 7.5) / 1.5) ** 2)) + 1.5 * np.exp(-(((hour - 19.5) / 2.5) ** 2))
    meter = (5 + 20 * peaks * daily(n)) * np.exp(0.15 * noise(rng, n, m, every_h, 1))
    x = np.concatenate((air, room, tank, meter))
    t = BEGIN_MS + np.round(h * _HOUR_MS).astype(np.int64)
    anomalies = []
    for series in x:
        spread = float(series.std())
        times = []
        for part in range(3):
            begin = rng.uniform(TRAINING_DAYS + 12 * part, TRAINING_DAYS + 12 * part + 9) * 24
            lasts = rng.uniform(6, 48)
            place = (h >= begin) & (h < begin + lasts)
            size = rng.uniform(2, 6) * spread * rng.choice([-1, 1])
            # half of them come at once, half come gradually
            series[place] += size * (1 if rng.random() < 0.5 else np.linspace(0, 1, int(place.sum())))
            times.append((int(t[place][0]), int(t[place][-1])))
        anomalies.append(times)
    return Simulated(every_min * 60_000, t, x, anomalies)


def grid() -> list[dict[str, Any]]:
    """The settings that were tried."""
    rolling = [{"baseline": "rolling", "over": f"{days}d"} for days in (1, 3, 7, 14)]
    return [
        {**baseline, "z": z, "deadband": deadband}
        for baseline, z, deadband in product([*rolling, {"baseline": "seasonal"}], (2.5, 3, 3.5, 4, 5, 6), (0.5, 1))
    ]


def detect(simulated: Simulated, settings: list[dict[str, Any]]) -> list[Transition]:
    """Every setting as a rule over all series, through the engine."""
    n, m = simulated.x.shape
    rules = [{"id": f"s-{i}", "select": {"measure": "x"}, "when": {"deviation": row}} for i, row in enumerate(settings)]
    site = make_site({f"p-{i}.x": {"every": simulated.every_ms / 1000} for i in range(n)}, rules)
    detector = Detector(compile_rules(site))
    p = np.arange(n)
    good = np.zeros(n, dtype=np.uint8)
    found: list[Transition] = []
    for i in range(m):
        found += detector.evaluate(Batch(p, np.full(n, simulated.t[i]), simulated.x[:, i], good))
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
