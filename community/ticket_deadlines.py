"""Deadlines of tickets, in working time where the site says so, and what happens when one passes.

A person's first answer is due within 2 h and, whatever the calendar says, never later than 24 h after the report
(guide ch. 6).
"""

from collections.abc import Iterator
from dataclasses import replace

from community.site.calendar import Hours, hours_of
from community.site.model import SiteFile
from community.site.tickets import Deadline
from community.tickets import COMPLETE_MS, OPEN, RESPOND_MS, SYSTEM, Ticket, TicketState, add_note

RESPOND, RESPOND_LIMIT, COMPLETE = "respond", "respond-limit", "complete"
LIMIT_MS = 24 * 3_600_000
_MOST_SPANS = 1_000


def deadlines_for(file: SiteFile, priority: str, now: int) -> tuple[int, int]:
    """When a ticket opened now is to be answered and done (Unix ms)."""
    row = file.tickets.deadlines.get(priority)  # type: ignore[call-overload]
    if row is None:
        return now + RESPOND_MS, now + COMPLETE_MS[priority]
    assert isinstance(row, Deadline)
    hours = hours_of(file, row.during) if row.during else None
    respond_by = after_working(hours, now, round(row.respond * 1000))
    return min(respond_by, now + LIMIT_MS), after_working(hours, now, round(row.complete * 1000))


def after_working(hours: Hours | None, now: int, span_ms: int) -> int:
    """The time when `span_ms` of working time have passed; None: all time is."""
    if hours is None:
        return now + span_ms
    at, left = now, span_ms
    for _ in range(_MOST_SPANS):
        inside, until = hours.at(at)
        if inside:
            if until - at >= left:
                return at + left
            left -= until - at
        at = until
    return now + span_ms  # a calendar that holds almost never: the deadline counts day and night


def missed(ticket: Ticket, now: int) -> tuple[str, ...]:
    """The deadlines that have passed and are not marked yet."""
    return tuple(kind for kind, at in _pending(ticket) if at < now)


def mark_late(ticket: Ticket, kind: str, now: int) -> Ticket:
    """A deadline has passed: written into the record, where it stays."""
    return add_note(replace(ticket, late=(*ticket.late, kind)), SYSTEM, f"late-{kind}", "", now)


def next_look(ticket: Ticket) -> int | None:
    """When the platform has to look after the ticket next (Unix ms); None: never, unless somebody changes it."""
    if ticket.state not in OPEN:
        return None
    if (ticket.state is TicketState.REPORTED and not ticket.dispatched) or untold(ticket):
        return ticket.opened_at + ticket.clock_ms
    return min((at for _, at in _pending(ticket)), default=None)


def untold(ticket: Ticket) -> bool:
    """Whether whoever it was given to is still to be told."""
    return ticket.state is TicketState.ASSIGNED and ticket.assignee is not None and ticket.told != ticket.assignee


def _pending(ticket: Ticket) -> Iterator[tuple[str, int]]:
    if ticket.state not in OPEN:
        return
    waiting = [(COMPLETE, ticket.complete_by)] if ticket.rectified_by is None or _at_work(ticket) else []
    if ticket.responded_at is None:
        waiting += [(RESPOND, ticket.respond_by), (RESPOND_LIMIT, ticket.opened_at + ticket.clock_ms + LIMIT_MS)]
    yield from ((kind, at) for kind, at in waiting if kind not in ticket.late)


def _at_work(ticket: Ticket) -> bool:
    return ticket.state in {TicketState.REPORTED, TicketState.ASSIGNED, TicketState.IN_PROGRESS}
