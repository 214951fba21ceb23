"""Suppressions as shown, and how they are asked for."""

from pydantic import BaseModel, ConfigDict, Field

from api.times import Moment, Timestamp
from community.suppression import SuppressionKind, SuppressionState


class SuppressionOut(BaseModel):
    """Alarms that call nobody from a time to a time."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    site: str
    kind: SuppressionKind
    state: SuppressionState
    zone: str
    device: str | None = Field(description="out of service, maintenance: only this device")
    facility: str | None = Field(default=None, description="maintenance: only this facility")
    alarm: str | None = Field(default=None, description="by design: the alarm that stands meanwhile")
    rule: str | None = Field(description="of a shelved alarm, or of the alarm that suppresses")
    scope: str | None = Field(description="of a shelved alarm, or of the alarm that suppresses")
    fire: bool = Field(description="fire is not detected there meanwhile: somebody has to watch")
    reason: str
    by: str
    since: Timestamp
    until: Timestamp
    ended_at: Timestamp | None
    ended_by: str | None = Field(description="empty: it ended by itself")
    version: int


class Shelving(BaseModel):
    """Shelve one alarm."""

    model_config = ConfigDict(extra="forbid")

    alarm: str
    reason: str = Field(min_length=1, max_length=500)
    until: Moment = Field(description="high: within 30 minutes; others: within 12 hours")


class OutOfService(BaseModel):
    """Take a place or a device out of service."""

    model_config = ConfigDict(extra="forbid")

    zone: str
    device: str | None = None
    reason: str = Field(min_length=1, max_length=500)
    until: Moment = Field(description="with fire detectors: within 8 hours; without: within 30 days")


class Maintenance(BaseModel):
    """A place, a device or a facility is under maintenance: rules that say so call nobody there."""

    model_config = ConfigDict(extra="forbid")

    zone: str | None = Field(default=None, description="a place, or")
    device: str | None = Field(default=None, description="a device, or")
    facility: str | None = Field(default=None, description="a facility that has points")
    reason: str = Field(min_length=1, max_length=500, examples=["pump bearings replaced"])
    until: Moment = Field(description="within 30 days")
