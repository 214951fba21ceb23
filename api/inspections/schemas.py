"""Rounds of inspection as shown, and what is found on them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.times import Timestamp
from community.inspections import Outcome, Round, RoundState
from community.text import Text


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class QuestionOut(_Shown):
    """One item at one stop."""

    facility: str
    item: str
    name: Text
    unit: str | None
    low: float | None
    high: float | None


class AnswerOut(_Shown):
    """What was found."""

    outcome: Outcome
    value: float | None
    note: str
    photos: list[str]
    at: Timestamp
    by: str
    ticket: str | None = Field(description="the ticket the failed item became")


class RoundPhotoOut(_Shown):
    """A photo; its bytes are at `/inspections/{id}/photos/{photo}`."""

    id: str
    media_type: str
    at: Timestamp
    by: str


class RoundOut(_Shown):
    """A round of inspection (巡检)."""

    id: str
    zone: str
    route: str
    name: Text
    state: RoundState
    planned_at: Timestamp
    due_by: Timestamp | None
    late: bool
    overdue: bool
    party: str | None
    started_by: str | None
    started_at: Timestamp | None
    ended_at: Timestamp | None
    questions: list[QuestionOut]
    answers: list[AnswerOut | None]
    photos: list[RoundPhotoOut]
    left: int
    failed: int
    version: int


class RouteOut(BaseModel):
    """A route that may be walked."""

    id: str
    name: Text
    party: str | None
    every: str | None
    stops: int
    next_at: Timestamp | None


class StartRound(BaseModel):
    """A round nobody planned."""

    model_config = ConfigDict(extra="forbid")

    route: str


class AnswerIn(BaseModel):
    """What was found at an item; `place` counts from 0."""

    model_config = ConfigDict(extra="forbid")

    place: int = Field(ge=0)
    outcome: Outcome
    value: float | None = Field(default=None, allow_inf_nan=False)
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""
    photos: list[str] = Field(default=[], max_length=20)


def show(round_: Round, now: int) -> RoundOut:
    """A round at a time."""
    plain = {name: getattr(round_, name) for name in RoundOut.model_fields if name != "overdue"}
    return RoundOut.model_validate({**plain, "overdue": round_.overdue(now)}, from_attributes=True)
