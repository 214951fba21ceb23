"""From an alarm the plan that fits is the first to be offered, and every plan can be chosen."""

from dataclasses import replace

import pytest

from community.alarms import Alarm, raise_alarm
from community.plan_suggestion import suggestions
from community.site.site import Site
from tests.rules_rig import demo_site

AT = 1_790_000_000_000


@pytest.fixture(scope="module")
def site() -> Site:
    return demo_site()


def alarm_of(site: Site, rule: str, point: str) -> Alarm:
    row = next(row for row in site.file.rules if row.id == rule)
    zone = site.points[point].zone
    return raise_alarm(site=site.id, rule=row, scope=point, zone=zone, at=AT, value=1.0, points=(point,))


@pytest.mark.parametrize(
    ("rule", "point", "plan", "level", "why"),
    [
        ("smoke", "smoke-b3-f1-a.smoke", "fire", "medium", "risk"),
        ("water-leak", "leak-b3.leak", "flood", "medium", "sensor"),
    ],
)
def test_an_alarm_suggests_its_plan(site: Site, rule: str, point: str, plan: str, level: str, why: str) -> None:
    alarm = alarm_of(site, rule, point)
    first, *others = suggestions(site, alarm.zone, alarm)
    assert (first.plan, first.level, first.why) == (plan, level, why)
    assert {plan, *(other.plan for other in others)} == set(site.plans)
    assert suggestions(site, alarm.zone, replace(alarm, plan="accident"))[0].plan == "accident", "its rule says so"


def test_a_place_suggests_the_plans_of_its_risks_at_their_gravest(site: Site) -> None:
    found = suggestions(site, "garage")
    assert [one.plan for one in found][:2] == ["fire", "flood"]
    assert {one.level for one in found} == {"high"}
    assert suggestions(site, "b1-f2")[0].plan == "accident"
