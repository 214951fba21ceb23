"""Tickets and their closed loop (问题-整改-复查)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from community.errors import TransitionRefused


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


class TicketEvent(StrEnum):
    """What people do to a ticket."""

    ASSIGN = "assign"
    START = "start"
    RECTIFY = "rectify"
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    CLOSE = "close"
    CANCEL = "cancel"
    MERGE = "merge"


_S, _E = TicketState, TicketEvent
TRANSITIONS: Mapping[tuple[TicketState, TicketEvent], TicketState] = {
    (_S.REPORTED, _E.ASSIGN): _S.ASSIGNED,
    (_S.ASSIGNED, _E.ASSIGN): _S.ASSIGNED,
    (_S.IN_PROGRESS, _E.ASSIGN): _S.ASSIGNED,
    (_S.REPORTED, _E.START): _S.IN_PROGRESS,
    (_S.ASSIGNED, _E.START): _S.IN_PROGRESS,
    (_S.IN_PROGRESS, _E.RECTIFY): _S.RECTIFIED,
    (_S.RECTIFIED, _E.PASS): _S.REINSPECTED,
    (_S.RECTIFIED, _E.FAIL): _S.IN_PROGRESS,
    (_S.REINSPECTED, _E.CLOSE): _S.CLOSED,
    **{(state, _E.CANCEL): _S.CANCELLED for state in (_S.REPORTED, _S.ASSIGNED, _S.IN_PROGRESS)},
    **{(state, _E.MERGE): _S.MERGED for state in (_S.REPORTED, _S.ASSIGNED, _S.IN_PROGRESS)},
}
"""No path closes a ticket that was not rectified and re-inspected."""

OPEN = frozenset(_S) - {_S.CLOSED, _S.CANCELLED, _S.MERGED}
SYSTEM = "system"
"""The platform itself: what it does to a ticket is nobody's answer to whoever reported it."""
RESPOND_MS = 2 * 3_600_000
COMPLETE_MS = {"high": 24 * 3_600_000, "medium": 3 * 86_400_000, "low": 7 * 86_400_000}


def open_ticket(
    *,
    id: str,  # noqa: A002  (the field's name)
    site: str,
    zone: str,
    title_zh: str,
    title_en: str,
    source: str,
    priority: str,
    now: int,
    by: str,
    alarm: str | None = None,
    point: str | None = None,
    facility: str | None = None,
    party: str | None = None,
    note: str = "",
) -> Ticket:
    """A reported ticket, with its deadlines: a person's answer within 2 h, done by its priority."""
    return Ticket(
        id=id,
        site=site,
        zone=zone,
        title_zh=title_zh,
        title_en=title_en,
        source=source,
        priority=priority,
        state=TicketState.REPORTED,
        reported_at=now,
        respond_by=now + RESPOND_MS,
        complete_by=now + COMPLETE_MS[priority],
        alarm=alarm,
        point=point,
        facility=facility,
        party=party,
        history=(TicketNote(at=now, by=by, change="reported", note=note),),
    )


def assign(ticket: Ticket, by: str, to: str, note: str, now: int) -> Ticket:
    """Give it to somebody. A person's first answer."""
    return _take(ticket, TicketEvent.ASSIGN, by, f"-> {to}" + (f": {note}" if note else ""), now, assignee=to)


def start(ticket: Ticket, by: str, note: str, now: int) -> Ticket:
    """Begin to work on it; whoever begins has it."""
    return _take(ticket, TicketEvent.START, by, note, now, assignee=ticket.assignee or by)


def rectify(ticket: Ticket, by: str, evidence: str, now: int) -> Ticket:
    """It is put right (整改完成); needs evidence."""
    if not evidence.strip():
        raise TransitionRefused("say what proves that it is put right: a note, a photo or a reading")
    return _take(ticket, TicketEvent.RECTIFY, by, evidence, now, rectified_by=by, evidence=evidence)


def reinspect(ticket: Ticket, by: str, passed: bool, note: str, now: int) -> Ticket:
    """Somebody else looks again (复查); what fails goes back to work and counts.

    Raises:
        TransitionRefused: `by` has worked on this ticket's rectification, now or before an inspection that failed.
    """
    if by in rectifiers(ticket):
        raise TransitionRefused("whoever put it right may not re-inspect it; somebody else has to look")
    if passed:
        return _take(ticket, TicketEvent.PASS, by, note, now)
    if not note.strip():
        raise TransitionRefused("say what is still wrong")
    return _take(ticket, TicketEvent.FAIL, by, note, now, failed_inspections=ticket.failed_inspections + 1)


def rectifiers(ticket: Ticket) -> frozenset[str]:
    """Everybody who ever said that it was put right."""
    return frozenset(note.by for note in ticket.history if note.change == TicketEvent.RECTIFY)


def close(ticket: Ticket, by: str, note: str, now: int) -> Ticket:
    """After the re-inspection."""
    return _take(ticket, TicketEvent.CLOSE, by, note, now)


def cancel(ticket: Ticket, by: str, reason: str, now: int) -> Ticket:
    """It is no problem after all; needs a reason."""
    if not reason.strip():
        raise TransitionRefused("say why it is cancelled")
    return _take(ticket, TicketEvent.CANCEL, by, reason, now)


def merge(ticket: Ticket, by: str, into: str, reason: str, now: int) -> Ticket:
    """The same problem as another ticket; needs a reason."""
    if not reason.strip():
        raise TransitionRefused("say why it is the same problem")
    return _take(ticket, TicketEvent.MERGE, by, f"-> {into}: {reason}", now)


def add_note(ticket: Ticket, by: str, change: str, note: str, now: int) -> Ticket:
    """Something worth knowing, without a change of state."""
    entry = TicketNote(at=now, by=by, change=change, note=note)
    return replace(ticket, history=(*ticket.history, entry), version=ticket.version + 1)


def _take(ticket: Ticket, event: TicketEvent, by: str, note: str, now: int, **changes: Any) -> Ticket:
    following = TRANSITIONS.get((ticket.state, event))
    if following is None:
        raise TransitionRefused(f"a ticket that is {ticket.state} cannot take '{event}'")
    entry = TicketNote(at=now, by=by, change=event.value, note=note)
    return replace(
        ticket,
        state=following,
        responded_at=ticket.responded_at or (None if by == SYSTEM else now),
        history=(*ticket.history, entry),
        version=ticket.version + 1,
        **changes,
    )
