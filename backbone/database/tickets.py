"""Tickets in the database."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam

from backbone.database.objects import Objects, any_of
from backbone.database.tables import tickets
from community.tickets import OPEN, Ticket, TicketState

_tickets = Objects(tickets, Ticket)
_open = _tickets.newest(
    tickets.c.site == bindparam("site"),
    tickets.c.source == bindparam("source"),
    tickets.c.state.in_([state.value for state in OPEN]),
)


def get_ticket(connection: Connection, identifier: str) -> Ticket | None:
    """A ticket by id."""
    return _tickets.get(connection, identifier)


def open_ticket_for(connection: Connection, site: str, source: str) -> Ticket | None:
    """The ticket of this source that is still open, if any: one condition is one ticket."""
    return _tickets.one(connection, _open, {"site": site, "source": source})


def list_tickets(
    connection: Connection,
    site: str,
    *,
    states: Iterable[TicketState] | None = None,
    limit: int = 100,
    before: tuple[int, str] | None = None,
) -> list[Ticket]:
    """Newest first."""
    values = None if states is None else [state.value for state in states]
    return _tickets.list(
        connection, tickets.c.site == site, *any_of(tickets.c.state, values), limit=limit, before=before
    )


def save_ticket(connection: Connection, ticket: Ticket) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _tickets.save(
        connection,
        ticket,
        site=ticket.site,
        state=ticket.state.value,
        zone=ticket.zone,
        at=ticket.reported_at,
        source=ticket.source,
    )
