"""Who is on duty, and changes of it."""

from pydantic import BaseModel, ConfigDict, Field

from api.times import Moment, Timestamp
from community.text import Text


class OnDutyOut(BaseModel):
    """Who does a duty now."""

    duty: str
    name: Text
    people: list[str]
    untrained: list[str] = Field(
        description="whom the roster names without the training the duty needs: not called, unless nobody else is there"
    )
    until: Timestamp | None


class SpellOut(BaseModel):
    """A stretch of a duty by the same people."""

    duty: str
    shift: str
    since: Timestamp
    until: Timestamp
    people: list[str]
    changed: bool = Field(description="somebody stands in")
    untrained: list[str] = Field(description="whose training the duty needs will have run out")


class RosterChangeOut(BaseModel):
    """Somebody stands in for somebody."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    duty: str
    since: Timestamp
    until: Timestamp
    out: str
    in_: str | None = Field(serialization_alias="in")
    by: str
    reason: str
    withdrawn: bool
    request: str | None = Field(description="what it answers to, where somebody asked another to stand in")


class RosterOut(BaseModel):
    """Now, and a span of time."""

    now: list[OnDutyOut]
    spells: list[SpellOut]
    changes: list[RosterChangeOut]
    asked: list[RosterChangeOut] = Field(description="asked for, and not answered yet; the two of a swap together")
    shifts: dict[str, Text]
    people: dict[str, str]


class AskIn(BaseModel):
    """The caller asks somebody to stand in; with `swap_since` and `swap_until`, to exchange their times."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    duty: str
    since: Moment
    until: Moment
    in_: str = Field(alias="in")
    reason: str = Field(min_length=1, max_length=500)
    swap_since: Moment | None = None
    swap_until: Moment | None = None


class ChangeIn(AskIn):
    """Somebody stands in for `out`, by the word of whoever makes the roster."""

    out: str


class AnswerIn(BaseModel):
    """Yes or no."""

    model_config = ConfigDict(extra="forbid")

    accepted: bool
