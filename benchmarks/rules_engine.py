"""The rules engine alone: 1,000 rules over 10,000 points, batches of 2,000 readings, beside the plain loop.

Run `python -m benchmarks.rules_engine`. Both give the same transitions, and every kind of condition comes true; `ratio`
is how much faster arrays are. Seconds are the processor's, so that what else runs on the machine counts little.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.figures import Figure
from community.site.site import Site
from rules.detect.compile import compile_rules
from rules.detect.compiled import Compiled
from rules.detect.engine import Detector
from rules.detect.model import Batch, Flags, Transition
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
    {"stuck": {"for": "2m"}},
    {"dose": {"limit": 5, "over": "10m", "level": 80}},
    {"forecast": {"reaches": 100, "within": "2h", "over": "1h"}},
    {"changes": {"count": 6, "within": "2m"}},
)
"""The tenth part of the mixed rules: one of these each."""

EPISODES: Mapping[str, str] = {
    **dict.fromkeys(("above", "band", "bit", "vote", "mean", "dose", "deviation"), "high"),
    "rate": "rising",
    "forecast": "filling",
    "stale": "silent",
    "stuck": "still",
    "changes": "restless",
}
"""What points do that make each kind true, and then false again."""
ROUNDS_OF_EPISODE = 40
EPISODES_OF_KIND = 6
FULL_FROM, FILLS_PER_H = 45.0, 25.0
BEGIN = 1_790_000_000_000

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
            return {"mean": {"over": "10m", "above": 45}}
        case 3:
            return {"stale": {"for": "3x"}}
        case 4:
            return OTHERS[i // 10 % len(OTHERS)]
        case _:
            return {"above": 50 + i % 7, "deadband": 2}


def batches_of(case: Case, compiled: Compiled, count: int, seed: int = 7) -> list[Batch]:
    """Batches of noise below the limits, with excursions over them; every point once in ten seconds of event time.

    Of the mixed case, points whose bits or changes are watched hold a state and not noise, and some points of every
    kind do for some minutes what makes it true.
    """
    rng = np.random.default_rng(seed)
    rounds = -(-count * BATCH // POINTS)
    x = rng.normal(20, 5, (rounds, POINTS)).clip(0, 45)
    silent = np.zeros((rounds, POINTS), dtype=np.bool_)
    if case.mixed:
        watched = points_of(compiled)
        x[:, watched["bit"] + watched["changes"]] = 20.0
        _add_episodes(rng, x, silent, watched)
    x[rng.random(x.shape) < case.changes_per_million / 1e6] = 90.0
    order = rng.permutation(POINTS)
    p = np.tile(order, rounds)
    t = BEGIN + np.arange(p.size) * 10_000 // POINTS
    spoken = ~silent[:, order].ravel()
    p, t, x = p[spoken], t[spoken], x[:, order].ravel()[spoken]
    q = np.zeros(BATCH, dtype=np.uint8)
    cuts = [slice(i * BATCH, (i + 1) * BATCH) for i in range(p.size // BATCH)]
    return [Batch(p[cut], t[cut], x[cut], q) for cut in cuts]


def history_of(compiled: Compiled) -> list[Batch]:
    """What came before, where it counts: for what is usual a reading an hour for a week, for trends one in 2 min."""
    rng = np.random.default_rng(8)
    watched = points_of(compiled)
    found = []
    for kind, times in (("deviation", range(7 * 24 * 60, 60, -60)), ("forecast", range(60, 0, -2))):
        points = np.array(watched[kind], dtype=np.intp)
        for ago_min in times if points.size else ():
            x = rng.normal(20, 5, points.size).clip(0, 45)
            if kind == "forecast":
                x[:EPISODES_OF_KIND] = FULL_FROM - FILLS_PER_H * ago_min / 60
            t = np.full(points.size, BEGIN - ago_min * 60_000, dtype=np.int64)
            found.append(Batch(points, t, x, np.zeros(points.size, dtype=np.uint8)))
    return found


def points_of(compiled: Compiled) -> dict[str, list[int]]:
    """By kind: the points watched."""
    found: dict[str, list[int]] = defaultdict(list)
    index = compiled.point_index
    for spot in compiled.spots:
        found[spot.kind] += [index[point] for point in spot.points]
    return found


def _add_episodes(
    rng: np.random.Generator, x: npt.NDArray[np.float64], silent: Flags, watched: Mapping[str, list[int]]
) -> None:
    rounds = len(x)
    for kind, episode in EPISODES.items():
        for number in range(EPISODES_OF_KIND):
            begin = number * rounds // (2 * EPISODES_OF_KIND)
            at = slice(begin, begin + ROUNDS_OF_EPISODE)
            # next to each other, so that two votes of a zone come together
            first = rng.integers(len(watched[kind]) - 1)
            points = watched[kind][first : first + 2]
            part = x[at, points]
            match episode:
                case "high":
                    x[at, points] = 90.0 if kind != "vote" else 1.0
                case "rising":
                    x[at, points] = np.linspace(20, 80, len(part))[:, None]
                case "filling":
                    filling = watched[kind][:EPISODES_OF_KIND]
                    x[:, filling] = FULL_FROM + FILLS_PER_H * np.arange(rounds)[:, None] / 360
                case "silent":
                    silent[at, points] = True
                case "still":
                    x[at, points] = 20.0
                case "restless":
                    x[at, points] = np.where(np.arange(len(part)) % 2, 90.0, 20.0)[:, None]


def arrays(compiled: Compiled, history: list[Batch], batches: list[Batch]) -> tuple[float, list[Transition]]:
    """Seconds of processor and transitions of the engine; the history is not in them."""
    detector = Detector(compiled)
    for batch in history:
        detector.evaluate(batch)
    detector.listen(BEGIN)
    found: list[Transition] = []
    begin = time.thread_time()
    for batch in batches:
        found += detector.evaluate(batch)
    return time.thread_time() - begin, found + detector.tick(int(batches[-1].t[-1]))


def plain_loop(
    compiled: Compiled, history: list[Batch], batches: list[Batch]
) -> tuple[float, list[tuple[int, str, str, bool]]]:
    """Seconds of processor and transitions of one reading at a time."""
    reference = Reference(compiled)
    for batch in history:
        reference.evaluate(batch)
    reference.listen(BEGIN)
    before = len(reference.out)
    begin = time.thread_time()
    for batch in batches:
        reference.evaluate(batch)
    seconds = time.thread_time() - begin
    reference.tick(int(batches[-1].t[-1]))
    return seconds, reference.out[before:]


def measure(case: Case, batches: int = 500) -> Figure:
    """One row of the table."""
    compiled = compile_rules(site_of(case.rules_of_point, case.mixed))
    load, history = batches_of(case, compiled, batches), history_of(compiled)
    seconds, found = min((arrays(compiled, history, load) for _ in range(3)), key=lambda run: run[0])
    plain_seconds, plain = plain_loop(compiled, history, load)
    assert sorted((t.at, t.rule, t.scope, t.active) for t in found) == sorted(plain), "the plain loop says otherwise"
    kind_of = {spot.rule: spot.kind for spot in compiled.spots}
    raised = Counter(kind_of[t.rule] for t in found if t.active)
    assert set(raised) == set(kind_of.values()), f"never true: {set(kind_of.values()) - set(raised)}"
    readings = sum(len(batch) for batch in load)
    return Figure(
        case.name,
        readings / seconds,
        "readings/s",
        readings,
        AIM,
        more={
            "transitions": len(found),
            "raised": dict(sorted(raised.items())),
            "plain_loop": round(readings / plain_seconds),
            "ratio": round(plain_seconds / seconds, 1),
        },
    )


def figures() -> Iterator[Figure]:
    """A row a case."""
    return map(measure, CASES)


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
