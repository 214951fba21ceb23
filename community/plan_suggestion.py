"""Which emergency plan fits an alarm or a place: by its rule, the risks of the place, the family of the sensor."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from community.alarms import Alarm
from community.site.plans import Plan
from community.site.profile import Family
from community.site.site import Site

LEVELS = ("high", "medium", "low")
KIND_OF: Mapping[str, str] = {
    "bin-temperature": "fire",
    "leak": "natural-disaster",
    "level": "natural-disaster",
    "co2": "public-health",
    "tvoc": "public-health",
    "pm25": "public-health",
    "pm10": "public-health",
}
"""What kind of emergency a measure tells of; where it is not here, its family decides."""
KIND_OF_FAMILY: Mapping[Family, str] = {Family.FIRE: "fire", Family.ACCESS: "safety-accident"}
OTHERWISE = "safety-accident"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A plan and the level to begin at, and by what it is suggested."""

    plan: str
    level: str
    why: str
    """`rule`, `risk`, `sensor`, or `other`."""


def suggestions(site: Site, zone: str, alarm: Alarm | None = None) -> list[Suggestion]:
    """Every plan of the site, the likeliest first; the level by the alarm's grade, otherwise the gravest."""
    found: dict[str, Suggestion] = {}
    grade = alarm.grade.value if alarm is not None else LEVELS[0]
    for plan, why in _by_likelihood(site, zone, alarm):
        if plan in site.plans and plan not in found:
            found[plan] = Suggestion(plan, _level(site.plans[plan], grade), why)
    return list(found.values())


def _by_likelihood(site: Site, zone: str, alarm: Alarm | None) -> Iterator[tuple[str, str]]:
    path = set(site.zone_path(zone))
    if alarm is not None:
        if alarm.plan is not None:
            yield alarm.plan, "rule"
        yield from ((r.plan, "risk") for r in site.file.risks if r.plan is not None and alarm.rule in r.rules)
        kind = _kind(site, alarm)
        yield from ((plan.id, "sensor") for plan in site.plans.values() if plan.kind == kind)
    yield from ((r.plan, "risk") for r in site.file.risks if r.plan is not None and r.zone in path)
    yield from ((plan, "other") for plan in site.plans)


def _kind(site: Site, alarm: Alarm) -> str:
    point = next((site.points[name] for name in (*alarm.points, alarm.scope) if name in site.points), None)
    if point is None:
        return OTHERWISE
    return KIND_OF.get(point.measure) or KIND_OF_FAMILY.get(point.family, OTHERWISE)


def _level(plan: Plan, grade: str) -> str:
    return next(level for level in (grade, *LEVELS) if level in {*plan.levels})
