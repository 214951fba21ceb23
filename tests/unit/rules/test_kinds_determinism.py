"""Conditions with a history: any batching, clocks that jump, extra ticks and restarts give what plain loops give."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from community.site.site import Site
from tests.unit.rules.sites import make_site
from tests.unit.rules.test_determinism import comparable, plain, timeline_of
from tests.unit.rules.timeline import Entry, Reading, Tick, run

POINTS = ["a.x", "b.x", "c.x"]
DELAYS: list[dict[str, Any]] = [{}, {"for": 2}, {"clear_after": 3}, {"for": 1, "clear_after": 2}]
KINDS: dict[str, list[dict[str, Any]]] = {
    "band": [{"low": 1, "high": 3, "deadband": 0.5}, {"low": 1, "high": 2, "deadband": 1, "inside": True}],
    "bit": [{"bit": 1}, {"bit": 0, "is": 0}],
    "stuck": [{"for": 6}, {"for": 9, "epsilon": 1}],
    "changes": [{"count": 2, "within": 4}, {"count": 4, "within": 9}],
    "dose": [
        {"limit": 20.137, "per": 1, "over": 30, "deadband": 7},
        {"limit": 9.137, "per": 1, "over": 60, "level": 2},
    ],
    "mean": [
        {"over": 20, "above": 1.5137, "deadband": 0.2571},
        {"over": 40, "below": 1.5137, "deadband": 0.2571},
    ],
    "rate": [
        {"over": 24, "per": 1, "above": 0.1371, "deadband": 0.0713, "min_samples": 3},
        {"over": 12, "per": 1, "below": -0.1371, "min_samples": 4},
    ],
    "forecast": [
        {"reaches": 4.1371, "within": 9, "over": 24, "min_samples": 5, "restart": 2},
        {"reaches": -1.1371, "within": 9, "over": 12, "min_samples": 5, "direction": "down", "confidence": 0.5},
    ],
    "deviation": [
        {"over": 16.8, "z": 1.9371, "deadband": 0.3171, "min_samples": 3},
        {"over": 168, "z": 1.9371, "deadband": 0, "min_samples": 3, "side": "above", "least": 0.9},
        {"over": 168, "z": 1.1371, "deadband": 0.3171, "min_samples": 3, "side": "below"},
        {"over": 168, "z": 1.9371, "min_samples": 3, "lasting": False},
    ],
}


def site_of(kind: str) -> Site:
    rules = [
        {"id": f"r-{i}-{j}", "select": {"measure": "x"}, "when": {kind: row}, **delay}
        for i, row in enumerate(KINDS[kind])
        for j, delay in enumerate(DELAYS)
    ]
    return make_site({"a.x": {"every": 1}, "b.x": {"every": 2}, "c.x": {"every": 5}}, rules)


SITES = {kind: site_of(kind) for kind in KINDS}
VALUES = st.sampled_from([0.0, 1.0, 2.0, 2.0, 3.0, 3.0, 2.5, float("nan")])
QUALITIES = st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2, 8])
step = st.tuples(
    st.sampled_from([0, 100, 500, 700, 1000, 1000, 2000, 7000, 31000]),
    st.one_of(
        st.builds(Reading, st.sampled_from(POINTS), st.just(0), VALUES, QUALITIES),
        st.builds(Reading, st.sampled_from(POINTS), st.just(0), VALUES),
        st.just(Tick(0)),
    ),
)
steps_of = st.lists(step, max_size=60)
ramp = st.builds(
    lambda start, slope, wait, n, noise: [
        (wait, Reading("a.x", 0, start + slope * i * wait / 1000 + noise[i % len(noise)])) for i in range(n)
    ],
    st.sampled_from([0.0, 3.0]),
    st.sampled_from([0.0, 0.15, 0.4, -0.15]),
    st.sampled_from([500, 1000]),
    st.integers(5, 40),
    st.lists(st.sampled_from([0.0, 0.0, 0.25, -0.25]), min_size=1, max_size=5),
)
"""Readings that rise, fall or stay: what trends, doses and baselines live on."""
histories = st.builds(
    lambda parts: [entry for part in parts for entry in part], st.lists(st.one_of(steps_of, ramp), max_size=3)
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20, deadline=None)
@given(histories, st.sets(st.integers(0, 100)))
def test_batching_and_restarts_do_not_matter(kind: str, steps: list[tuple[int, Entry]], cuts: set[int]) -> None:
    site, timeline = SITES[kind], timeline_of(steps)
    expected = plain(timeline, site)
    assert comparable(run(site, timeline)) == expected
    assert comparable(run(site, timeline, sorted(cuts), restart=True)) == expected


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None)
@given(histories, st.sets(st.integers(0, 100)), st.randoms(use_true_random=False))
def test_nor_do_late_readings(kind: str, steps: list[tuple[int, Entry]], cuts: set[int], random: Random) -> None:
    site = SITES[kind]
    timeline = [
        entry if isinstance(entry, Tick) else replace(entry, t=entry.t - random.choice([0, 0, 0, 1, 1000, 4000]))
        for entry in timeline_of(steps)
    ]
    expected = plain(timeline, site)
    assert comparable(run(site, timeline, sorted(cuts))) == expected
    assert comparable(run(site, timeline, range(len(timeline)), restart=True)) == expected


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, deadline=None)
@given(histories)
def test_extra_ticks_do_not_matter(kind: str, steps: list[tuple[int, Entry]]) -> None:
    site, timeline = SITES[kind], timeline_of(steps)
    ticked: list[Entry] = []
    for entry in timeline:
        # all readings made before this one were given
        ticked += [Tick(entry.t - 1), entry]
    assert comparable(run(site, ticked)) == plain(timeline, site)


def test_the_hour_of_the_week_is_that_of_the_site() -> None:
    """Five weeks with a daily rhythm and single readings far off, over the end of summer time."""
    random = Random(5)
    rule = {"id": "r", "select": {"measure": "x"}, "when": {"deviation": {"baseline": "seasonal", "z": 4}}}
    site = make_site({"a.x": {"every": 9000}}, [rule], timezone="Europe/Berlin")
    begin = 1_790_000_000_000
    timeline: list[Entry] = []
    for i in range(340):
        t = begin + i * 9_000_000
        rhythm = 10.0 * (t // 3_600_000 % 24 in range(5, 17))
        x = rhythm + random.gauss(0, 1) + 40 * (i > 200 and random.random() < 0.05)
        timeline.append(Reading("a.x", t, x, 8 if random.random() < 0.02 else 0))
    expected = plain(timeline, site)
    assert len(expected) > 4
    assert comparable(run(site, timeline, range(len(timeline)), restart=True)) == expected
    assert comparable(run(site, timeline, [100, 101, 250])) == expected
