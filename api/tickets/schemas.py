"""Tickets as shown, and what people do with them (问题-整改-复查)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, computed_field, model_validator

from api.times import Timestamp
from community.tickets import TicketState

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
"""A text that must say something."""


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class TicketNoteOut(_Shown):
    """One entry of the history: who, when, what happened, and what they said."""

    at: Timestamp
    by: str
    change: str
    note: str


class EvidenceOut(_Shown):
    """What proves that it was put right."""

    at: Timestamp
    by: str
    note: str
    photos: list[str]
    point: str | None
    value: float | None


class PhotoOut(_Shown):
    """A photo; its bytes are at `/tickets/{id}/photos/{photo}`."""

    id: str
    media_type: str
    size: int
    at: Timestamp
    by: str
    note: str


class PartOut(_Shown):
    """Something built in or used up."""

    name: str
    quantity: float
    cost: int = Field(description="of all of it, in the currency's smallest unit")


class WorkOut(_Shown):
    """Somebody's work on it."""

    at: Timestamp
    by: str
    minutes: int
    labour: int = Field(default=0, description="what the time costs, in the currency's smallest unit")
    parts: list[PartOut]
    note: str


class RatingOut(_Shown):
    """What a resident thinks of the finished work."""

    at: Timestamp
    stars: int = Field(description="1 to 5")
    said: str


class ConditionOut(_Shown):
    """A condition the ticket is about, as sensors show it."""

    source: str
    standing: bool
    at: Timestamp
    raised: int = Field(description="how often it has come")


class TicketOut(_Shown):
    """A problem somebody has to put right."""

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
    ended_at: Timestamp | None
    reopened_at: Timestamp | None
    reopened: int
    assignee: str | None
    rectified_by: str | None
    evidence: list[EvidenceOut]
    failed_inspections: int
    late: list[str] = Field(description="deadlines that were missed: respond, respond-limit, complete")
    conditions: list[ConditionOut]
    override: str | None = Field(description="why it was ended while its condition stood")
    photos: list[PhotoOut]
    work: list[WorkOut]
    rating: RatingOut | None = None
    alarm: str | None
    point: str | None
    facility: str | None
    activation: str | None
    party: str | None
    merged_into: str | None
    earlier: str | None = Field(description="the last ticket of the same condition")
    history: list[TicketNoteOut]
    version: int

    @computed_field(description="whether a sensor still sees what it is about")  # type: ignore[prop-decorator]
    @property
    def standing(self) -> bool:
        return any(condition.standing for condition in self.conditions)

    @computed_field(description="of all work")  # type: ignore[prop-decorator]
    @property
    def minutes(self) -> int:
        return sum(work.minutes for work in self.work)

    @computed_field(description="what the time of all work costs, in the currency's smallest unit")  # type: ignore[prop-decorator]
    @property
    def labour(self) -> int:
        return sum(work.labour for work in self.work)

    @computed_field(description="of all parts, in the currency's smallest unit")  # type: ignore[prop-decorator]
    @property
    def cost(self) -> int:
        return sum(part.cost for work in self.work for part in work.parts)


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TicketReport(_Said):
    """A problem somebody reports."""

    zone: str
    title: Annotated[Said, StringConstraints(max_length=200)]
    note: Note = ""
    priority: Literal["low", "medium", "high"] = "medium"
    point: str | None = None
    facility: str | None = None
    alarm: str | None = None
    activation: str | None = None


class Assign(_Said):
    """Who is to work it."""

    to: Said = Field(description="a username")
    note: Note = ""


class Start(_Said):
    """Work begins."""

    note: Note = ""


class Rectify(_Said):
    """The fix is done, and this proves it (整改完成): words, photos of the ticket, or a reading; at least one."""

    evidence: Note = ""
    photos: Annotated[list[str], Field(max_length=30, description="ids of the ticket's photos")] = []
    reading: str | None = Field(default=None, description="a point; its newest reading is kept as evidence")

    @model_validator(mode="after")
    def _says_something(self) -> "Rectify":
        if not (self.evidence or self.photos or self.reading):
            raise ValueError("say what proves that it is put right: words, a photo or a reading")
        return self


class Reinspect(_Said):
    """Somebody else has looked (复查)."""

    passed: bool
    note: Note = ""


class Close(_Said):
    """All is well; or it is signed that the ticket may end although its condition stands."""

    note: Note = ""
    override: Note = Field(default="", description="the reason, where a sensor still sees it")


class Reopen(_Said):
    """It has come again."""

    reason: Said


class Cancel(_Said):
    """There is nothing to do after all."""

    reason: Said
    override: bool = Field(default=False, description="although a sensor still sees it")


class Merge(_Said):
    """It is the same problem as another ticket."""

    into: Said = Field(description="the ticket that goes on")
    reason: Said


class Comment(_Said):
    """Something to say."""

    text: Said


class PartIn(_Said):
    """Something built in or used up."""

    name: Annotated[Said, StringConstraints(max_length=120)]
    quantity: float = Field(gt=0, le=1_000_000)
    cost: int = Field(default=0, ge=0, le=10**12, description="of all of it, in the currency's smallest unit")


class WorkIn(_Said):
    """Hours and parts."""

    minutes: int = Field(default=0, ge=0, le=60 * 24 * 31)
    parts: Annotated[list[PartIn], Field(max_length=50)] = []
    note: Note = ""
