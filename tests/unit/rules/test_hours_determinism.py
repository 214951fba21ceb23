"""Calendars and overrides: any batching and restarts give the same, and what a plain look at the clock gives."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.detect.model import Transition
from tests.unit.rules.sites import make_site
from tests.unit.rules.timeline import Entry, Reading, Tick, run

MIDNIGHT = 1_790_000_000_000 // 86_400_000 * 86_400_000
BOUNDARIES = [MIDNIGHT + 14 * 3_600_000, MIDNIGHT + 22 * 3_600_000]
"""22:00 and 06:00 in Shanghai: the calendar `night` begins and ends."""
LIMITS = {"a.x": 1.0, "b.x": 2.0, "c.x": 1.0, "d.x": 3.0}
ALWAYS = {"c.x"}
POINTS = {point: {"zone": "z2" if point == "d.x" else "z1"} for point in LIMITS}
OVERRIDES: list[dict[str, Any]] = [
    {"select": {"zone": "z0"}, "when": {"above": 3}},
    {"select": {"zone": "z1"}, "when": {"above": 1}},
    {"select": {"device": "b"}, "when": {"above": 2}},
    {"select": {"point": "c.x"}, "during": []},
]
"""The nearest wins: a point before its device before its zone before what is around it."""
RULE: dict[str, Any] = {"select": {"measure": "x"}, "when": {"above": 9}, "during": "night", "overrides": OVERRIDES}
SITE = make_site(
    POINTS,
    [{"id": "now", **RULE}, {"id": "slow", **RULE, "for": 3, "clear_after": 2}],
    parents={"z1": "z0", "z2": "z0"},
)
steps = st.lists(
    st.tuples(
        st.sampled_from([1, 100, 1_000, 2_000, 7_000]),
        st.one_of(
            st.builds(
                Reading,
                st.sampled_from(sorted(POINTS)),
                st.just(0),
                st.sampled_from([0.0, 1.5, 2.5, 3.5]),
                st.sampled_from([0, 0, 0, 8]),
            ),
            st.just(Tick(0)),
        ),
    ),
    max_size=50,
)


def timeline_of(begin: int, wanted: list[tuple[int, Entry]]) -> list[Entry]:
    now, found = begin, list[Entry]()
    for wait, entry in wanted:
        now += wait
        found.append(replace(entry, t=now))
    return [*found, Tick(now + 120_000)]


def key(transitions: list[Transition]) -> list[tuple[int, str, str, bool]]:
    return sorted((t.at, t.rule, t.scope, t.active) for t in transitions)


def holds(point: str, at: int) -> bool:
    """Whether the rule is in force at a point then."""
    hour = datetime.fromtimestamp(at / 1000, ZoneInfo("Asia/Shanghai")).hour
    return point in ALWAYS or hour >= 22 or hour < 6


def plainly(timeline: list[Entry], boundary: int) -> list[tuple[int, str, str, bool]]:
    """The rule without delays: looked at with each reading, and when its hours begin and end."""
    found: list[tuple[int, str, str, bool]] = []
    for point, limit in LIMITS.items():
        x: float | None = None
        active = False
        looks: list[tuple[int, Reading | None]] = [
            (e.t, e) for e in timeline if isinstance(e, Reading) and e.point == point
        ]
        for at, reading in sorted([*looks, (boundary, None)], key=lambda look: look[0]):
            if reading is not None:
                x = None if reading.q else reading.x
            wanted = False if not holds(point, at) else active if x is None else x > limit
            if at <= timeline[-1].t and wanted != active:
                active = wanted
                found.append((at, "now", point, active))
    return sorted(found)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(BOUNDARIES), st.integers(0, 60_000), steps, st.sets(st.integers(0, 50)))
def test_hours_and_overrides_give_the_same_however_readings_come(
    boundary: int, before: int, wanted: list[tuple[int, Entry]], cuts: set[int]
) -> None:
    timeline = timeline_of(boundary - before, wanted)
    since = boundary - 120_000
    whole = key(run(SITE, timeline, since=since))
    assert [found for found in whole if found[1] == "now"] == plainly(timeline, boundary)
    for some, restart in ((range(len(timeline)), False), (sorted(cuts), False), (sorted(cuts), True)):
        assert key(run(SITE, timeline, some, restart=restart, since=since)) == whole
