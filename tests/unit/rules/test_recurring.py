"""What deviates and comes back: learnt where it passes within hours, told where it stays."""

from random import Random

import pytest

from tests.unit.rules.sites import make_site
from tests.unit.rules.test_determinism import comparable, plain
from tests.unit.rules.timeline import Reading, run

BEGIN = 1_790_000_000_000
HOUR = 3_600_000
WATERED, LEAKING = 20.0, 12.0


def flow(days: int, unusual: dict[int, float], every_min: int = 15) -> list[Reading]:
    """A flow that is small, but at some hours since the beginning."""
    random = Random(0)
    step = every_min * 60_000
    times = [BEGIN + i * step for i in range(days * 24 * HOUR // step)]
    return [Reading("a.x", t, unusual.get((t - BEGIN) // HOUR, 2.0) + random.uniform(-0.3, 0.3), 0) for t in times]


def nights(first: int, last: int) -> dict[int, float]:
    """An hour each, not always the same."""
    return {day * 24 + 2 + day % 2: WATERED for day in range(first, last)}


def raised(readings: list[Reading], **settings: object) -> list[int]:
    """On which days an alarm began; engine and plain reading of the rule agree."""
    site = make_site(
        {"a.x": {"every": 900}}, [{"id": "r", "select": {"measure": "x"}, "when": {"deviation": settings}}]
    )
    found = comparable(run(site, list(readings)))
    assert found == plain(list(readings), site)
    return [(at - BEGIN) // HOUR // 24 for at, _, _, active in found if active]


def test_what_comes_every_night_is_an_alarm_the_first_two_nights() -> None:
    assert raised(flow(30, nights(10, 30)), lasting=False) == [10, 11]


def test_and_again_when_it_has_not_come_for_longer_than_is_remembered() -> None:
    assert raised(flow(40, nights(10, 15) | nights(25, 30)), lasting=False) == [10, 11, 25, 26]


def test_what_is_half_as_large_again_as_what_is_usual_by_now_is_an_alarm() -> None:
    assert raised(flow(30, nights(10, 20) | {20 * 24 + 2: 1.5 * WATERED}), lasting=False) == [10, 11, 20]


def test_one_wild_reading_hides_nothing() -> None:
    assert raised(flow(20, {12 * 24: 40 * WATERED} | {14 * 24: LEAKING}), lasting=False) == [12, 14]


def test_what_lasts_is_not_learnt_and_its_alarm_stays_for_as_long() -> None:
    leak = dict.fromkeys(range(12 * 24, 14 * 24), LEAKING) | dict.fromkeys(range(16 * 24, 18 * 24), LEAKING)
    assert raised(flow(20, leak), lasting=False) == [12, 16]


def test_a_seasonal_rule_learns_what_passes_too() -> None:
    often = dict.fromkeys(range(30 * 24, 50 * 24, 7), WATERED)
    days = raised(flow(50, often, 60), baseline="seasonal")
    assert days[0] == 30
    assert max(days) < 40


@pytest.mark.parametrize("hours", [1, 5])
def test_an_alarm_does_not_end_by_what_it_teaches(hours: int) -> None:
    rule = {"id": "r", "select": {"measure": "x"}, "when": {"deviation": {"lasting": False}}}
    readings = flow(12, {10 * 24 + 2 + hour: WATERED for hour in range(hours)})
    (began, *_), (ended, *_) = comparable(run(make_site({"a.x": {"every": 900}}, [rule]), list(readings)))
    assert ended - began == hours * HOUR
