"""What the register of facilities, schedules and routes must satisfy."""

import re

from community.recurrence import Recurrence
from community.site.subject import Found, Subject
from community.site.upkeep import Recurring, Schedule
from community.site.yaml_text import Path

_RULE = re.compile(r"FREQ=(YEARLY|MONTHLY|WEEKLY|DAILY)(;[A-Z]+=[A-Z0-9,+-]+)*")


def check_facilities(subject: Subject) -> Found:
    """Everyone has one who answers for it, and what it is linked to is there."""
    for index, facility in enumerate(subject.file.facilities):
        path: Path = ("facilities", index)
        yield from subject.absent((*path, "zone"), "zone", facility.zone)
        for place, sentence in subject.absent((*path, "party"), "party", facility.party):
            yield place, f"every facility has one who answers for it: {sentence}"
        yield from subject.absent((*path, "escalation"), "party", facility.escalation)
        if facility.escalation == facility.party:
            yield (*path, "escalation"), "this is who answers for it already; name another party, or delete this"
        for number, point in enumerate(facility.points):
            yield from subject.absent((*path, "points", number), "point", point)


def check_upkeep(subject: Subject) -> Found:
    """Schedules happen, counters have their points, stops have their facilities and checklists."""
    for index, schedule in enumerate(subject.file.schedules):
        path: Path = ("schedules", index)
        for number, facility in enumerate(schedule.facilities):
            yield from subject.absent((*path, "facilities", number), "facility", facility)
        yield from _cadence(path, schedule, subject)
    for index, checklist in enumerate(subject.file.checklists):
        seen: set[str] = set()
        for number, item in enumerate(checklist.items):
            path = ("checklists", index, "items", number)
            if item.id in seen:
                yield (*path, "id"), f"the item id '{item.id}' is used twice; give this one another"
            seen.add(item.id)
            if item.unit is None and (item.low is not None or item.high is not None):
                yield path, "limits are of a value: say its unit"
            if item.low is not None and item.high is not None and item.low >= item.high:
                yield (*path, "high"), "this is not above low"
    for index, route in enumerate(subject.file.routes):
        path = ("routes", index)
        yield from subject.absent((*path, "party"), "party", route.party)
        for number, stop in enumerate(route.stops):
            yield from subject.absent((*path, "stops", number, "facility"), "facility", stop.facility)
            yield from subject.absent((*path, "stops", number, "checklist"), "checklist", stop.checklist)
        yield from _rule(path, route)


def _cadence(path: Path, schedule: Schedule, subject: Subject) -> Found:
    given = [key for key in ("every", "running", "starts") if getattr(schedule, key) is not None]
    if len(given) != 1:
        yield path, "say when it is due in one way: every (the calendar), running (hours) or starts (how often)"
    for key in ("running", "starts"):
        counter = getattr(schedule, key)
        if counter is not None:
            yield from subject.absent((*path, key, "point"), "point", counter.point)
    yield from _rule(path, schedule)


def _rule(path: Path, row: Recurring) -> Found:
    if row.every is None:
        return
    wrong = "write a recurrence (RFC 5545) such as FREQ=MONTHLY;BYMONTHDAY=5"
    if not _RULE.fullmatch(row.every):
        yield (*path, "every"), wrong
        return
    try:
        recurrence = Recurrence(row.every, row.at, row.since, "UTC")
    except ValueError as error:
        yield (*path, "every"), f"{wrong} ({error})"
        return
    if not recurrence.happens:
        yield (*path, "every"), "no day fits this; it would never be due"
