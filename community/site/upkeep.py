"""The rows of a site file about facilities: the register, what is done to them by when, and the rounds that look."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from community.site.fields import Day, Duration, Id, OneOrMore, Row
from community.text import Text

LONG_AGO = date(2020, 1, 1)


def _clock(value: str) -> str:
    hours, colon, minutes = value.partition(":")
    if not (colon and len(value) == 5 and hours.isdigit() and minutes.isdigit() and hours < "24" and minutes < "60"):
        raise ValueError(f"'{value}' is no time of day; write one such as 08:30")
    return value


ClockTime = Annotated[str, AfterValidator(_clock)]
"""A time of day at the site, `08:30`."""


class Facility(Row):
    """A facility on the register (设施台账) with exactly one responsible party."""

    id: Id
    name: Text
    zone: Id
    party: Id
    escalation: Id | None = Field(default=None, description="the party told when the responsible one does not act")
    category: str = "other"
    installed: Day | None = None
    life: Duration | None = Field(default=None, description="10y to 15y as a rule; a service centre 5y")
    cost: float | None = Field(default=None, ge=0, description="what a renewal costs, estimated, in yuan")
    points: tuple[str, ...] = ()


class Recurring(Row):
    """When something is due, by the calendar: an RFC 5545 rule in the site's time zone."""

    every: str | None = Field(default=None, description="a rule of RFC 5545: FREQ=MONTHLY;BYMONTHDAY=5")
    at: ClockTime = Field(default="08:00", description="the time of day; of an hour that comes twice, the first")
    since: Day = Field(default=LONG_AGO, description="what an interval counts from: FREQ=MONTHLY;INTERVAL=3")


class Running(Row):
    """Due after so many hours of running, as a point tells that is above 0 meanwhile."""

    point: str
    every: Duration = Field(gt=0, description="hours of running: 500h")


class Starts(Row):
    """Due after a point has gone from 0 to a value so many times: starts of a pump, openings of a door."""

    point: str
    every: int = Field(ge=1)


class Schedule(Recurring):
    """Preventive maintenance (预防性维护): each occurrence makes one ticket for each of the facilities.

    By condition, a rule does that: its ticket names the facility its points belong to.
    """

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [key]} for key in ("every", "running", "starts")]}
    )

    id: Id
    name: Text
    facilities: OneOrMore[Id]
    running: Running | None = None
    starts: Starts | None = None
    within: Duration = Field(default=7 * 86400, description="from when it is due to when it must be done")
    priority: Literal["low", "medium", "high"] = "low"


class Item(Row):
    """One thing a checklist asks: good or not; with a unit, also a value, good from `low` to `high`."""

    id: Id
    name: Text
    unit: str | None = None
    low: float | None = None
    high: float | None = None


class Checklist(Row):
    """What is looked at, at a stop."""

    id: Id
    name: Text
    items: tuple[Item, ...] = Field(min_length=1)


class Stop(Row):
    """A facility on a route, and what is looked at there."""

    facility: Id
    checklist: Id


class Route(Recurring):
    """A round of inspection (巡检), stop by stop. Without `every` it is never due, and anybody may start one."""

    id: Id
    name: Text
    party: Id | None = None
    stops: tuple[Stop, ...] = Field(min_length=1)
    within: Duration = Field(default=86400, description="from when it is due to when it is overdue")
