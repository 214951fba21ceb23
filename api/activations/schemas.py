"""Activations as shown, and what people do in them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.tickets.schemas import EvidenceOut, Note, PhotoOut, Said
from api.times import Timestamp
from community.activations import ActivationState, StepState
from community.incident_command import CommandState
from community.text import Text


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MachineActionOut(_Shown):
    """One command of a step, and what the gateway answered."""

    command: str
    point: str
    value: float
    outcome: str | None = Field(description="null while waiting; done, refused, failed or expired")
    reason: str | None
    read_back: float | None
    answered_at: Timestamp | None


class StepOut(_Shown):
    """A step of the plan as it goes."""

    id: str
    name: Text
    kind: str = Field(description="machine, notify or person")
    who: str | None
    state: StepState
    due_at: Timestamp
    proof: str
    confirm: int = Field(default=1, description="how many people have to say that it is done")
    confirmed_by: list[str] = []
    started_at: Timestamp | None
    done_at: Timestamp | None
    done_by: str | None
    note: str | None
    evidence: list[EvidenceOut] = Field(default=[], description="what was shown for it, by each who confirmed")
    actions: list[MachineActionOut]
    after: list[str] = Field(default=[], description="the steps that are done before it begins")


class TimelineOut(_Shown):
    """What happened, when, by whom."""

    at: Timestamp
    by: str
    what: str
    detail: str


class IncidentCommandOut(_Shown):
    """Who commands, and who is asked to."""

    state: CommandState
    person: str | None = Field(description="who commands")
    since: Timestamp | None
    asked: list[str] = Field(description="in the order they were asked")
    take_by: Timestamp | None = Field(description="when the next one is asked, unless the last of them takes it")
    offered_to: str | None = Field(description="to whom it is being handed over")


class ActivationOut(_Shown):
    """A plan in force in a zone."""

    id: str
    site: str
    plan: str
    plan_version: int
    plan_name: Text
    kind: str
    level: str
    zone: str
    state: ActivationState
    cause: str
    reason: str
    commander: str = Field(description="the role that commands")
    command: IncidentCommandOut
    activated_at: Timestamp
    steps: list[StepOut]
    timeline: list[TimelineOut]
    alarms: list[str]
    photos: list[PhotoOut] = Field(default=[], description="their bytes are at `/activations/{id}/photos/{photo}`")
    drill: bool
    physical: bool = Field(default=False, description="a drill whose commands move devices")
    decide_by: Timestamp | None = Field(default=None, description="in standby: when it comes into force by itself")
    looked_at_by: str | None = None
    restoring: list[MachineActionOut] = Field(description="outputs switched back after the end")
    stood_down_at: Timestamp | None
    review_ticket: str | None = Field(default=None, description="the ticket that sees to what the response showed")
    version: int


class StepDone(BaseModel):
    """The step is done, and how it is known."""

    model_config = ConfigDict(extra="forbid")

    note: Note = ""
    photos: Annotated[list[str], Field(max_length=30, description="ids of the activation's photos")] = []
    value: Annotated[float | None, Field(allow_inf_nan=False, description="what was read, where it asks for it")] = None


class TakeCommand(BaseModel):
    """Why, where somebody else commands."""

    model_config = ConfigDict(extra="forbid")

    reason: Note = ""


class HandOver(BaseModel):
    """To whom, and why."""

    model_config = ConfigDict(extra="forbid")

    to: Said = Field(description="one of the people of the site file")
    reason: Said


class LevelChange(BaseModel):
    """Another level, and why."""

    model_config = ConfigDict(extra="forbid")

    level: Literal["low", "medium", "high"]
    reason: Said


class Reason(BaseModel):
    """Why; it is kept in the timeline."""

    model_config = ConfigDict(extra="forbid")

    reason: Said
