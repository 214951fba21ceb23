"""Deadlines of facilities, rounds of inspection, documents and gradings in the database."""

from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import Connection, and_, delete, func, insert, select

from backbone.database.checkpoints import load_checkpoint, save_checkpoint
from backbone.database.objects import Objects, any_of
from backbone.database.tables import alarms, deadlines, facility_documents, risk_gradings, rounds, tickets
from community.facilities import FacilityDocument
from community.inspections import Round, RoundState
from community.risks import Grading
from community.tickets import Ticket
from community.upkeep import Deadline
from community.usage import Usage

MOST = 10_000
_rounds = Objects(rounds, Round)
_documents = Objects(facility_documents, FacilityDocument)
_gradings = Objects(risk_gradings, Grading)
_tickets = Objects(tickets, Ticket)
_usage = msgspec.msgpack.Decoder(dict[str, Usage])


def load_deadlines(connection: Connection, site: str) -> dict[str, Deadline]:
    """By id."""
    rows = connection.execute(select(deadlines).where(deadlines.c.site == site))
    return {row.id: Deadline(id=row.id, next_at=row.next_at, next_figure=row.next_figure) for row in rows}


def save_deadlines(
    connection: Connection, site: str, before: Mapping[str, Deadline], after: Mapping[str, Deadline]
) -> None:
    """Store what changed from `before`, and forget what is due no more."""
    changed = [row for name, row in after.items() if before.get(name) != row]
    gone = [*(row.id for row in changed), *(name for name in before if name not in after)]
    if gone:
        connection.execute(delete(deadlines).where(and_(deadlines.c.site == site, deadlines.c.id.in_(gone))))
    if changed:
        values = [
            {"site": site, "id": row.id, "next_at": row.next_at, "next_figure": row.next_figure} for row in changed
        ]
        connection.execute(insert(deadlines), values)


def load_usage(connection: Connection, site: str) -> dict[str, Usage]:
    """What has been counted, by point."""
    state = load_checkpoint(connection, f"usage:{site}")
    return {} if state is None else _usage.decode(state)


def save_usage(connection: Connection, site: str, usage: Mapping[str, Usage]) -> None:
    """Store what has been counted, with the positions it was counted to."""
    save_checkpoint(connection, f"usage:{site}", msgspec.msgpack.encode(usage))


def get_round(connection: Connection, identifier: str) -> Round | None:
    """A round by id."""
    return _rounds.get(connection, identifier)


def list_rounds(
    connection: Connection,
    site: str,
    *,
    states: Iterable[RoundState] | None = None,
    limit: int = 100,
    before: tuple[int, str] | None = None,
) -> list[Round]:
    """Newest first."""
    values = None if states is None else [state.value for state in states]
    where = (rounds.c.site == site, *any_of(rounds.c.state, values))
    return _rounds.list(connection, *where, limit=limit, before=before)


def save_round(connection: Connection, round_: Round) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _rounds.save(
        connection,
        round_,
        site=round_.site,
        state=round_.state.value,
        zone=round_.zone,
        at=round_.planned_at,
        route=round_.route,
        due_by=round_.due_by,
    )


def list_documents(connection: Connection, site: str, facility: str) -> list[FacilityDocument]:
    """The documents of a facility, newest first."""
    where = (facility_documents.c.site == site, facility_documents.c.facility == facility)
    return _documents.list(connection, *where, limit=MOST)


def save_document(connection: Connection, site: str, document: FacilityDocument) -> None:
    """Insert or replace."""
    _documents.save(connection, document, site=site, at=document.at, facility=document.facility)


def list_gradings(connection: Connection, site: str) -> list[Grading]:
    """Every decision about a risk, newest first."""
    return _gradings.list(connection, risk_gradings.c.site == site, limit=MOST)


def save_grading(connection: Connection, site: str, grading: Grading) -> None:
    """Insert."""
    _gradings.save(connection, grading, site=site, at=grading.at, risk=grading.risk)


def first_event(connection: Connection, site: str) -> int | None:
    """When the history of alarms and tickets begins (Unix ms)."""
    firsts = [
        connection.execute(select(func.min(table.c.at)).where(table.c.site == site)).scalar()
        for table in (alarms, tickets)
    ]
    return min((int(first) for first in firsts if first is not None), default=None)


def tickets_since(connection: Connection, site: str, since: int) -> list[Ticket]:
    """Every ticket that was reported at or after a time, newest first."""
    return _tickets.list(connection, tickets.c.site == site, tickets.c.at >= since, limit=MOST)
