"""What became of alarms and tickets, as far as figures over months ask for it."""

from dataclasses import dataclass

from community.evidence import Rating
from community.tickets import TicketState


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAlarm:
    """Of an alarm (Unix ms)."""

    rule: str
    zone: str
    grade: str
    raised_at: int
    acknowledged_at: int | None = None
    acknowledged_by: str | None = None
    cleared_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTicket:
    """Of a ticket (Unix ms)."""

    source: str
    zone: str
    state: TicketState
    priority: str
    reported_at: int
    complete_by: int
    responded_at: int | None = None
    ended_at: int | None = None
    reopened_at: int | None = None
    late: tuple[str, ...] = ()
    failed_inspections: int = 0
    rating: Rating | None = None
    facility: str | None = None
    party: str | None = None

    @property
    def opened_at(self) -> int:
        """From when its deadlines count."""
        return self.reopened_at or self.reported_at

    @property
    def rule(self) -> str:
        """The rule it came of; empty: of none."""
        kind, _, rest = self.source.partition(":")
        return rest.partition(":")[0] if kind == "rule" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRound:
    """Of a round of inspection (Unix ms)."""

    route: str
    planned_at: int
    due_by: int | None = None
    ended_at: int | None = None
    party: str | None = None
