"""Tickets in the database."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Connection, Integer, bindparam, func, or_, select, update

from backbone.database.objects import Objects, any_of
from backbone.database.statements import Prepared, one_of
from backbone.database.tables import tickets
from community.ticket_deadlines import next_look
from community.tickets import OPEN, Ticket, TicketState

MOST_MERGES = 20
_tickets = Objects(tickets, Ticket)
_last = _tickets.newest(tickets.c.site == bindparam("site"), tickets.c.source == bindparam("source"))
_open = [state.value for state in OPEN]
_due = Prepared(
    select(tickets.c.id)
    .where(tickets.c.site == bindparam("site"), tickets.c.next_at <= bindparam("now"))
    .order_by(tickets.c.next_at, tickets.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_load = Prepared(
    select(tickets.c.assignee, func.count())
    .where(tickets.c.site == bindparam("site"), one_of(tickets.c.state, _open), tickets.c.assignee.is_not(None))
    .group_by(tickets.c.assignee)
)


def get_ticket(connection: Connection, identifier: str) -> Ticket | None:
    """A ticket by id."""
    return _tickets.get(connection, identifier)


def ticket_of(connection: Connection, site: str, source: str) -> Ticket | None:
    """The last ticket of a source, or the one it was merged into."""
    ticket = _tickets.one(connection, _last, {"site": site, "source": source})
    for _ in range(MOST_MERGES):
        if ticket is None or ticket.merged_into is None:
            break
        ticket = get_ticket(connection, ticket.merged_into)
    return ticket


def due_tickets(connection: Connection, site: str, now: int, limit: int) -> list[str]:
    """Ids of open tickets the platform has to look after by now, the most urgent first."""
    return [row[0] for row in _due.rows(connection, {"site": site, "now": now, "limit": limit})]


def put_off(connection: Connection, identifier: str, until: int) -> None:
    """Look after a ticket no sooner than `until`, whatever it says itself, unless it changes meanwhile."""
    connection.execute(update(tickets).where(tickets.c.id == identifier).values(next_at=until))


def load_of(connection: Connection, site: str) -> dict[str, int]:
    """Open tickets by assignee."""
    return {str(assignee): int(count) for assignee, count in _load.rows(connection, {"site": site})}


def opened_by_rules(connection: Connection, site: str, since: int, until: int) -> dict[str, int]:
    """How many tickets the conditions of each rule opened between two times (Unix ms)."""
    columns = tickets.c
    query = select(columns.source).where(
        columns.site == site, columns.at >= since, columns.at < until, columns.source.like("rule:%")
    )
    return Counter(source.split(":", 2)[1] for source in connection.scalars(query))


def list_tickets(
    connection: Connection,
    site: str,
    *,
    states: Iterable[TicketState] | None = None,
    assignees: Iterable[str] | None = None,
    party: str | None = None,
    late: bool | None = None,
    limit: int = 100,
    before: tuple[int, str] | None = None,
) -> list[Ticket]:
    """Newest first; those of any of `assignees` or of `party`."""
    columns = tickets.c
    values = None if states is None else [state.value for state in states]
    theirs = any_of(columns.assignee, assignees)
    if party is not None:
        theirs = [or_(*theirs, columns.party == party)]
    lateness = [] if late is None else [columns.late.is_(late)]
    return _tickets.list(
        connection, columns.site == site, *any_of(columns.state, values), *theirs, *lateness, limit=limit, before=before
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
        assignee=ticket.assignee,
        party=ticket.party,
        late=bool(ticket.late),
        next_at=next_look(ticket),
    )
