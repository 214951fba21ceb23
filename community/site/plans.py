"""The rows of a site file about risks and the emergency plans against them."""

from typing import Literal

from pydantic import ConfigDict, Field

from community.people import Role
from community.site.fields import Day, Duration, Id, Row
from community.site.rules import Grade
from community.text import Text

MEDIUM_FROM, HIGH_FROM = 5, 10


def grade_of(likelihood: int, severity: int) -> Grade:
    """The grade of a field of the 5 x 5 matrix: their product below 5 is low, below 10 medium, from 10 high."""
    product = likelihood * severity
    return Grade.HIGH if product >= HIGH_FROM else Grade.MEDIUM if product >= MEDIUM_FROM else Grade.LOW


class Risk(Row):
    """An entry of the risk register: likelihood x severity, 1-5 each."""

    id: Id
    name: Text | None = None
    zone: Id
    source: Literal["food", "people", "equipment", "environment", "process"]
    likelihood: int = Field(ge=1, le=5)
    severity: int = Field(ge=1, le=5)
    grade: Grade
    owner: Id | None = None
    plan: Id | None = None
    controls: tuple[Text, ...] = Field(default=(), description="what keeps it from happening")
    rules: tuple[Id, ...] = Field(default=(), description="the rules whose alarms are this risk coming true")
    unwatched: Text | None = Field(default=None, description="why no rule can watch for it")
    facilities: tuple[Id, ...] = Field(default=(), description="the facilities it comes from, or that hold it off")
    assessed: Day | None = None
    review: Day | None = None


class SetOutput(Row):
    """Command outputs: one point, or every output of a kind in the event's zone and its building."""

    set: str = Field(description="`device.measure`, or `egress-lock` for all of that kind in the zone")
    to: Literal["safe", 0, 1] = "safe"


class Step(Row):
    """One step of a level's response: the machine does it, people are told, or a role does it."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in ("do", "notify", "who")]})

    id: Id
    name: Text
    do: SetOutput | None = None
    notify: tuple[str, ...] = ()
    who: str | None = None
    within: Duration
    after: tuple[Id, ...] = Field(default=(), description="the steps of this level that are done before it begins")
    proof: Literal["none", "note", "reading", "photo", "headcount"] = Field(
        default="none", description="what shows that it is done; headcount: two people confirm that nobody is missing"
    )
    confirm: Literal[1, 2] = Field(default=1, description="how many people have to say that it is done")


class Level(Row):
    """How the response flows at one level."""

    steps: tuple[Step, ...]


class Organisation(Row):
    """Commander and roles; each names a platform role or a plan role people are rostered to."""

    commander: Role
    deputies: tuple[Id, ...] = Field(
        default=(), description="who is asked to command, in order, when the commander on duty does not take it"
    )
    take_within: Duration = Field(default=120, description="how long somebody who is asked has to take command")
    rounds: int = Field(default=3, ge=1, le=20, description="how often all of them are asked, one after the other")
    ask_all_every: Duration = Field(
        default=600, description="how often all of them and the party above are told at once, after the last round"
    )
    roles: tuple[Id, ...] = ()
    escalation: Id | None = Field(
        default=None,
        description="the party told, beside the commander, of a step that is late and of a command nobody takes",
    )


class Resource(Row):
    """Something the plan relies on (保障措施)."""

    id: Id
    name: Text
    kind: str = "other"
    zone: Id | None = Field(default=None, description="where it is")
    facility: Id | None = Field(default=None, description="its row on the register of facilities")
    contact: str | None = Field(default=None, description="a public number, or env:NAME; never a private one")
    quantity: int | None = Field(default=None, ge=1)


class Approval(Row):
    """Who approved this version, and when."""

    by: Id
    on: Day


class Plan(Row):
    """An emergency plan (应急预案)."""

    id: Id
    name: Text
    kind: Literal["fire", "natural-disaster", "safety-accident", "public-health"]
    version: int = Field(ge=1)
    approved: Approval
    next_revision: Day
    organisation: Organisation
    levels: dict[Literal["low", "medium", "high"], Level]
    resources: tuple[Resource, ...] = ()
