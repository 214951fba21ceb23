"""Safety management as shown."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from community.text import Text
from community.tickets import TicketState


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MemberOut(_Shown):
    """Somebody on the committee."""

    person: str
    role: str = Field(description="chair, supervisor, inspector or member")
    answers_for: Text | None


class SafetyDocumentOut(_Shown):
    """A document and its review."""

    id: str
    name: Text
    kind: str
    owner: str
    reviewed: date | None
    review: date
    overdue: bool = False
    kept: Text | None


class ResponsibleOut(BaseModel):
    """A party of the responsibility list (责任清单)."""

    party: str
    facilities: int = Field(description="it answers for")
    people: list[str] = Field(description="who work for it")


class ReviewOut(BaseModel):
    """A review that waits: of a document, a risk, a plan, or after a change of staff or of the site."""

    id: str = Field(description="its ticket")
    title: Text
    state: TicketState


class SafetyOut(BaseModel):
    """How safety is managed."""

    committee: list[MemberOut]
    documents: list[SafetyDocumentOut]
    responsible: list[ResponsibleOut]
    reviews: list[ReviewOut]
