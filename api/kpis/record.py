"""What is on record of a period, from the database and the site file."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from api.live.latest import Snapshot
from api.platform import Platform
from api.problems import Problem
from backbone.database.drills import list_drills, list_trainings
from backbone.database.past import past_alarms, past_rounds, past_tickets
from community.drills import Drill, DrillState
from community.evaluation import Period, Record
from community.reminders import drill_dates, needed
from community.site.profile import ValueKind
from community.training import LACKING, Training, held

LOOK_BACK_MS = 400 * 86_400_000
"""Tickets may be due, or stand open, so long after they were reported."""
MOST_DRILLS = 1_000
_HELD = frozenset({DrillState.ENDED, DrillState.EVALUATED})


@dataclass(frozen=True, slots=True)
class Known:
    """A period's record, and the drills and trainings in it by themselves."""

    period: Period
    record: Record
    drills: list[Drill]
    trainings: list[Training]


def parse(platform: Platform, name: str | None) -> Period:
    """The period of a name; this month without one.

    Raises:
        Problem: 422, it is none, or has not begun.
    """
    today = datetime.fromtimestamp(platform.now() / 1000, ZoneInfo(platform.site.file.site.timezone)).date()
    try:
        period = Period.parse(name or f"{today:%Y-%m}")
    except ValueError as error:
        raise Problem(422, str(error), kind="bad-input") from error
    if period.begin > today:
        raise Problem(422, f"{period.name} has not begun", kind="bad-input")
    return period


def known(platform: Platform, c: Connection, period: Period, latest: Snapshot) -> Known:
    """Everything figures are made of."""
    file, site = platform.site.file, platform.site.id
    begin, end = period.span(file.site.timezone)
    until = min(end, platform.now() + 1)
    last_day = datetime.fromtimestamp(until / 1000, ZoneInfo(file.site.timezone)).date()
    drills = [d for d in list_drills(c, site, limit=MOST_DRILLS) if d.state in _HELD and d.ended_at is not None]
    over = [d for d in drills if d.ended_at is not None and d.ended_at < until]
    records = [t for t in list_trainings(c, site) if not t.withdrawn]
    record = Record(
        begin=begin,
        until=until,
        tickets=list(past_tickets(c, site, begin - LOOK_BACK_MS, until)),
        rounds=list(past_rounds(c, site, begin - LOOK_BACK_MS, until)),
        alarms=list(past_alarms(c, site, begin, until)),
        facilities=[facility.id for facility in file.facilities],
        zones=_zones(platform, latest),
        drills_held=sum(begin <= (d.ended_at or 0) for d in over),
        drills_overdue=sum(row.overdue for row in drill_dates(file, over, last_day)),
        trainings=sum(period.begin <= t.on < period.end for t in records),
        qualified=_qualified(platform, records, last_day),
    )
    held_in_it = [d for d in over if begin <= (d.ended_at or 0)]
    return Known(period, record, held_in_it, [t for t in records if period.begin <= t.on < period.end])


def _zones(platform: Platform, latest: Snapshot) -> dict[str, bool]:
    """The innermost zones, and whether a sensor in each is heard now."""
    site, now = platform.site, platform.now()
    inner = dict.fromkeys(site.zones, False)
    for name in site.zones:
        for outer in site.zone_path(name):
            if outer != name:
                inner.pop(outer, None)
    for point in site.points.values():
        if point.zone in inner and not inner[point.zone]:
            seen = latest.of(point, now)
            inner[point.zone] = seen.fresh or (point.kind is ValueKind.EVENT and seen.t is not None)
    return inner


def _qualified(platform: Platform, records: list[Training], day: date) -> tuple[int, int]:
    file = platform.site.file
    wanted = list(needed(file))
    lacking = sum(held(person, q, file.trainings, records, day).standing in LACKING for q, person in wanted)
    return len(wanted) - lacking, len(wanted)
