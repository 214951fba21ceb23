"""The rows of a site file that make a rule: which points, what is wrong, when, how bad and what to do."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from community.site.conditions import Condition, Select
from community.site.fields import Duration, Id, Row
from community.site.listed import Days, Hours, Ids, Weekdays
from community.text import Text


class Grade(StrEnum):
    """Risk grade: low makes a ticket, medium an alarm and a ticket, high an alarm and its plan."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Times(Row):
    """Times in the site's time zone; all that is given must match."""

    hours: Hours = Field(default=(), description="such as 22:00-06:00, which belongs to the day it begins on")
    weekdays: Weekdays = ()
    dates: Days = Field(default=(), description="such as 2026-10-01, or 2026-07-01..2026-08-31")
    holiday: bool | None = Field(default=None, description="only on public holidays, or only on other days")
    workday: bool | None = Field(
        default=None, description="only on days people work, moved ones (调休) with them, or only on days of rest"
    )


class Calendar(Times):
    """A calendar with a name, for `during` of rules."""

    id: Id
    name: Text | None = None


class Holidays(Row):
    """Days that differ from the public holidays of China as they are known to us, year by year (国务院办公厅通知)."""

    off: Days = ()
    working: Days = Field(default=(), description="weekend days that are worked (调休上班)")


class Override(Row):
    """What is different for some points of a rule; the nearest wins, key by key."""

    select: Select
    when: Condition | None = None
    for_: Duration | None = Field(default=None, alias="for")
    clear_after: Duration | None = None
    during: Ids | None = None
    risk: Grade | None = None
    plan: Id | None = None
    latch: bool | None = None
    message: Text | None = None
    cause: Text | None = None
    consequence: Text | None = None
    action: Text | None = None
    party: Id | None = None
    re_alarm: Duration | None = None


class PositiveAlarm(Row):
    """Positive alarm sequence (NFPA 72): before the plan comes into force one person may go and look, for a short time.

    Without an answer in time, at the end of the time, or with a second alarm it is in force. The times stand in the
    site file, not with those on duty, and are shown while they run.
    """

    acknowledge: Duration = Field(default=15, description="somebody answers within, at most 15s")
    investigate: Duration = Field(default=180, description="and has this long to look, at most 3m")


class Explains(Row):
    """Alarms that follow from this one: while it stands they lie under it, with no ticket and no call of their own.

    What still stands when it is over is an alarm in its own right. A high alarm, or one that tells of fire, is nobody's
    consequence.
    """

    rules: Ids = Field(description="medium and low rules that follow")
    within: Literal["zone", "building", "site"] = Field(
        default="zone", description="how far it reaches: its zone and all in it, its building, or the whole site"
    )


GATEWAY_OFFLINE = "gateway-offline"
INTERLOCK_OUTPUT_FAILED = "interlock-output-failed"
PLATFORM_RULES = frozenset({GATEWAY_OFFLINE, INTERLOCK_OUTPUT_FAILED})
"""The ids of the platform's own rules; a site's rules are named otherwise."""


class Rule(Row):
    """Which points, what is wrong with them, for how long, how bad, and what to do."""

    id: Id
    select: Select
    when: Condition
    per: Literal["point", "device", "zone", "building", "site"] = Field(
        default="point", description="what all, any, not and alarm are judged at"
    )
    for_: Duration = Field(default=0, alias="for", description="on-delay")
    clear_after: Duration = Field(default=0, description="off-delay")
    during: Ids = Field(default=(), description="calendars: the rule holds while one of them does; none: always")
    risk: Grade
    rationale: Text | None = Field(
        default=None, description="why it is graded otherwise than the gravest risk that names it"
    )
    plan: Id | None = None
    positive_alarm: PositiveAlarm | None = Field(
        default=None, description="somebody may look before the plan comes into force"
    )
    latch: bool = False
    message: Text
    cause: Text | None = None
    consequence: Text | None = None
    action: Text | None = None
    party: Id | None = None
    re_alarm: Duration | None = Field(
        default=None, description="an alarm acknowledged this long ago that still stands wants to be seen again"
    )
    suppressed_by: Ids = Field(
        default=(),
        description="rules; while an alarm of theirs stands in the same zone or one around it, this calls nobody",
    )
    suppressed_in_maintenance: bool = Field(
        default=False, description="calls nobody while its place, device or facility is under maintenance"
    )
    explains: Explains | None = Field(default=None, description="alarms that follow from this one")
    overrides: tuple[Override, ...] = ()
