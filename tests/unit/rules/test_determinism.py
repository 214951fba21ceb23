"""The same readings give the same transitions however they are batched, and the same as the plain loop gives."""

from dataclasses import replace
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from community.site.site import Site
from rules.detect.compile import compile_rules
from rules.detect.model import Transition
from tests.unit.rules.reference import Found, Reference
from tests.unit.rules.sites import make_site
from tests.unit.rules.timeline import Entry, Event, Reading, Tick, make_batch, run

SITE = make_site(
    {
        "a-1.value": {"zone": "z1", "every": 4},
        "a-2.value": {"zone": "z1", "every": 4},
        "a-3.value": {"zone": "z2", "every": 20},
        "d-1.contact": {"zone": "z2", "family": "access"},
        "d-1.credential": {"zone": "z2", "family": "access", "kind": "event"},
    },
    [
        {"id": "above", "select": {"measure": "value"}, "when": {"above": 2, "deadband": 1.5}, "for": 3},
        {"id": "above-off", "select": {"zone": "z1"}, "when": {"above": 3}, "clear_after": 4},
        {"id": "below", "select": {"measure": "value"}, "when": {"below": 1}, "for": 2, "clear_after": 2},
        {"id": "equals", "select": {"family": "environment"}, "when": {"equals": 1}},
        {"id": "vote", "select": {"measure": "value"}, "when": {"vote": {"at_least": 2, "within": 5}}},
        {
            "id": "vote-site",
            "select": {"measure": "value"},
            "when": {"vote": {"at_least": 2, "within": 3, "per": "site"}},
            "for": 2,
            "clear_after": 1,
        },
        {
            "id": "forced",
            "select": {"measure": "contact"},
            "when": {"sequence": {"state": 1, "unless": "granted", "within": 2}},
        },
        {
            "id": "forced-slow",
            "select": {"measure": "contact"},
            "when": {"sequence": {"state": 1, "unless": "granted", "within": 2}},
            "for": 2,
        },
        {
            "id": "denied",
            "select": {"measure": "credential"},
            "when": {"event": {"type": "denied", "count": 2, "within": 5}},
            "for": 1,
        },
        {
            "id": "mean",
            "select": {"measure": "value"},
            "when": {"mean": {"over": "1m", "above": 1.5137, "deadband": 0.2571}},
            "for": 1,
        },
        {"id": "stale", "select": {"measure": "value"}, "when": {"stale": {"for": "3x"}}, "clear_after": 1},
        {"id": "stale-soon", "select": {"measure": "value"}, "when": {"stale": {"for": "11s"}}},
    ],
)
POINTS = ["a-1.value", "a-2.value", "a-3.value", "d-1.contact"]
QUALITIES = st.sampled_from([0, 0, 0, 0, 0, 1, 2, 8, 32, 64, 128])
VALUES = st.sampled_from([0.0, 0.0, 1.0, 1.0, 2.0, 2.5, 3.5, float("nan")])

step = st.tuples(
    st.sampled_from([0, 0, 100, 500, 1000, 1000, 2000, 7000, 13000]),
    st.one_of(
        st.builds(Reading, st.sampled_from(POINTS), st.just(0), VALUES, QUALITIES),
        st.builds(Reading, st.sampled_from(POINTS), st.just(0), VALUES, st.just(0)),
        st.builds(Event, st.just("d-1.credential"), st.just(0), st.sampled_from(["granted", "denied"])),
        st.just(Tick(0)),
    ),
)


def timeline_of(steps: list[tuple[int, Entry]]) -> list[Entry]:
    """Entries with growing times; a reading never comes after a tick of its own millisecond."""
    now, found = 10_000, list[Entry]()
    for wait, entry in steps:
        now += wait + (1 if found and isinstance(found[-1], Tick) else 0)
        found.append(replace(entry, t=now))
    return [*found, Tick(now + 120_000)]


def comparable(transitions: list[Transition]) -> list[Found]:
    """Those of one condition are in order already; the order among conditions at one time does not matter."""
    return sorted(((t.at, t.rule, t.scope, t.active) for t in transitions), key=lambda f: f[:3])


def plain(timeline: list[Entry], site: Site = SITE) -> list[Found]:
    """What the plain loop finds."""
    reference = Reference(compile_rules(site))
    for entry in timeline:
        if isinstance(entry, Tick):
            reference.tick(entry.t)
        else:
            reference.evaluate(make_batch(site, [entry]))
    return sorted(reference.out, key=lambda f: f[:3])


@settings(max_examples=150, deadline=None)
@given(st.lists(step, max_size=60), st.sets(st.integers(0, 60)))
@example([(0, Reading("a-1.value", 0, 1.0)), (100, Reading("a-2.value", 0, 1.0))], set())
def test_batching_does_not_matter(steps: list[tuple[int, Entry]], cuts: set[int]) -> None:
    timeline = timeline_of(steps)
    expected = plain(timeline)
    assert comparable(run(SITE, timeline)) == expected
    assert comparable(run(SITE, timeline, sorted(cuts))) == expected
    assert comparable(run(SITE, timeline, range(len(timeline)))) == expected


@settings(max_examples=150, deadline=None)
@given(st.lists(step, max_size=60), st.sets(st.integers(0, 60)), st.randoms(use_true_random=False))
def test_nor_with_clocks_that_jump(steps: list[tuple[int, Entry]], cuts: set[int], random: Random) -> None:
    timeline = [
        entry if isinstance(entry, Tick) else replace(entry, t=entry.t - random.choice([0, 0, 0, 1, 1000, 4000]))
        for entry in timeline_of(steps)
    ]
    expected = plain(timeline)
    assert comparable(run(SITE, timeline, sorted(cuts))) == expected
    assert comparable(run(SITE, timeline, range(len(timeline)))) == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(step, max_size=40))
def test_extra_ticks_do_not_matter(steps: list[tuple[int, Entry]]) -> None:
    timeline = timeline_of(steps)
    ticked: list[Entry] = []
    for entry in timeline:
        # all readings made before this one were given
        ticked += [Tick(entry.t - 1), entry]
    assert comparable(run(SITE, ticked)) == plain(timeline)


@settings(max_examples=60, deadline=None)
@given(st.lists(step, max_size=40))
def test_state_survives_a_restart_anywhere(steps: list[tuple[int, Entry]]) -> None:
    timeline = timeline_of(steps)
    assert run(SITE, timeline, range(len(timeline)), restart=True) == run(SITE, timeline, range(len(timeline)))
