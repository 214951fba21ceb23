"""Notifications as shown, and what people choose about them."""

from pydantic import BaseModel, ConfigDict, Field

from api.times import Timestamp
from community.escalations import EscalationState
from community.notifications import NotificationState
from community.preferences import Subject
from community.site.duty import Clock
from community.site.rules import Grade


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class TryOut(_Shown):
    """One attempt to hand it to a channel."""

    at: Timestamp
    channel: str
    outcome: str = Field(description="handed-over or failed")
    detail: str


class NotificationOut(_Shown):
    """What one person was told of one cause."""

    id: str
    escalation: str
    person: str
    name: str = Field(default="", description="the person's name in the site file")
    told_as: str = Field(description="the duty or role by which they were told")
    grade: str
    zone: str
    channels: list[str] = Field(description="in the order they are tried")
    state: NotificationState
    created_at: Timestamp
    tries: list[TryOut]
    message: str | None = Field(description="what went out together has the same")
    handed_at: Timestamp | None
    opened_at: Timestamp | None
    acknowledged_at: Timestamp | None
    why: str


class EscalationOut(_Shown):
    """Who was told of an alarm or of a plan's step, and whether somebody has taken it on."""

    id: str
    kind: str = Field(description="alarm, step or late")
    cause: str
    step: str | None
    started_at: Timestamp
    state: EscalationState
    ended_at: Timestamp | None
    ended_by: str
    next_at: Timestamp | None = Field(description="when the next people are told, unless somebody acknowledges")
    notifications: list[NotificationOut]


class ReachOut(BaseModel):
    """Whether somebody can be reached outside the page."""

    person: str
    name: str
    channels: dict[str, str] = Field(description="by channel: empty when it can be used, otherwise why not")
    reachable: bool


class ChoiceIn(_Shown):
    """How somebody wants to be told of one kind and grade; it stands in the place of what they chose for everything."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")

    about: Subject
    grade: Grade
    channels: list[str] = Field(default_factory=list, description="to try first; none: as for everything of this grade")
    quiet_from: Clock | None = Field(default=None, description="not given: told of this at any hour")
    quiet_to: Clock | None = None


class ChoosableOut(BaseModel):
    """What there is to choose for."""

    about: Subject
    grade: Grade
    quiet: bool = Field(description="whether it may have quiet hours")


class PreferencesOut(BaseModel):
    """What the caller chose."""

    person: str
    channels: dict[str, list[str]]
    quiet_from: str | None
    quiet_to: str | None
    own: list[ChoiceIn]
    choosable: list[ChoosableOut] = Field(description="kinds and grades a choice of its own may be made for")
    reach: ReachOut


class PreferencesIn(BaseModel):
    """Channels to try first, by grade, and quiet hours. A high alarm and being on duty go before both."""

    model_config = ConfigDict(extra="forbid")

    channels: dict[Grade, list[str]] = Field(default_factory=dict)
    quiet_from: Clock | None = None
    quiet_to: Clock | None = None
    own: list[ChoiceIn] = Field(default_factory=list, max_length=20, description="where they want it otherwise")
