"""What people choose about how they are told, by kind and grade. Their duty goes before all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from community.site.duty import minutes_of

_DAY_MIN = 24 * 60


class Subject(StrEnum):
    """What a notification is about, as people choose by it."""

    ALARM = "alarm"
    PLAN = "plan"
    TICKET = "ticket"


SUBJECT_OF: Mapping[str, Subject] = {
    "alarm": Subject.ALARM,
    "step": Subject.PLAN,
    "late": Subject.PLAN,
    "suspended": Subject.PLAN,
    "ticket": Subject.TICKET,
    "overdue": Subject.TICKET,
    "report": Subject.TICKET,
}
"""By the kind of an escalation."""
CHOICES: Mapping[Subject, Mapping[str, bool]] = {
    Subject.ALARM: {"high": False, "medium": True},
    Subject.PLAN: {"high": False, "medium": False},
    Subject.TICKET: {"high": False, "medium": True, "low": True},
}
"""What there is to choose for, by grade: the channels always, and whether also quiet hours.

What is high, or is told because a plan is in force, knows none. Low alarms are tickets.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a person chose for one kind of one grade; it stands in the place of what they chose for everything."""

    about: Subject
    grade: str
    channels: tuple[str, ...] = ()
    """To try first; none: as for everything of this grade."""
    quiet_from: str | None = None
    quiet_to: str | None = None
    """None: told of this at any hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a person chose."""

    person: str
    channels: Mapping[str, tuple[str, ...]]
    """By grade: the channels to try first."""
    quiet_from: str | None = None
    quiet_to: str | None = None
    own: tuple[Choice, ...] = ()
    """Where they want it otherwise; one at most of a kind and grade."""
    version: int = 1

    def choice(self, kind: str, grade: str) -> Choice | None:
        """Their own choice for an escalation of this kind and grade."""
        about = SUBJECT_OF.get(kind)
        return next((one for one in self.own if (one.about, one.grade) == (about, grade)), None)


def channels_for(reachable: Sequence[str], preferences: Preferences | None, kind: str, grade: str) -> tuple[str, ...]:
    """The person's channels in the order to try them: those chosen first, and the rest to fall over to."""
    chosen: Sequence[str] = ()
    if preferences is not None:
        own = preferences.choice(kind, grade)
        chosen = own.channels if own is not None and own.channels else preferences.channels.get(grade, ())
    return tuple(dict.fromkeys((*(c for c in chosen if c in reachable), *reachable)))


def quiet_until(preferences: Preferences | None, kind: str, grade: str, now: int, timezone: str) -> int:
    """When the quiet hours end in which `now` lies (Unix ms, by the clock of the site); `now` when it lies in none."""
    if preferences is None:
        return now
    hours = preferences.choice(kind, grade) or preferences
    if hours.quiet_from is None or hours.quiet_to is None:
        return now
    here = datetime.fromtimestamp(now / 1000, ZoneInfo(timezone))
    minute = here.hour * 60 + here.minute
    begin, end = minutes_of(hours.quiet_from), minutes_of(hours.quiet_to)
    if (minute - begin) % _DAY_MIN >= (end - begin) % _DAY_MIN:
        return now
    day = here.date() + timedelta(days=minute >= end)
    ends = datetime.combine(day, time(end // 60, end % 60), here.tzinfo)
    return max(round(ends.timestamp() * 1000), now)
