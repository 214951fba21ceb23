"""The rows of a file of cases: what is given to rules, and what they must make of it (`anju rules test --cases`)."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from community.alarms import AlarmState
from community.site.fields import Duration, Id, Row
from community.text import Text

_Quality = Literal[
    "uncertain",
    "out-of-range",
    "stale",
    "communication-failure",
    "clock-suspect",
    "simulated",
    "test-mode",
    "disabled",
]


class Given(Row):
    """A reading or an event, once or again and again, or what somebody does; times count from the case's beginning."""

    at: Duration = Field(description="when it arrives, or is done")
    point: str | None = Field(default=None, description="of a reading or an event")
    value: float | None = None
    quality: tuple[_Quality, ...] = ()
    event: str | None = Field(default=None, description="an event's type instead of a value: access.granted")
    late: Duration = Field(default=0, description="it was made so long before it arrives")
    every: Duration | None = Field(default=None, gt=0, description="again and again …")
    until: Duration | None = Field(default=None, description="… until then")
    acknowledge: Id | None = Field(default=None, description="somebody acknowledges the alarm of this rule at `scope`")
    reset: Id | None = Field(default=None, description="somebody looked, and resets the latched alarm of this rule")
    scope: str | None = Field(default=None, description="of an alarm that is acknowledged or reset")
    refused: bool = Field(default=False, description="this must be refused, such as a reset while the condition stands")


class Expected(Row):
    """A rule's condition becomes true, or is over."""

    at: Duration
    rule: Id
    scope: str = Field(description="the point, or the zone of a vote")
    becomes: Literal["raised", "cleared"] = "raised"
    within: Duration = Field(default=1, description="how exactly the time is meant")


class Standing(Row):
    """The state of an alarm at a time."""

    at: Duration
    rule: Id
    scope: str = Field(description="the point, or the zone of a vote")
    state: AlarmState


class Case(Row):
    """One of them."""

    id: Id
    name: Text
    start: datetime | None = Field(default=None, description="local time it begins: for calendars; noon if unset")
    given: tuple[Given, ...]
    until: Duration = Field(description="so long it is watched")
    expect: tuple[Expected, ...] = ()
    alarms: tuple[Standing, ...] = Field(default=(), description="what alarms are by then, as people answer them")


class CaseFile(Row):
    """A whole file of cases."""

    cases: tuple[Case, ...]
