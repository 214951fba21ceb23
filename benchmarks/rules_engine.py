"""The rules engine alone: 1,000 rules over 10,000 points, batches of 2,000 readings, beside the plain loop.

Run `python -m benchmarks.rules_engine`. Both give the same transitions; the last column is how much faster arrays are.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.figures import Figure
from community.site.site import Site
from rules.detect.compile import Compiled, compile_rules
from rules.detect.engine import Detector
from rules.detect.model import Batch, Transition
from tests.unit.rules.reference import Reference
from tests.unit.rules.sites import make_site

POINTS = 10_000
RULES = 1_000
BATCH = 2_000
AIM = 5_000_000


@dataclass(frozen=True)
class Case:
    """How many conditions stand on a point, and how many readings in a million change something."""

    name: str
    rules_of_point: int
    changes_per_million: int
    mixed: bool = False


OTHERS: tuple[dict[str, object], ...] = (
    {"band": {"low": -20, "high": 60, "deadband": 2}},
    {"bit": {"bit": 6}},
    {"rate": {"over": "10m", "above": 200}},
    {"deviation": {"over": "7d"}},
    {"stuck": {"for": "30m"}},
    {"dose": {"limit": 35, "over": "1h", "level": 30}},
    {"forecast": {"reaches": 90, "within": "6h", "over": "24h"}},
    {"changes": {"count": 10, "within": "2s"}},
)
"""The tenth part of the mixed rules: one of these each."""

CASES = (
    Case("rules.engine_readings_per_s", 3, 100, mixed=True),
    Case("rules.engine_levels_readings_per_s", 1, 100),
    Case("rules.engine_busy_readings_per_s", 1, 10_000),
)


def site_of(rules_of_point: int, mixed: bool) -> Site:
    """A site whose rules each watch as many points as give every point its share.

    Mixed: of ten rules five are limits, two votes, one is a rolling mean, one watches for silence and one is of a kind
    with a history or a form of its own: band, bit, rate, deviation, stuck, dose, forecast and changes take turns.
    """
    width = POINTS * rules_of_point // RULES
    rules = [
        {
            "id": f"rule-{i}",
            "select": {"zone": f"z-{i % (RULES // rules_of_point)}"},
            "when": _condition(i) if mixed else {"above": 50 + i % 7, "deadband": 2},
            "for": "1s" if i % 3 else 0,
            "clear_after": "1s" if i % 2 else 0,
        }
        for i in range(RULES)
    ]
    return make_site({f"d-{i}.value": {"zone": f"z-{i // width}", "every": 10} for i in range(POINTS)}, rules)


def _condition(i: int) -> dict[str, object]:
    match i % 10:
        case 0 | 1:
            return {"vote": {"at_least": 2, "within": "60s"}}
        case 2:
            return {"mean": {"over": "10m", "above": 60}}
        case 3:
            return {"stale": {"for": "3x"}}
        case 4:
            return OTHERS[i // 10 % len(OTHERS)]
        case _:
            return {"above": 50 + i % 7, "deadband": 2}


def batches_of(case: Case, count: int, seed: int = 7) -> list[Batch]:
    """Batches of noise below the limits, with excursions over them; every point once in ten seconds of event time.

    Of the mixed case, points whose bits or changes are watched hold a state and not noise.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(POINTS)
    states = np.zeros(POINTS, dtype=np.bool_)
    if case.mixed:
        width = POINTS * case.rules_of_point // RULES
        watched = {i % (RULES // case.rules_of_point) for i in range(RULES) if {"bit", "changes"} & set(_condition(i))}
        states = np.isin(np.arange(POINTS) // width, list(watched))
    found = []
    for i in range(count):
        place = np.arange(i * BATCH, (i + 1) * BATCH)
        x = rng.normal(20, 5, BATCH).clip(0, 45)
        x[rng.random(BATCH) < case.changes_per_million / 1e6] = 90.0
        p = order[place % POINTS].astype(np.intp)
        x[states[p] & (x < 90)] = 20.0
        t = 1_790_000_000_000 + place * 10_000 // POINTS
        found.append(Batch(p, t, x, np.zeros(BATCH, dtype=np.uint8)))
    return found


def arrays(compiled: Compiled, batches: list[Batch]) -> tuple[float, list[Transition]]:
    """Seconds and transitions of the engine."""
    detector = Detector(compiled)
    detector.listen(int(batches[0].t[0]))
    found: list[Transition] = []
    begin = time.perf_counter()
    for batch in batches:
        found += detector.evaluate(batch)
    return time.perf_counter() - begin, found + detector.tick(int(batches[-1].t[-1]))


def plain_loop(compiled: Compiled, batches: list[Batch]) -> tuple[float, Reference]:
    """Seconds and transitions of one reading at a time."""
    reference = Reference(compiled)
    reference.listen(int(batches[0].t[0]))
    begin = time.perf_counter()
    for batch in batches:
        reference.evaluate(batch)
    seconds = time.perf_counter() - begin
    reference.tick(int(batches[-1].t[-1]))
    return seconds, reference


def measure(case: Case, batches: int = 500, plain_batches: int = 50) -> Figure:
    """One row of the table."""
    compiled = compile_rules(site_of(case.rules_of_point, case.mixed))
    load = batches_of(case, batches)
    seconds = min(arrays(compiled, load)[0] for _ in range(3))
    _, found = arrays(compiled, load[:plain_batches])
    plain_seconds, reference = plain_loop(compiled, load[:plain_batches])
    same = sorted((t.at, t.rule, t.scope, t.active) for t in found) == sorted(reference.out)
    assert same, "the engine and the plain loop disagree"
    rate = batches * BATCH / seconds
    plain_rate = plain_batches * BATCH / plain_seconds
    return Figure(
        case.name,
        rate,
        "readings/s",
        batches * BATCH,
        AIM,
        more={
            "transitions_compared": len(found),
            "plain_loop": round(plain_rate),
            "ratio": round(rate / plain_rate, 1),
        },
    )


def figures() -> Iterator[Figure]:
    """A row a case."""
    return map(measure, CASES)


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
