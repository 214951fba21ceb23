"""Tickets and their closed loop (问题-整改-复查)."""

from dataclasses import dataclass
from enum import StrEnum


class TicketState(StrEnum):
    """States of a ticket; a failed re-inspection goes back to in-progress and counts."""

    REPORTED = "reported"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in-progress"
    RECTIFIED = "rectified"
    REINSPECTED = "re-inspected"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MERGED = "merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketNote:
    """One transition: who, when, from where to where, and what they said."""

    at: int
    by: str
    change: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A problem somebody has to put right."""

    id: str
    site: str
    zone: str
    title_zh: str
    title_en: str
    source: str
    """`rule:<id>`, `alarm:<id>`, `plan:<id>`, `person:<name>`."""
    priority: str
    """`low`, `medium` or `high`."""
    state: TicketState
    reported_at: int
    respond_by: int
    """Within 2 h of the report (guide ch. 6)."""
    complete_by: int
    responded_at: int | None = None
    assignee: str | None = None
    rectified_by: str | None = None
    evidence: str | None = None
    failed_inspections: int = 0
    alarm: str | None = None
    point: str | None = None
    facility: str | None = None
    party: str | None = None
    history: tuple[TicketNote, ...] = ()
    version: int = 1
