"""Alarms as shown, and what is said about them."""

from pydantic import BaseModel, ConfigDict, Field

from api.live.unrecorded import Unrecorded
from api.times import Timestamp
from community.alarms import AlarmState
from community.site.rules import Grade
from community.text import Text


class CauseOut(BaseModel):
    """A reading that made a condition true or ended it."""

    model_config = ConfigDict(from_attributes=True)

    point: str
    at: Timestamp = Field(description="when it was made; of a silence, when the point was last heard")
    value: float | None = Field(description="as the condition judged it; null: an event, or a silence")
    quality: int = Field(description="quality bits, 0: good")


class AlarmOut(BaseModel):
    """One occurrence of a rule's condition."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(examples=["jinxiu:smoke:smoke-b3-f1-a.smoke:1790000000000"])
    site: str
    rule: str
    scope: str = Field(description="the point; of a vote, the zone")
    zone: str
    grade: Grade
    state: AlarmState
    message: Text
    cause: Text | None = Field(default=None, description="what most often leads to it")
    consequence: Text | None = Field(default=None, description="what may come of it")
    action: Text | None
    latch: bool
    value: float | None = Field(description="the value that raised it")
    points: list[str] = Field(description="the points whose readings caused it")
    raised_at: Timestamp
    raised_again_at: Timestamp | None = Field(default=None, description="its condition came back before it had ended")
    acknowledged_at: Timestamp | None
    acknowledged_by: str | None
    acknowledge_note: str | None
    cleared_at: Timestamp | None
    reset_at: Timestamp | None = None
    reset_by: str | None = None
    reset_reason: str | None = None
    late: bool = Field(description="from old readings: on record, moved no actuator")
    simulated: bool
    test: bool
    plan: str | None
    ticket: str | None
    activation: str | None
    detail: dict[str, float] = Field(
        default_factory=dict,
        description="of a forecast, when the limit is reached (Unix ms): reached_at, reached_from, reached_to",
    )
    first_out: str | None = Field(default=None, description="the alarm this one is a consequence of")
    suppressed: str | None = Field(default=None, description="the suppression it is under: it calls nobody")
    called_again_at: Timestamp | None = Field(
        default=None, description="it wanted to be seen again: a suppression ended, or it stood for long"
    )
    chatters: bool = Field(
        default=False, description="it came and went three times within a minute: it stays until calm for 5 minutes"
    )
    clock_ms: int = Field(default=0, description="by how much the server's clock was set since it was acknowledged")
    raised_by: list[CauseOut] = Field(default_factory=list, description="the readings that raised it, at most 32")
    cleared_by: list[CauseOut] = Field(
        default_factory=list, description="the readings that ended its condition; none where time alone did"
    )
    version: int


class UnrecordedAlarmOut(AlarmOut):
    """An alarm the database could not take yet: it has no ticket, no plan, and nobody can acknowledge it."""

    told: list[str] = Field(description="people who were told of it without a record")


class UnrecordedOut(BaseModel):
    """The alarms that are not on record; each is on record under the same id once the database is back."""

    items: list[UnrecordedAlarmOut]
    left_off: int = Field(description="alarms beside these, none of them graver")
    silent_since: Timestamp | None = Field(description="the rules have not been heard since: it may have changed")


def show_unrecorded(shown: Unrecorded) -> UnrecordedOut:
    """The alarms as answers and the live channel show them."""
    items = [
        UnrecordedAlarmOut.model_validate({**AlarmOut.model_validate(one.alarm).model_dump(), "told": list(one.told)})
        for one in shown.alarms
    ]
    return UnrecordedOut(items=items, left_off=shown.left_off, silent_since=shown.silent_since)


class Acknowledgement(BaseModel):
    """Somebody has seen it."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(default="", max_length=2000, examples=["on my way"])


class Reset(BaseModel):
    """Somebody has looked, and the latch may go."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=2000, examples=["looked: a burnt pan"])
