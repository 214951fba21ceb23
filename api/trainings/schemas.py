"""Training records as shown, and what it takes to record one."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.tickets.schemas import Note
from api.times import Timestamp
from community.site.fields import ID_PATTERN
from community.text import Text
from community.training import Standing

Name = Annotated[str, Field(pattern=ID_PATTERN)]


class QualificationOut(BaseModel):
    """What somebody must have learned to be on duty for something."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: Text
    content: str
    duties: list[str]
    without: str = Field(description="warn or refuse: what becomes of somebody on the roster who lacks it")


class HeldOut(BaseModel):
    """How somebody on duty stands with a qualification the duty needs."""

    person: str
    qualification: str
    standing: Standing
    expires: date | None


class TrainingOut(BaseModel):
    """A training that was recorded here."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    person: str
    qualification: str
    on: date
    form: str
    expires: date
    by: str
    recorded_at: Timestamp
    note: str


class TrainingsOut(BaseModel):
    """What is needed, who has it, and the records."""

    qualifications: list[QualificationOut]
    held: list[HeldOut]
    records: list[TrainingOut]
    people: dict[str, str]


class RecordTraining(BaseModel):
    """Somebody was trained."""

    model_config = ConfigDict(extra="forbid")

    person: Name
    qualification: Name
    on: date
    form: Literal["theory", "practice", "case-study"] = "practice"
    expires: date | None = Field(default=None, description="if the certificate itself says so")
    note: Note = ""
