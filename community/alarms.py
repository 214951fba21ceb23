"""Alarms and their life (IEC 62682): raise, acknowledge, clear, latch, reset."""

from dataclasses import dataclass
from enum import StrEnum

from community.site.model import Grade
from community.text import Text


class AlarmState(StrEnum):
    """The states of an alarm; suppression is a later chapter and orthogonal to these."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned-unacknowledged"
    LATCHED = "latched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One occurrence of a rule's condition at a point (or, for a vote, in a zone)."""

    id: str
    """`{rule}:{scope}:{raised_at}` — the same readings always give the same id, so a repeat has no effect."""
    site: str
    rule: str
    scope: str
    """The point id, or the zone id of a vote."""
    zone: str
    grade: Grade
    state: AlarmState
    message: Text
    action: Text | None
    latch: bool
    value: float | None
    """The value that raised it."""
    points: tuple[str, ...]
    """The points whose readings caused it."""
    raised_at: int
    acknowledged_at: int | None = None
    acknowledged_by: str | None = None
    acknowledge_note: str | None = None
    cleared_at: int | None = None
    late: bool = False
    """From readings older than `late_after`: on record, but moves no actuator."""
    simulated: bool = False
    test: bool = False
    plan: str | None = None
    ticket: str | None = None
    activation: str | None = None
    version: int = 1
