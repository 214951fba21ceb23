"""Deviations that are small and go on: the mean of a day beside those of four weeks."""

import math
from random import Random
from typing import Any

import pytest

from tests.unit.rules.sites import make_site
from tests.unit.rules.test_determinism import comparable, plain
from tests.unit.rules.timeline import Entry, Reading, run

BEGIN = 1_790_000_000_000
HOUR = 3_600_000
DAY = 24 * HOUR
SHIFTED = range(40 * 24, 43 * 24)
"""Three days, hour by hour."""


def rule(**settings: Any) -> dict[str, Any]:
    return {"id": "r", "select": {"measure": "x"}, "when": {"deviation": settings}}


def hours(days: int, shift: float, seed: int = 0) -> list[Entry]:
    """Warmer by day than by night, and never quite alike."""
    random = Random(seed)
    found: list[Entry] = []
    for i in range(days * 24):
        x = 20 + 2 * math.sin(i / 12 * math.pi) + random.gauss(0, 0.7) + shift * (i in SHIFTED)
        found.append(Reading("a.x", BEGIN + i * HOUR, x, 0))
    return found


def alarms(entries: list[Entry], **settings: Any) -> list[tuple[float, bool]]:
    """After how many days what became."""
    site = make_site({"a.x": {"every": 3600}}, [rule(**settings)])
    return [((at - BEGIN) / DAY, active) for at, _, _, active in comparable(run(site, entries))]


def test_a_small_shift_is_found_within_a_day_and_is_over_a_day_after_it_is() -> None:
    (raised, active), (cleared, still) = alarms(hours(50, -1.5))
    assert (active, still) == (True, False)
    assert 40 < raised < 41
    assert 43 < cleared < 44


@pytest.mark.parametrize("settings", [{"lasting": False}, {"side": "above"}, {"least": 2}])
def test_not_where_the_rule_does_not_ask_for_it(settings: dict[str, Any]) -> None:
    assert alarms(hours(50, -1.5), **settings) == []


def test_days_as_usual_are_none() -> None:
    assert alarms(hours(60, 0)) == []


def test_a_day_of_which_three_hours_are_missing_is_not_judged() -> None:
    told = [entry for i, entry in enumerate(hours(50, -1.5)) if not 39 * 24 <= i < 44 * 24 or i % 24 < 21]
    assert alarms(told) == []


def test_weeks_of_it_give_what_the_plain_loop_gives_in_any_batching() -> None:
    random = Random(2)
    site = make_site(
        {"a.x": {"every": 3600}, "b.x": {"every": 1800}},
        [rule(), {**rule(side="above", least=1, z=3), "id": "s", "for": 7200, "clear_after": 7200}],
    )
    timeline: list[Entry] = []
    shift = 0.0
    for i in range(20 * 24):
        shift = random.choice([0, 0, 1, 2, -1.5, 4]) if random.random() < 0.03 else shift
        for point, after in (("a.x", 0), ("b.x", 0), ("b.x", HOUR // 2)):
            if random.random() > 0.03:
                late = random.choice([0] * 20 + [1000, 2 * HOUR])
                x = shift + random.gauss(10, 1) + 20 * (random.random() < 0.005)
                timeline.append(Reading(point, BEGIN + i * HOUR + after - late, x, 8 if random.random() < 0.01 else 0))
    expected = plain(timeline, site)
    assert len(expected) > 10
    assert comparable(run(site, timeline)) == expected
    cuts = sorted(random.sample(range(len(timeline)), 12))
    assert comparable(run(site, timeline, cuts, restart=True)) == expected
