"""Tickets and their closed loop (问题-整改-复查): reported, put right with evidence, looked at again by somebody else.

A ticket of a condition closes only once the condition has cleared, or when somebody signs that it may with a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from community.errors import TransitionRefused
from community.evidence import Evidence, Photo, Rating, Work
from community.people import PLATFORM, Action, Actor, may


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
    """One entry of the history: who, when, what happened, and what they said."""

    at: int
    by: str
    change: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition the ticket is about, as sensors show it."""

    source: str
    """`rule:<id>:<scope>`."""
    standing: bool
    at: int
    """Since when."""
    raised: int = 1
    """How often it has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A problem somebody has to put right."""

    id: str
    site: str
    zone: str
    title_zh: str
    title_en: str
    source: str
    """`rule:<id>:<scope>`, `alarm:<id>`, `plan:<id>`, `person:<name>`, …"""
    priority: str
    """`low`, `medium` or `high`."""
    state: TicketState
    reported_at: int
    respond_by: int
    complete_by: int
    responded_at: int | None = None
    """A person's first answer; of a reopened ticket, the first since."""
    ended_at: int | None = None
    reopened_at: int | None = None
    reopened: int = 0
    assignee: str | None = None
    told: str | None = None
    """The last assignee who was told."""
    dispatched: bool = False
    """Whether somebody was looked for to work it."""
    rectified_by: str | None = None
    evidence: tuple[Evidence, ...] = ()
    failed_inspections: int = 0
    late: tuple[str, ...] = ()
    """Deadlines that were missed: `respond`, `respond-limit`, `complete`."""
    conditions: tuple[Condition, ...] = ()
    override: str | None = None
    """Why it was ended while its condition stood."""
    photos: tuple[Photo, ...] = ()
    work: tuple[Work, ...] = ()
    rating: Rating | None = None
    alarm: str | None = None
    point: str | None = None
    facility: str | None = None
    activation: str | None = None
    party: str | None = None
    merged_into: str | None = None
    earlier: str | None = None
    """The last ticket of the same condition."""
    history: tuple[TicketNote, ...] = ()
    clock_ms: int = 0
    """By how much the server's clock was set since it was opened: its deadlines were moved with it."""
    version: int = 1

    @property
    def opened_at(self) -> int:
        """From when its deadlines count."""
        return self.reopened_at or self.reported_at

    @property
    def standing(self) -> bool:
        """Whether a sensor still sees what it is about."""
        return any(condition.standing for condition in self.conditions)


class TicketEvent(StrEnum):
    """What is done to a ticket."""

    ASSIGN = "assign"
    START = "start"
    RECTIFY = "rectify"
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    CLOSE = "close"
    REOPEN = "reopen"
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
    (_S.CLOSED, _E.REOPEN): _S.REPORTED,
    **{(state, _E.CANCEL): _S.CANCELLED for state in (_S.REPORTED, _S.ASSIGNED, _S.IN_PROGRESS)},
    **{(state, _E.MERGE): _S.MERGED for state in (_S.REPORTED, _S.ASSIGNED, _S.IN_PROGRESS)},
}
"""No path closes a ticket that was not rectified and re-inspected."""
RIGHTS: Mapping[TicketEvent, Action] = {
    _E.ASSIGN: Action.ASSIGN_TICKET,
    _E.START: Action.WORK_TICKET,
    _E.RECTIFY: Action.WORK_TICKET,
    _E.PASS: Action.INSPECT_TICKET,
    _E.FAIL: Action.INSPECT_TICKET,
    _E.CLOSE: Action.INSPECT_TICKET,
    _E.REOPEN: Action.INSPECT_TICKET,
    _E.CANCEL: Action.ASSIGN_TICKET,
    _E.MERGE: Action.ASSIGN_TICKET,
}
THE_PLATFORMS = frozenset({_E.ASSIGN, _E.REOPEN})
"""What the platform does by itself; all else is people's."""

OPEN = frozenset(_S) - {_S.CLOSED, _S.CANCELLED, _S.MERGED}
SYSTEM = PLATFORM.name
"""The platform itself: what it does to a ticket is nobody's answer to whoever reported it."""
RESPOND_MS = 2 * 3_600_000
COMPLETE_MS = {"high": 24 * 3_600_000, "medium": 3 * 86_400_000, "low": 7 * 86_400_000}
REOPEN_MS = 24 * 3_600_000


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
    deadlines: tuple[int, int] | None = None,
    conditions: tuple[Condition, ...] = (),
    alarm: str | None = None,
    point: str | None = None,
    facility: str | None = None,
    activation: str | None = None,
    party: str | None = None,
    earlier: str | None = None,
    note: str = "",
) -> Ticket:
    """A reported ticket; `deadlines` are when it is to be answered and done, None: by its priority, day and night."""
    respond_by, complete_by = deadlines or (now + RESPOND_MS, now + COMPLETE_MS[priority])
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
        respond_by=respond_by,
        complete_by=complete_by,
        conditions=conditions,
        alarm=alarm,
        point=point,
        facility=facility,
        activation=activation,
        party=party,
        earlier=earlier,
        history=(TicketNote(at=now, by=by, change="reported", note=note),),
    )


def assign(ticket: Ticket, by: Actor, to: str, note: str, now: int) -> Ticket:
    """Give it to somebody. A person's first answer."""
    said = f"-> {to}" + (f": {note}" if note else "")
    return _take(ticket, TicketEvent.ASSIGN, by, said, now, assignee=to, told=None, dispatched=True)


def start(ticket: Ticket, by: Actor, note: str, now: int) -> Ticket:
    """Begin to work on it; whoever begins has it."""
    return _take(ticket, TicketEvent.START, by, note, now, assignee=ticket.assignee or by.name)


def rectify(ticket: Ticket, by: Actor, evidence: Evidence, now: int) -> Ticket:
    """It is put right (整改完成); needs evidence.

    Raises:
        TransitionRefused: nothing proves it, or a photo is not one of the ticket's.
    """
    known = {photo.id for photo in ticket.photos}
    if unknown := [photo for photo in evidence.photos if photo not in known]:
        raise TransitionRefused(f"the ticket has no photo {unknown[0]}; add it first")
    if not evidence.note.strip() and not evidence.photos and evidence.value is None:
        raise TransitionRefused("say what proves that it is put right: a note, a photo or a reading")
    given = (*ticket.evidence, evidence)
    return _take(ticket, TicketEvent.RECTIFY, by, evidence.note, now, rectified_by=by.name, evidence=given)


def reinspect(ticket: Ticket, by: Actor, passed: bool, note: str, now: int) -> Ticket:
    """Somebody else looks again (复查); what fails goes back to work and counts.

    Raises:
        TransitionRefused: `by` has worked on this ticket's rectification, now or before an inspection that failed.
    """
    _somebody_else(ticket, by)
    if passed:
        return _take(ticket, TicketEvent.PASS, by, note, now)
    if not note.strip():
        raise TransitionRefused("say what is still wrong")
    return _take(ticket, TicketEvent.FAIL, by, note, now, failed_inspections=ticket.failed_inspections + 1)


def rectifiers(ticket: Ticket) -> frozenset[str]:
    """Everybody who ever said that it was put right, or wrote down work on it."""
    said = {note.by for note in ticket.history if note.change == TicketEvent.RECTIFY}
    return frozenset(said | {work.by for work in ticket.work})


def close(ticket: Ticket, by: Actor, note: str, now: int, *, override: str = "") -> Ticket:
    """After the re-inspection, once its condition has cleared.

    Raises:
        TransitionRefused: the condition stands and `override`, a signed reason, is missing or from who put it right.
    """
    if not ticket.standing:
        return _take(ticket, TicketEvent.CLOSE, by, note, now, ended_at=now)
    reason = _signed(ticket, override)
    _somebody_else(ticket, by)
    return _take(ticket, TicketEvent.CLOSE, by, f"override: {reason}", now, ended_at=now, override=reason)


def reopen(
    ticket: Ticket, by: Actor, reason: str, now: int, *, deadlines: tuple[int, int], within_ms: int = REOPEN_MS
) -> Ticket:
    """It has come again soon after the end: the same ticket, with all it has.

    Raises:
        TransitionRefused: no reason, or it ended too long ago.
    """
    if not reason.strip():
        raise TransitionRefused("say what has come again")
    if ticket.ended_at is not None and now - ticket.ended_at > within_ms:
        raise TransitionRefused("it ended too long ago to be opened again; report a new one")
    respond_by, complete_by = deadlines
    return _take(
        ticket,
        TicketEvent.REOPEN,
        by,
        reason,
        now,
        reopened=ticket.reopened + 1,
        reopened_at=now,
        ended_at=None,
        rating=None,
        override=None,
        responded_at=None,
        respond_by=respond_by,
        complete_by=complete_by,
        late=(),
        clock_ms=0,
        assignee=None,
        told=None,
        dispatched=False,
    )


def cancel(ticket: Ticket, by: Actor, reason: str, now: int, *, override: bool = False) -> Ticket:
    """It is no problem after all; needs a reason, which is signed as an override while its condition stands."""
    if not reason.strip():
        raise TransitionRefused("say why it is cancelled")
    if not ticket.standing:
        return _take(ticket, TicketEvent.CANCEL, by, reason, now, ended_at=now)
    signed = _signed(ticket, reason if override else "")
    return _take(ticket, TicketEvent.CANCEL, by, f"override: {signed}", now, ended_at=now, override=signed)


def merge(ticket: Ticket, by: Actor, into: Ticket, reason: str, now: int) -> tuple[Ticket, Ticket]:
    """The same problem as another ticket, which takes over its conditions, photos, evidence and work.

    Returns: the merged one, and the one that goes on.

    Raises:
        TransitionRefused: no reason, the same ticket, or the other one has ended.
    """
    if not reason.strip():
        raise TransitionRefused("say why it is the same problem")
    if into.id == ticket.id:
        raise TransitionRefused("a ticket is not merged into itself")
    if into.state not in OPEN:
        raise TransitionRefused(f"the other ticket is {into.state}; merge into one that is open")
    merged = _take(ticket, TicketEvent.MERGE, by, f"-> {into.id}: {reason}", now, ended_at=now, merged_into=into.id)
    theirs = {condition.source for condition in into.conditions}
    joined = replace(
        into,
        conditions=(*into.conditions, *(c for c in ticket.conditions if c.source not in theirs)),
        photos=(*into.photos, *ticket.photos),
        evidence=(*into.evidence, *ticket.evidence),
        work=(*into.work, *ticket.work),
    )
    return merged, add_note(joined, by.name, "merged-in", f"<- {ticket.id}: {reason}", now)


def add_note(ticket: Ticket, by: str, change: str, note: str, now: int) -> Ticket:
    """Something worth knowing, without a change of state."""
    entry = TicketNote(at=now, by=by, change=change, note=note)
    return replace(ticket, history=(*ticket.history, entry), version=ticket.version + 1)


def _somebody_else(ticket: Ticket, by: Actor) -> None:
    if by.name in rectifiers(ticket):
        raise TransitionRefused("whoever put it right may not re-inspect it; somebody else has to look")


def _signed(ticket: Ticket, reason: str) -> str:
    if not reason.strip():
        standing = ", ".join(c.source for c in ticket.conditions if c.standing)
        raise TransitionRefused(f"the sensor still sees it ({standing}); wait until it has cleared, or sign a reason")
    return reason


def _take(ticket: Ticket, event: TicketEvent, by: Actor, note: str, now: int, **changes: Any) -> Ticket:
    following = TRANSITIONS.get((ticket.state, event))
    if following is None:
        raise TransitionRefused(f"a ticket that is {ticket.state} cannot take '{event}'")
    allowed = event in THE_PLATFORMS if by == PLATFORM else may(by.roles, RIGHTS[event])
    if not allowed:
        raise TransitionRefused(f"{by.name} may not {event} a ticket")
    entry = TicketNote(at=now, by=by.name, change=event.value, note=note)
    values = {"responded_at": ticket.responded_at or (None if by == PLATFORM else now), **changes}
    return replace(ticket, state=following, history=(*ticket.history, entry), version=ticket.version + 1, **values)
