"""Headcounts as shown, and what people do in them (清点)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.tickets.schemas import Note, Said
from api.times import Timestamp
from community.headcount import HeadcountState, Status

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PresenceOut(_Shown):
    """How many cards were last seen in a place."""

    zone: str
    people: int
    older: int = Field(description="of them, those no door has seen for more than a day")


class RowOut(_Shown):
    """A person of the list."""

    person: str = Field(
        description="a card's pseudonym, the card itself with personal_data: as-read, or the name somebody gave"
    )
    zone: str
    seen_at: Timestamp
    status: Status
    where: str = Field(description="the muster point, or the zone a door saw them in")
    by: str
    named: bool = Field(description="somebody named them; they have no card")
    note: str


class ConfirmationOut(_Shown):
    """Somebody said that the list is right."""

    at: Timestamp
    by: str
    counted: int
    missing: int
    note: str


class HeadcountChange(BaseModel):
    """That a headcount has changed; the names on it are only for those who ask for the list."""

    id: str = Field(description="the activation's")
    state: HeadcountState
    version: int


class HeadcountOut(_Shown):
    """The headcount of an activation, as it stands now; those who are missing first."""

    activation: str
    zone: str
    state: HeadcountState
    started_at: Timestamp
    started_by: str
    doors_known: bool = Field(
        description="false: the doors' newest events cannot be read; the list holds what is stored and what people say"
    )
    muster_points: dict[str, dict[str, str]] = Field(description="by id, their names in zh and en")
    people: list[RowOut]
    missing: int
    confirmations: list[ConfirmationOut]
    version: int


class Begin(_Asked):
    """Begin to count."""

    zone: str | None = Field(default=None, description="what is evacuated; the activation's building if unset")


class NamePerson(_Asked):
    """Somebody without a card who was inside."""

    person: Name
    zone: str
    note: Note = ""


class Check(_Asked):
    """What is known of somebody."""

    person: Name
    status: Literal["safe", "injured", "missing"]
    where: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""
    note: Note = ""


class Strike(_Asked):
    """Nobody is behind a row of the list, and how that is known."""

    person: Name
    reason: Said


class CardOut(BaseModel):
    """A card that was last inside."""

    card: str = Field(description="its pseudonym")
    zone: str
    seen_at: Timestamp


class RetireCard(_Asked):
    """Why a card stands for nobody any more."""

    reason: Said


class Confirm(_Asked):
    """The list is right."""

    note: Note = Field(default="", description="where somebody is missing: who knows of it, who looks for them")
