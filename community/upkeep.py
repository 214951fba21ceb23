"""What is due to facilities, and when: the planner of maintenance and rounds of inspection.

Pure: from the site file, the deadlines that are stored and what has been counted, to what has come due by `now` and the
deadlines to store. Whatever is planned carries a `source` that is the same whenever it is planned again, so planning
twice, after a crash or with a clock that jumped, makes nothing twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from community.recurrence import Recurrence
from community.site.model import SiteFile
from community.site.upkeep import Facility, Recurring, Route, Schedule
from community.text import Text
from community.usage import Usage

LATE_MS = 3_600_000
"""What is planned so long after it was due was missed: the platform was down."""
MOST_MISSED = 12
"""So many missed times of one schedule are made up for, each by itself; of older ones the number is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """When something is due next, as it is stored: a time of the calendar, or a figure of a counter."""

    id: str
    """`schedule:<schedule>:<facility>` or `route:<route>`."""
    next_at: int | None = None
    next_figure: float | None = None
    """Hours of running, or starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that has come due. It makes one ticket, or of a route one round."""

    source: str
    """What tells it from all others."""
    at: int
    due_by: int
    late: bool = False
    skipped: int = 0
    """Missed times before this one that are not made up for."""
    figure: float | None = None
    """The hours or starts at which it came due."""
    title: Text
    zone: str
    facility: str | None = None
    party: str | None = None
    priority: str = "low"
    route: str | None = None


class Planner:
    """The plan of one version of a site file."""

    def __init__(self, file: SiteFile) -> None:
        self._zone = ZoneInfo(file.site.timezone)
        self._file = file
        self._facilities = {facility.id: facility for facility in file.facilities}
        self._recurrences = {
            key: Recurrence(row.every, row.at, row.since, file.site.timezone)
            for key, row in _recurring(file)
            if row.every is not None
        }

    def plan(
        self, deadlines: Mapping[str, Deadline], usage: Mapping[str, Usage], now: int
    ) -> tuple[list[Deadline], list[Due]]:
        """The deadlines that hold from now on, and what has come due. A first look plans nothing of the past."""
        kept: list[Deadline] = []
        due: list[Due] = []
        for schedule in self._file.schedules:
            for facility in schedule.facilities:
                name = f"schedule:{schedule.id}:{facility}"
                first = _of_schedule(name, schedule, self._facilities[facility])
                deadline, found = self._step(schedule, name, deadlines.get(name), usage, now, first)
                kept.append(deadline)
                due += found
        for route in self._file.routes:
            if route.every is not None:
                name = f"route:{route.id}"
                first = _of_route(name, route, self._facilities[route.stops[0].facility])
                deadline, found = self._calendar(route, name, deadlines.get(name), now, first)
                kept.append(deadline)
                due += found
        return kept, due

    def _step(
        self, row: Schedule, name: str, before: Deadline | None, usage: Mapping[str, Usage], now: int, first: Due
    ) -> tuple[Deadline, list[Due]]:
        if row.every is not None:
            return self._calendar(row, name, before, now, first)
        if row.running is not None:
            every = row.running.every / 3600
            figure = usage.get(row.running.point, Usage()).hours
        else:
            assert row.starts is not None
            every, figure = float(row.starts.every), float(usage.get(row.starts.point, Usage()).starts)
        reached = figure // every * every
        deadline = replace(before or Deadline(id=name), next_at=None, next_figure=reached + every)
        if before is None or before.next_figure is None or figure < before.next_figure:
            return deadline, []
        within = round(row.within * 1000)
        found = replace(first, source=f"{name}:{reached:g}", at=now, due_by=now + within, figure=reached)
        return deadline, [found]

    def _calendar(
        self, row: Schedule | Route, name: str, before: Deadline | None, now: int, first: Due
    ) -> tuple[Deadline, list[Due]]:
        recurrence = self._recurrences[type(row), row.id]
        # the next time is always asked of the rule: a stored one may be of another rule, or of a clock that was wrong
        deadline = replace(before or Deadline(id=name), next_at=recurrence.after(now), next_figure=None)
        if before is None or before.next_at is None or before.next_at > now:
            return deadline, []
        times = list(recurrence.between(before.next_at, now))
        within, made_up = round(row.within * 1000), times[-MOST_MISSED:]
        found = [
            replace(first, source=f"{name}:{self._day(at)}", at=at, due_by=at + within, late=now - at > LATE_MS)
            for at in made_up
        ]
        if len(times) > len(made_up):
            found[0] = replace(found[0], skipped=len(times) - len(made_up))
        return deadline, found

    def _day(self, at: int) -> str:
        """The local day names an occurrence: no rule has two of one day, and daylight rules do not move it."""
        return datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone).date().isoformat()


def _recurring(file: SiteFile) -> Iterator[tuple[tuple[type, str], Recurring]]:
    for schedule in file.schedules:
        yield (Schedule, schedule.id), schedule
    for route in file.routes:
        yield (Route, route.id), route


def _of_schedule(name: str, schedule: Schedule, facility: Facility) -> Due:
    return Due(
        source=name,
        at=0,
        due_by=0,
        title=Text(
            zh=f"{schedule.name.zh}：{facility.name.zh}",
            en=f"{schedule.name.in_language('en')}: {facility.name.in_language('en')}",
        ),
        zone=facility.zone,
        facility=facility.id,
        party=facility.party,
        priority=schedule.priority,
    )


def _of_route(name: str, route: Route, first: Facility) -> Due:
    return Due(
        source=name,
        at=0,
        due_by=0,
        title=route.name,
        zone=first.zone,
        party=route.party or first.party,
        route=route.id,
    )
