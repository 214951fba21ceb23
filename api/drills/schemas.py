"""Drills as shown, and what it takes to plan and to evaluate one."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.activations.schemas import TimelineOut
from api.tickets.schemas import Note, Said
from api.times import Moment, Timestamp
from community.drills import Drill, DrillState, Score
from community.site.fields import ID_PATTERN
from community.site.readiness import DrillKind
from community.text import Text

Name = Annotated[str, Field(pattern=ID_PATTERN)]


class FindingOut(BaseModel):
    """What is to be better next time, and its ticket."""

    model_config = ConfigDict(from_attributes=True)

    title: str
    ticket: str


class StepScoreOut(BaseModel):
    """One step against its deadline."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: Text
    allowed_ms: int
    took_ms: int | None
    in_time: bool
    done_by: str | None


class ScoreOut(BaseModel):
    """How it went, against the plan's deadlines."""

    model_config = ConfigDict(from_attributes=True)

    percent: int = Field(description="steps done in time, of 100")
    first_answer_ms: int | None = Field(description="until the first person did or confirmed something")
    steps: list[StepScoreOut]
    people_told: int
    people_missed: int


class DrillOut(BaseModel):
    """A drill (演练)."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str
    plan: str
    plan_name: Text
    level: str
    zone: str
    planned_at: Timestamp
    content: str
    participants: list[str]
    by: str
    scenario: str | None
    devices: list[str]
    physical: bool
    state: DrillState
    activation: str | None
    started_at: Timestamp | None
    ended_at: Timestamp | None
    suspended_by: str | None = Field(description="the activation of the real emergency that took over")
    evaluation: str | None
    findings: list[FindingOut]
    history: list[TimelineOut]
    version: int
    score: ScoreOut | None = Field(default=None, description="once it has begun")


class DrillDue(BaseModel):
    """A kind of drill, and when the next one is due."""

    kind: str
    last: date | None = Field(description="null: none is on record")
    due: date
    overdue: bool
    soon: bool
    planned: Timestamp | None = Field(description="when the next one is planned for")


class PlanDrill(BaseModel):
    """What is practised, when, where and by whom."""

    model_config = ConfigDict(extra="forbid")

    kind: DrillKind
    plan: Name
    level: Literal["low", "medium", "high"]
    zone: Name
    planned_at: Moment
    content: Said
    participants: list[Name] = Field(default_factory=list, max_length=200)
    scenario: Name | None = Field(default=None, description="for the simulator, where one runs")
    devices: list[Name] = Field(
        default_factory=list, max_length=200, description="in test mode meanwhile; what they report is the drill's"
    )
    physical: bool = Field(default=False, description="doors really open and sirens really sound")


class FindingIn(BaseModel):
    """Something to put right; it becomes a ticket."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=200)]
    note: Note = ""


class Evaluate(BaseModel):
    """What was learned, and what follows from it."""

    model_config = ConfigDict(extra="forbid")

    evaluation: Said
    findings: list[FindingIn] = Field(default_factory=list, max_length=50)


def show(drill: Drill, score: Score | None = None) -> DrillOut:
    """The drill as answers show it."""
    shown = DrillOut.model_validate(drill)
    return shown.model_copy(update={"score": ScoreOut.model_validate(score) if score is not None else None})
