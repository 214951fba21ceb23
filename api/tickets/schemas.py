"""Tickets as shown, and what people do with them (问题-整改-复查)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.times import Timestamp
from community.tickets import TicketState

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
"""A text that must say something."""


class TicketNoteOut(BaseModel):
    """One transition: who, when, and what they said."""

    model_config = ConfigDict(from_attributes=True)

    at: Timestamp
    by: str
    change: str
    note: str


class TicketOut(BaseModel):
    """A problem somebody has to put right."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    site: str
    zone: str
    title_zh: str
    title_en: str
    source: str = Field(examples=["alarm:smoke:smoke-b3-f1-a.smoke:1790000000000"])
    priority: str = Field(examples=["high"])
    state: TicketState
    reported_at: Timestamp
    respond_by: Timestamp
    complete_by: Timestamp
    responded_at: Timestamp | None
    assignee: str | None
    rectified_by: str | None
    evidence: str | None
    failed_inspections: int
    alarm: str | None
    point: str | None
    facility: str | None
    party: str | None
    history: list[TicketNoteOut]
    version: int


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TicketReport(_Said):
    """A problem somebody reports."""

    zone: str
    title: Annotated[Said, StringConstraints(max_length=200)]
    note: Note = ""
    priority: Literal["low", "medium", "high"] = "medium"


class Assign(_Said):
    """Who is to work it."""

    to: Said = Field(description="a username")
    note: Note = ""


class Start(_Said):
    """Work begins."""

    note: Note = ""


class Rectify(_Said):
    """The fix is done, and this proves it (整改完成)."""

    evidence: Said = Field(description="a note, a reading, or where the photo is")


class Reinspect(_Said):
    """Somebody else has looked (复查)."""

    passed: bool
    note: Note = ""


class Close(_Said):
    """All is well."""

    note: Note = ""


class Cancel(_Said):
    """There is nothing to do after all."""

    reason: Said
