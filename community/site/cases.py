"""The rows of a file of cases: what is given to rules, and what they must make of it (`anju rules test --cases`)."""

from datetime import datetime
from typing import Literal

from pydantic import Field

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
    """A reading or an event, once or again and again; times count from the case's beginning."""

    at: Duration = Field(description="when it arrives")
    point: str
    value: float | None = None
    quality: tuple[_Quality, ...] = ()
    event: str | None = Field(default=None, description="an event's type instead of a value: access.granted")
    late: Duration = Field(default=0, description="it was made so long before it arrives")
    every: Duration | None = Field(default=None, gt=0, description="again and again …")
    until: Duration | None = Field(default=None, description="… until then")


class Expected(Row):
    """A rule's condition becomes true, or is over."""

    at: Duration
    rule: Id
    scope: str = Field(description="the point, or the zone of a vote")
    becomes: Literal["raised", "cleared"] = "raised"
    within: Duration = Field(default=1, description="how exactly the time is meant")


class Case(Row):
    """One of them."""

    id: Id
    name: Text
    start: datetime | None = Field(default=None, description="local time it begins: for calendars; noon if unset")
    given: tuple[Given, ...]
    until: Duration = Field(description="so long it is watched")
    expect: tuple[Expected, ...] = ()


class CaseFile(Row):
    """A whole file of cases."""

    cases: tuple[Case, ...]
