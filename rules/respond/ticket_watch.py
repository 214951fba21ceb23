"""Looks after tickets: finds who works a new one, tells them, and has a missed deadline known.

What is to be done next, and when, stands in the database (`next_at`), so that a restart forgets nothing; its
transactions are small, because alarms wait for the same turn to write.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from backbone import metrics
from backbone.database.duty import duty_on_record
from backbone.database.errors import Conflict
from backbone.database.outbox import Relay, append
from backbone.database.statements import savepoint
from backbone.database.tickets import due_tickets, get_ticket, load_of, put_off, save_ticket
from backbone.database.users import list_users
from community.assignment import choose
from community.people import PLATFORM, Action, may
from community.roster import OnRecord
from community.site.site import Site
from community.ticket_deadlines import mark_late, missed, untold
from community.tickets import Ticket, TicketState, add_note, assign
from rules.respond import ticket_notices
from rules.writer import Writer

WRITER = "rules"
LOOK_EVERY_S = 1.0
GATHER_S = 0.05
"""What was reported together is looked after in one go: alarms wait for the same turn to write."""
AT_ONCE = 20
AGAIN_MS = 60_000
"""One that could not be looked after is tried again, behind all others that are due."""
log = structlog.get_logger()


@dataclass(slots=True)
class _Crew:
    """Who can be given tickets at this moment."""

    accounts: frozenset[str]
    load: dict[str, int]
    record: OnRecord


class TicketWatch:
    """Runs beside detection in the rules service; no alarm waits for it."""

    def __init__(
        self, site: Site, writer: Writer, relay: Relay, wake_notifier: Callable[[], None], now: Callable[[], int]
    ) -> None:
        self._site = site
        self._writer = writer
        self._relay = relay
        self._wake_notifier = wake_notifier
        self._now = now
        self._wake = asyncio.Event()

    def use(self, site: Site) -> None:
        """Look after tickets by this site from now on."""
        self._site = site

    def on_event(self, _topic: str, _payload: bytes) -> None:
        """A ticket changed."""
        self._wake.set()

    async def run(self) -> None:
        """Look after tickets until cancelled."""
        while True:
            self._wake.clear()
            done = await self._writer.do(lambda c: look_after(c, self._site, self._now()))
            if done:
                self._relay.wake()
                self._wake_notifier()
            if done == AT_ONCE:
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()
                    await asyncio.sleep(GATHER_S)


def look_after(c: Connection, site: Site, now: int) -> int:
    """Do what is due, for some tickets; for how many were taken. One that cannot be looked after holds up no other."""
    due = due_tickets(c, site.id, now, AT_ONCE)
    if not due:
        return 0
    accounts = frozenset(u.username for u in list_users(c) if not u.disabled and may(u.roles, Action.WORK_TICKET))
    crew = _Crew(accounts, load_of(c, site.id), duty_on_record(c, site, now))
    for identifier in due:
        try:
            with savepoint(c):
                ticket = get_ticket(c, identifier)
                assert ticket is not None
                _keep(c, ticket, _look_after_one(c, site, ticket, crew, now), now)
        except (OperationalError, InterfaceError, Conflict):
            raise
        except Exception:
            metrics.loop_errors.labels("rules tickets").inc()
            log.exception("a ticket could not be looked after; trying again", ticket=identifier, after_ms=AGAIN_MS)
            put_off(c, identifier, now + AGAIN_MS)
    return len(due)


def _look_after_one(c: Connection, site: Site, ticket: Ticket, crew: _Crew, now: int) -> Ticket:
    if ticket.state is TicketState.REPORTED and not ticket.dispatched:
        ticket = _dispatch(site, ticket, crew, now)
    if untold(ticket):
        if site.file.notifications is not None:
            ticket_notices.tell_assignee(c, site, ticket, now)
        ticket = replace(ticket, told=ticket.assignee)
    for kind in missed(ticket, now):
        ticket = mark_late(ticket, kind, now)
        if site.file.notifications is not None:
            ticket_notices.tell_overdue(c, site, ticket, kind, now)
    return ticket


def _dispatch(site: Site, ticket: Ticket, crew: _Crew, now: int) -> Ticket:
    choice = choose(site, ticket, crew.accounts, crew.load, now, crew.record)
    if choice is None:
        return add_note(replace(ticket, dispatched=True), PLATFORM.name, "nobody-fits", "", now)
    crew.load[choice.person] = crew.load.get(choice.person, 0) + 1
    given = assign(ticket, PLATFORM, choice.person, choice.why, now)
    if ticket.alarm is not None and choice.on_duty:
        return replace(given, told=choice.person)  # whoever is on duty was told of its alarm
    return given


def _keep(c: Connection, before: Ticket, after: Ticket, now: int) -> None:
    saved = replace(after, version=before.version + 1)
    save_ticket(c, saved)
    append(c, WRITER, saved.site, "ticket", saved.history[-1].change, saved.id, saved, now)
