"""Risks as shown, and what a person decides about them."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.times import Timestamp
from community.risks import Reason
from community.site.rules import Grade
from community.text import Text


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class GradingOut(_Shown):
    """A decision about a risk."""

    id: str
    likelihood: int
    severity: int
    reason: str
    by: str
    at: Timestamp


class FiguresOut(_Shown):
    """What happened in the last 12 months where the risk is."""

    alarms: int
    tickets: int
    failed_inspections: int
    median_clear_ms: int | None
    watched_ms: int = Field(description="how long there has been a history, at most a year")


class ProposalOut(_Shown):
    """A grading the history speaks for."""

    likelihood: int
    severity: int
    grade: Grade
    reasons: list[Reason]


class RiskOut(BaseModel):
    """An entry of the register; likelihood, severity and grade are those that hold."""

    id: str
    name: Text
    zone: str
    source: str
    likelihood: int
    severity: int
    grade: Grade
    owner: str | None
    plan: str | None
    controls: list[Text]
    rules: list[str]
    facilities: list[str]
    assessed: date | None
    review: date | None
    review_overdue: bool
    figures: FiguresOut
    proposal: ProposalOut | None
    gradings: list[GradingOut] = Field(description="every decision, the newest first")


class Grade5x5(BaseModel):
    """What a person decides, and why."""

    model_config = ConfigDict(extra="forbid")

    likelihood: int = Field(ge=1, le=5)
    severity: int = Field(ge=1, le=5)
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
