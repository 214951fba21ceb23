"""The rows of a site file about people on duty and how they are told: `roster` and `notifications`."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from community.site.fields import Day, Duration, Id, Row
from community.site.listed import Words
from community.text import Text

_CLOCK = re.compile(r"^([01][0-9]|2[0-3]):([0-5][0-9])$")


def parse_clock(value: object) -> str:
    """A time of day as it is written, `07:30`.

    Raises:
        ValueError: it is none; the message says how to write one.
    """
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return value
    raise ValueError(f"'{value}' is not a time of day: write hours and minutes in quotes, as in \"07:30\"")


def minutes_of(clock: str) -> int:
    """Minutes since midnight."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


Clock = Annotated[
    str, BeforeValidator(parse_clock), WithJsonSchema({"type": "string", "pattern": _CLOCK.pattern}, mode="validation")
]
"""A time of day in the site's time zone."""
DayKind = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "workdays", "rest-days"]
WEEKDAYS: tuple[DayKind, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Shift(Row):
    """A part of the day somebody is on duty; one that ends no later than it begins ends the next day."""

    id: Id
    name: Text
    from_: Clock = Field(alias="from")
    to: Clock


class Duty(Row):
    """Something somebody must be on duty for: a role of a plan, a platform role, or a duty of its own."""

    id: Id
    name: Text


class Rota(Row):
    """Who does a duty in a shift, on which days, in which turn."""

    duty: Id
    shift: Id
    days: tuple[DayKind, ...] = Field(default=(), description="none: every day")
    people: tuple[Id, ...]
    turn: Literal["together", "daily", "weekly"] = Field(
        default="together", description="all of them, or one after the other"
    )
    since: Day | None = Field(default=None, description="the day the first of them begins, where they take turns")


class Roster(Row):
    """Who is on duty when (排班)."""

    holidays: str = Field(
        default="CN", description="ISO 3166 code of the country whose public holidays and moved workdays count"
    )
    shifts: tuple[Shift, ...]
    duties: tuple[Duty, ...]
    rota: tuple[Rota, ...]


class Sender(Row):
    """A way out: an Apprise URL, or `env:NAME`; `{to}` in it stands for the person's address or number."""

    url: str
    name: Text | None = None


class EscalationLevel(Row):
    """Who is told when an alarm has stood unacknowledged for so long."""

    after: Duration = 0
    on_duty: tuple[Id, ...] = Field(default=(), description="those on duty for these")
    all_: tuple[Id, ...] = Field(default=(), alias="all", description="everybody with these roles or duties")
    in_turn: Duration | None = Field(
        default=None, description="one after the other, each given so long; never for a high alarm"
    )


class Grouping(Row):
    """How alarms that are not high are gathered: the first at once, what follows within a window, then a digest."""

    window: Duration = 5
    digest: Duration = 600


class Retry(Row):
    """How often all of a person's channels are tried, with longer and longer pauses, before it has failed."""

    attempts: int = Field(default=3, ge=1, le=20)
    first: Duration = 2
    longest: Duration = 60


class ReportTo(Row):
    """Who is told of the evaluation report (评估报告) of every month, quarter or year once it is over."""

    every: Literal["month", "quarter", "year"]
    to: Words = Field(min_length=1, description="roles, duties or people; `party:` and the id of a party for all of it")
    at: Clock = Field(default="08:00", description="on the first day after the period")


class Templates(Row):
    """The words of messages, where ours will not do."""

    alarm: Text | None = None
    group: Text | None = None
    step: Text | None = None
    late: Text | None = None
    ticket: Text | None = None
    overdue: Text | None = None
    report: Text | None = None


class Notifications(Row):
    """How people are told outside the page."""

    language: Literal["zh", "en", "both"] = "both"
    channels: dict[Id, Sender] = Field(default_factory=dict)
    levels: dict[Literal["low", "medium", "high"], tuple[EscalationLevel, ...]] = Field(default_factory=dict)
    grouping: Grouping = Grouping()
    retry: Retry = Retry()
    timeout: Duration = Field(default=10, description="how long one delivery may take")
    templates: Templates = Templates()
    reports: tuple[ReportTo, ...] = ()
