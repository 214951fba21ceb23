"""Facilities as shown."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from api.times import Timestamp
from community.inspections import Outcome
from community.text import Text


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class FacilityRenewal(_Shown):
    """When a facility has to be renewed."""

    facility: str
    due: date
    cost: float | None = Field(description="yuan, estimated")
    assumed: bool = Field(description="no life is written down; the guide's is taken")


class FacilityOut(_Shown):
    """A facility on the register (设施台账)."""

    id: str
    name: Text
    zone: str
    party: str
    party_name: Text
    escalation: str | None
    category: str
    installed: date | None
    points: list[str]
    renewal: FacilityRenewal | None
    open_alarms: int
    open_tickets: int
    overdue_tickets: int


class DocumentOut(_Shown):
    """A document; its bytes are at `/facilities/{facility}/documents/{id}`."""

    id: str
    name: str
    media_type: str
    size: int
    at: Timestamp
    by: str


class ScheduleOut(BaseModel):
    """A schedule of preventive maintenance, as it stands for one facility."""

    id: str
    name: Text
    every: str | None = Field(description="RFC 5545")
    next_at: Timestamp | None
    counts: str | None = Field(description="what is counted: hours or starts")
    figure: float | None
    next_figure: float | None


class FacilityTicket(BaseModel):
    """A ticket of the facility."""

    id: str
    title: Text
    state: str
    source: str
    reported_at: Timestamp
    complete_by: Timestamp
    open: bool


class FacilityAnswer(BaseModel):
    """What an inspection found at the facility."""

    round: str
    at: Timestamp
    by: str
    name: Text
    outcome: Outcome
    value: float | None
    unit: str | None
    note: str


class FacilityDetail(FacilityOut):
    """A facility and all that belongs to it."""

    documents: list[DocumentOut]
    schedules: list[ScheduleOut]
    tickets: list[FacilityTicket] = Field(description="of the last 12 months, the newest first")
    alarms: list[str] = Field(description="ids of the alarms that are open")
    inspections: list[FacilityAnswer]


class RenewalYear(BaseModel):
    """What ends its life in a year."""

    year: int
    cost: float
    unestimated: int = Field(description="how many have no estimate")
    rows: list[FacilityRenewal]


class RenewalPlan(BaseModel):
    """Renewals by year; what is overdue comes first and is in no year."""

    overdue: list[FacilityRenewal]
    years: list[RenewalYear]
    unknown: list[str] = Field(description="facilities nobody knows the age of")
