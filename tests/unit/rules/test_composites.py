"""Conditions made of others: three-valued, in the order of the stream, however it is batched."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.detect.compile import compile_rules
from tests.unit.rules.sites import make_site
from tests.unit.rules.timeline import Entry, Event, Reading, Tick, composites, run

POINTS: dict[str, dict[str, Any]] = {
    "a.x": {"zone": "z1", "every": 4},
    "b.x": {"zone": "z1", "every": 4},
    "b.y": {"zone": "z1", "every": 4},
    "c.x": {"zone": "z2", "every": 4},
    "b.seen": {"zone": "z1", "kind": "event", "family": "access"},
}
A, B = {"select": {"point": "a.x"}, "above": 1}, {"select": {"point": "b.y"}, "equals": 1}
BAD = 8


def rule(identifier: str, when: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": identifier, "select": {"zone": "z1"}, "per": "zone", "when": when, **more}


def found(rules: list[dict[str, Any]], timeline: list[Entry]) -> list[tuple[str, str, bool, int]]:
    return [(t.rule, t.scope, t.active, t.at) for t in run(make_site(POINTS, rules), timeline)]


def test_all_needs_every_one_and_ends_with_the_first() -> None:
    timeline: list[Entry] = [Reading("a.x", 1000, 2), Reading("b.y", 2000, 1), Reading("a.x", 3000, 0)]
    assert found([rule("r", {"all": [A, B]})], timeline) == [("r", "z1", True, 2000), ("r", "z1", False, 3000)]


def test_any_needs_one_and_says_which() -> None:
    site = make_site(POINTS, [rule("r", {"any": [A, B]})])
    (raised,) = run(site, [Reading("b.y", 1000, 1), Reading("a.x", 2000, 5)])
    assert (raised.scope, raised.points, raised.value, raised.reason) == ("z1", ("b.y",), 1, "any")


@pytest.mark.parametrize(
    ("when", "other", "raised"),
    [
        ({"all": [A, B]}, 0.0, []),
        ({"any": [A, B]}, 1.0, [1000]),
        ({"any": [A, B]}, 0.0, []),
        ({"all": [{"not": A}, B]}, 1.0, []),
        ({"not": {"all": [A, B]}}, 0.0, [1000]),
    ],
)
def test_what_was_never_heard_decides_nothing(when: dict[str, Any], other: float, raised: list[int]) -> None:
    assert [at for _, _, _, at in found([rule("r", when)], [Reading("b.y", 1000, other)])] == raised


def test_unknown_ends_no_alarm_and_begins_none() -> None:
    rules = [rule("r", {"all": [A, {"not": B}]})]
    standing: list[Entry] = [Reading("a.x", 1000, 2), Reading("b.y", 1000, 0)]
    lost: list[Entry] = [Reading("a.x", 2000, 0, q=BAD), Reading("b.y", 2000, 1, q=BAD), Tick(90_000)]
    assert found(rules, [*standing, *lost]) == [("r", "z1", True, 1000)]
    assert found(rules, [*standing, *lost, Reading("b.y", 91_000, 1)])[-1] == ("r", "z1", False, 91_000)
    assert found(rules, [Reading("a.x", 1000, 2), *lost]) == []


def test_an_unknown_input_stops_the_on_delay() -> None:
    timeline: list[Entry] = [
        Reading("a.x", 0, 2),
        Reading("b.y", 1000, 1),
        Reading("a.x", 3000, 2, q=BAD),
        Tick(60_000),
        Reading("a.x", 61_000, 2),
        Tick(70_000),
    ]
    assert found([rule("r", {"all": [A, B]}, **{"for": 5})], timeline) == [("r", "z1", True, 64_000)]


def test_a_rule_waits_for_the_alarm_of_another_with_its_delays() -> None:
    rules = [
        rule("worse", {"all": [{"alarm": "bad"}, B]}),
        {"id": "bad", "select": {"measure": "x"}, "when": {"above": 1}, "for": 5, "clear_after": 2},
    ]
    timeline: list[Entry] = [
        Reading("b.y", 0, 1),
        Reading("b.x", 0, 0),
        Reading("c.x", 0, 2),
        Tick(8000),
        Reading("a.x", 10_000, 2),
        Tick(15_000),
        Reading("a.x", 20_000, 0),
        Tick(30_000),
    ]
    assert [row for row in found(rules, timeline) if row[0] == "worse"] == [
        ("worse", "z1", True, 15_000),
        ("worse", "z1", False, 22_000),
    ]


@pytest.mark.parametrize(
    "when",
    [
        {"all": [{"above": 1}, {"not": {"above": 3}}]},
        {"all": [{"above": 1}, {"not": {"alarm": "very"}}]},
        {"all": [{"above": 1}, {"not": {"alarm": "very-much"}}]},
        {"all": [{"above": 1}, {"not": {"bit": {"bit": 2}}}]},
    ],
)
def test_what_one_reading_changes_is_seen_at_once(when: dict[str, Any]) -> None:
    """From cold to hot in one reading it was never warm: the alarm of what lies between is not invented."""
    per_point: dict[str, Any] = {"select": {"point": "a.x"}}
    rules = [
        {"id": "warm", **per_point, "when": when},
        {"id": "very-much", **per_point, "when": {"any": [{"alarm": "very"}, {"above": 3}]}},
        {"id": "very", **per_point, "when": {"above": 3}},
    ]
    timeline: list[Entry] = [Reading("a.x", t, x) for t, x in ((1000, 0), (2000, 4), (3000, 0), (4000, 2))]
    assert [row[2:] for row in found(rules, timeline) if row[0] == "warm"] == [(True, 4000)]


def test_composites_of_composites_see_the_same_moment() -> None:
    rules = [
        rule("third", {"not": {"alarm": "second"}}),
        rule("second", {"any": [{"alarm": "first"}]}),
        rule("first", {"all": [A, B]}),
    ]
    timeline: list[Entry] = [Reading("a.x", 1000, 0), Reading("b.y", 1000, 1), Reading("a.x", 2000, 2)]
    assert sorted(found(rules, timeline)) == [
        ("first", "z1", True, 2000),
        ("second", "z1", True, 2000),
        ("third", "z1", False, 2000),
        ("third", "z1", True, 1000),
    ]


def test_each_device_is_judged_by_its_own_points() -> None:
    when = {"all": [{"select": {"measure": "x"}, "above": 1}, {"select": {"measure": "y"}, "equals": 1}]}
    rules = [{"id": "r", "select": {"family": "environment"}, "per": "device", "when": when}]
    assert compile_rules(make_site(POINTS, rules)).composites[0].points == ("b.x", "b.y")
    timeline: list[Entry] = [Reading("a.x", 0, 2), Reading("b.y", 0, 1), Reading("b.x", 1000, 2)]
    assert found(rules, timeline) == [("r", "b", True, 1000)]


def test_hours_begin_and_end_an_alarm() -> None:
    midnight = 1_790_000_000_000 // 86_400_000 * 86_400_000
    night_begins, night_ends = midnight + 14 * 3_600_000, midnight + 22 * 3_600_000  # 22:00 and 06:00 in Shanghai
    rules = [{"id": "r", "select": {"point": "a.x"}, "when": {"above": 1}, "for": 60, "during": "night"}]
    timeline: list[Entry] = [
        Reading("a.x", night_begins - 600_000, 2),
        Tick(night_begins - 1),
        Tick(night_begins + 120_000),
        Reading("a.x", night_ends - 1000, 2),
        Tick(night_ends + 1),
        Reading("a.x", night_ends + 5000, 2),
        Tick(night_ends + 600_000),
    ]
    assert found(rules, timeline) == [("r", "a.x", True, night_begins + 60_000), ("r", "a.x", False, night_ends)]


LEAVES: list[dict[str, Any]] = [
    {"select": {"point": "a.x"}, "above": 1, "deadband": 0.5},
    {"select": {"point": "b.x"}, "below": 1},
    {"select": {"measure": "x"}, "equals": 2},
    {"select": {"measure": "y"}, "equals": 1},
    {"select": {"measure": "x"}, "vote": {"at_least": 2, "within": 5}},
    {"select": {"measure": "seen"}, "event": {"type": "e", "count": 1, "within": 3}},
    {"select": {"point": "b.x"}, "mean": {"over": 6, "above": 1}},
    {"select": {"point": "b.x"}, "mean": {"over": 6, "above": 0.4137}},
    {"select": {"point": "a.x"}, "stale": {"for": "12s"}},
    {"select": {"measure": "y"}, "sequence": {"unless": "e", "within": 2}},
    {"alarm": "slow"},
    {"select": {"measure": "x"}, "band": {"low": 0.5, "high": 1.5}},
    {"select": {"point": "a.x"}, "bit": {"bit": 1}},
    {"select": {"point": "a.x"}, "rate": {"over": 6, "per": 1, "above": 0.3, "min_samples": 3}},
    {"select": {"point": "b.x"}, "dose": {"over": 6, "per": 1, "limit": 4}},
    {"select": {"point": "a.x"}, "deviation": {"over": 12, "z": 2, "min_samples": 3}},
    {"select": {"point": "a.x"}, "forecast": {"reaches": 3, "within": 9, "over": 12, "min_samples": 5}},
    {"select": {"measure": "x"}, "stuck": {"for": 4}},
    {"select": {"measure": "x"}, "changes": {"count": 3, "within": 5}},
]
tree = composites(LEAVES)
step = st.tuples(
    st.sampled_from([0, 0, 100, 500, 1000, 2000, 7000]),
    st.one_of(
        st.builds(
            Reading,
            st.sampled_from(["a.x", "b.x", "b.y"]),
            st.just(0),
            st.sampled_from([0.0, 1.0, 2.0]),
            st.sampled_from([0, 0, 0, 0, BAD]),
        ),
        st.builds(Event, st.just("b.seen"), st.just(0), st.just("e")),
        st.just(Tick(0)),
    ),
)


@settings(max_examples=80, deadline=None)
@given(tree, st.lists(step, max_size=40), st.sets(st.integers(0, 40)), st.sampled_from([0, 2]))
def test_batching_and_restarts_do_not_matter(
    when: dict[str, Any], steps: list[tuple[int, Entry]], cuts: set[int], delay: int
) -> None:
    site = make_site(
        POINTS,
        [
            rule("r", {"any": [when]}, **{"for": delay}, clear_after=delay),
            rule("over", {"not": {"alarm": "r"}}),
            {"id": "slow", "select": {"point": "a.x"}, "when": {"above": 0}, "for": 1, "clear_after": 1},
        ],
    )
    now, timeline = 10_000, list[Entry]()
    for wait, entry in steps:
        now += wait + (1 if timeline and isinstance(timeline[-1], Tick) else 0)
        timeline.append(replace(entry, t=now))
    timeline.append(Tick(now + 60_000))
    one_by_one = run(site, timeline, range(len(timeline)))
    key = [(t.at, t.rule, t.scope, t.active) for t in one_by_one]
    for other in (
        run(site, timeline),
        run(site, timeline, sorted(cuts)),
        run(site, timeline, sorted(cuts), restart=True),
    ):
        assert sorted((t.at, t.rule, t.scope, t.active) for t in other) == sorted(key)
