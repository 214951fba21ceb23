"""Unknown neither hides nor invents an alarm of conditions made of others: as Kleene's logic has it, read plainly.

The plain reading keeps what was last heard of each point and looks at the whole condition again after every reading and
every window that ends. It shares nothing with the engine.
"""

from dataclasses import dataclass, field, replace
from itertools import product
from math import inf, isnan
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.rules.sites import make_site
from tests.unit.rules.timeline import Reading, Tick, composites, run

POINTS = ["a.x", "b.x", "c.x"]
BAD = [2, 4, 8, 64, 128]
"""Out of range, stale, communication failure, in test, disabled."""
WITHIN_S, AT_LEAST = 5, 2
Truth = bool | None
Tree = dict[str, Any]

LEAVES: list[Tree] = [
    *({"select": {"point": point}, "above": 1, "deadband": 0.5} for point in POINTS),
    {"select": {"point": "b.x"}, "below": 1},
    {"select": {"measure": "x"}, "equals": 2},
    {"select": {"measure": "x"}, "vote": {"at_least": AT_LEAST, "within": WITHIN_S}},
    {"alarm": "base"},
]
BASE: Tree = {"select": {"point": "a.x"}, "above": 1, "deadband": 0.5}
trees = composites(LEAVES)
readings = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 400, 1_000, 3_000, 6_000]),
        st.builds(
            Reading,
            st.sampled_from(POINTS),
            st.just(0),
            st.sampled_from([0.0, 0.8, 1.0, 1.2, 2.0, float("nan")]),
            st.sampled_from([0, 0, 0, 1, *BAD]),
        ),
    ),
    max_size=30,
)


NOT_BELOW: Tree = {"all": [LEAVES[0], {"not": LEAVES[3]}]}
WHILE_BASE: Tree = {"all": [{"alarm": "base"}, LEAVES[1]]}


def said(text: str) -> list[tuple[int, Reading]]:
    """A reading a second, such as `a.x=1`; with `?` it says nothing."""
    rows = [(row.partition("=")[0], row.partition("=")[2]) for row in text.split()]
    return [(1_000, Reading(point, 0, float(x.rstrip("?")), 8 if x.endswith("?") else 0)) for point, x in rows]


@dataclass
class Heard:
    """What is known of each point, and of what is made of it."""

    now: dict[str, float | None] = field(default_factory=dict)
    """The last value; None: the last reading said nothing."""
    above: dict[str, bool] = field(default_factory=dict)
    """Whether it is above 1, with the deadband."""
    surely_until: dict[str, float] = field(default_factory=dict)
    """Until when it is known to have been at 1 …"""
    maybe_until: dict[str, float] = field(default_factory=dict)
    """… and may have been: what became unknown at 1 may be there still."""
    elected: bool = False
    stands: bool = False
    """The alarm of the other rule."""

    def hear(self, reading: Reading) -> None:
        point, t = reading.point, reading.t
        if reading.q in BAD or isnan(reading.x):
            self.now[point] = None
            if self.surely_until.get(point) == inf:
                self.surely_until[point] = t
            return
        x = self.now[point] = reading.x
        self.above[point] = x > (0.5 if self.above.get(point) else 1)
        if x == 1:
            self.surely_until[point] = self.maybe_until[point] = inf
        else:
            for until in (self.surely_until, self.maybe_until):
                until[point] = min(until.get(point, -inf), t)

    def elect(self, t: float) -> None:
        """An election that stands ends when too few may be at 1; another begins when enough surely are."""
        until = self.maybe_until if self.elected else self.surely_until
        self.elected = sum(end > t - WITHIN_S * 1000 for end in until.values()) >= AT_LEAST

    def ends(self) -> set[float]:
        """When windows end."""
        ends = [*self.surely_until.values(), *self.maybe_until.values()]
        return {end + WITHIN_S * 1000 for end in ends if -inf < end < inf}

    def leaf(self, when: Tree) -> dict[str, Truth]:
        """What a condition is at each point it is judged at."""
        if "vote" in when:
            return {"vote": self.elected}
        if "alarm" in when:
            (at_point,) = self.leaf(BASE).values()
            return {"alarm": True if self.stands else at_point}
        points = [when["select"]["point"]] if "point" in when["select"] else POINTS
        return {f"{point} {sorted(when)}": self._at(when, point) for point in points}

    def _at(self, when: Tree, point: str) -> Truth:
        x = self.now.get(point)
        if x is None:
            return None
        return self.above[point] if "above" in when else x < 1 if "below" in when else x == when["equals"]


def kleene(heard: Heard, tree: Tree, guess: dict[str, bool] | None = None) -> Truth:
    """The condition; with a guess at what is unknown it is known."""
    if "not" in tree:
        inner = kleene(heard, tree["not"], guess)
        return None if inner is None else not inner
    if "all" in tree or "any" in tree:
        kind = "any" if "any" in tree else "all"
        parts = [kleene(heard, part, guess) for part in tree[kind]]
    else:
        kind = "any"
        parts = [truth if truth is not None or guess is None else guess[k] for k, truth in heard.leaf(tree).items()]
    decides = kind == "any"
    return decides if decides in parts else None if None in parts else not decides


def unknown(heard: Heard, tree: Tree) -> set[str]:
    """What of it is unknown."""
    inner = [tree["not"]] if "not" in tree else tree.get("all", tree.get("any"))
    if inner is None:
        return {name for name, truth in heard.leaf(tree).items() if truth is None}
    return set().union(*(unknown(heard, part) for part in inner))


def plainly(tree: Tree, timeline: list[Reading]) -> list[tuple[int, bool]]:
    """When the alarm begins and ends. Whatever the unknown may be, the condition then is what the alarm says."""
    heard, active, found = Heard(), False, list[tuple[int, bool]]()

    def look(t: float) -> None:
        nonlocal active
        heard.elect(t)
        truth = kleene(heard, tree)
        if truth is not None and truth != active:
            names = sorted(unknown(heard, tree))
            guesses = [dict(zip(names, values, strict=True)) for values in product([True, False], repeat=len(names))]
            assert {kleene(heard, tree, guess) for guess in guesses} == {truth}
            active = truth
            found.append((round(t), truth))

    def pass_time(since: float, until: float) -> None:
        while ends := sorted(end for end in heard.ends() if since < end <= until):
            since = ends[0]
            look(since)

    before = 0.0
    look(before)
    for reading in timeline:
        pass_time(before, reading.t)
        before = reading.t
        heard.hear(reading)
        (base,) = heard.leaf(BASE).values()
        heard.stands = heard.stands if base is None else base
        look(reading.t)
    pass_time(before, before + 100_000)
    return found


@settings(max_examples=250, deadline=None)
@given(trees, readings, st.sets(st.integers(0, 30)))
@example(NOT_BELOW, said("a.x=2 b.x=0?"), set())
@example(WHILE_BASE, said("a.x=2 a.x=2? b.x=2"), {1, 2})
@example(LEAVES[5], said("a.x=1 b.x=1 b.x=1?"), set())
@example({"not": LEAVES[5]}, said("a.x=1 b.x=1? c.x=1 c.x=0 b.x=0"), {2})
def test_an_alarm_begins_and_ends_as_known(tree: Tree, steps: list[tuple[int, Reading]], cuts: set[int]) -> None:
    rules = [
        {"id": "r", "select": {"zone": "z1"}, "per": "zone", "when": {"any": [tree]}},
        {"id": "base", "select": {"point": "a.x"}, "when": {key: BASE[key] for key in ("above", "deadband")}},
    ]
    site = make_site({point: {"every": 4} for point in POINTS}, rules)
    now, timeline = 10_000, list[Reading]()
    for wait, reading in steps:
        now += wait
        timeline.append(replace(reading, t=now))
    found = run(site, [*timeline, Tick(now + 100_000)], sorted(cuts))
    assert [(t.at, t.active) for t in found if t.rule == "r"] == plainly(tree, timeline)
