"""Tickets: the closed loop of a problem (问题-整改-复查)."""

from collections.abc import Callable
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import paging
from api.paging import Cursor, Limit, Page
from api.platform import PlatformDep
from api.problems import conflict, not_found
from api.security.access import Viewer
from api.tickets.schemas import (
    Assign,
    Cancel,
    Close,
    Rectify,
    Reinspect,
    Start,
    TicketOut,
    TicketReport,
)
from api.writing import Change, Write, writing
from backbone.database import tickets as stored
from backbone.database import users
from community import tickets
from community.people import Action, may
from community.tickets import Ticket, TicketState

router = APIRouter(prefix="/tickets", tags=["tickets"])
Reporting = Annotated[Write, writing(Action.CREATE_TICKET)]
Assigning = Annotated[Write, writing(Action.ASSIGN_TICKET)]
Working = Annotated[Write, writing(Action.WORK_TICKET)]
Inspecting = Annotated[Write, writing(Action.INSPECT_TICKET)]


@router.get("")
def list_tickets(
    platform: PlatformDep,
    _: Viewer,
    state: Annotated[list[TicketState] | None, Query(description="may be given several times")] = None,
    open_: Annotated[bool | None, Query(alias="open", description="true: all that are not ended")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[TicketOut]:
    """Tickets, the newest first."""
    before = paging.decode(cursor, paging.Place)
    with platform.database.read() as connection:
        rows = stored.list_tickets(
            connection, platform.site.id, states=states(state, open_), limit=limit + 1, before=before
        )
    return paging.page(rows, limit, TicketOut.model_validate, lambda row: (row.reported_at, row.id))


@router.get("/{ticket_id}")
def get_ticket(ticket_id: str, platform: PlatformDep, _: Viewer) -> TicketOut:
    """One ticket with its history."""
    with platform.database.read() as connection:
        ticket = stored.get_ticket(connection, ticket_id)
    if ticket is None or ticket.site != platform.site.id:
        raise not_found("ticket", ticket_id)
    return TicketOut.model_validate(ticket)


@router.post("", response_model=TicketOut, status_code=201)
def create_ticket(body: TicketReport, write: Reporting) -> Response:
    """Somebody reports a problem."""
    identifier = f"t-{uuid4().hex}"

    def work(change: Change) -> TicketOut:
        if body.zone not in write.platform.site.zones:
            raise not_found("zone", body.zone)
        ticket = tickets.open_ticket(
            id=identifier,
            site=change.site,
            zone=body.zone,
            title_zh=body.title,
            title_en=body.title,
            source=f"person:{change.by}",
            priority=body.priority,
            now=change.now,
            by=change.by,
            note=body.note,
        )
        return _keep(change, "reported", ticket)

    return write.perform("ticket.create", identifier, work, status=201)


@router.post("/{ticket_id}/assign", response_model=TicketOut)
def assign_ticket(ticket_id: str, body: Assign, write: Assigning) -> Response:
    """Give it to somebody who may work it."""

    def step(change: Change, ticket: Ticket) -> Ticket:
        person = users.get_user(change.connection, body.to)
        if person is None or person.disabled or not may(person.roles, Action.WORK_TICKET):
            raise conflict(f"'{body.to}' is nobody who works tickets here")
        return tickets.assign(ticket, by=change.by, to=body.to, note=body.note, now=change.now)

    return _perform(write, ticket_id, "assigned", step)


@router.post("/{ticket_id}/start", response_model=TicketOut)
def start_ticket(ticket_id: str, body: Start, write: Working) -> Response:
    """Begin to work it."""
    return _perform(write, ticket_id, "started", lambda c, t: tickets.start(t, by=c.by, note=body.note, now=c.now))


@router.post("/{ticket_id}/rectify", response_model=TicketOut)
def rectify_ticket(ticket_id: str, body: Rectify, write: Working) -> Response:
    """It is put right, and this proves it."""
    return _perform(
        write, ticket_id, "rectified", lambda c, t: tickets.rectify(t, by=c.by, evidence=body.evidence, now=c.now)
    )


@router.post("/{ticket_id}/reinspect", response_model=TicketOut)
def reinspect_ticket(ticket_id: str, body: Reinspect, write: Inspecting) -> Response:
    """Somebody else looks again; what fails goes back to work."""
    return _perform(
        write,
        ticket_id,
        "re-inspected",
        lambda c, t: tickets.reinspect(t, by=c.by, passed=body.passed, note=body.note, now=c.now),
    )


@router.post("/{ticket_id}/close", response_model=TicketOut)
def close_ticket(ticket_id: str, body: Close, write: Inspecting) -> Response:
    """After a re-inspection that passed."""
    return _perform(write, ticket_id, "closed", lambda c, t: tickets.close(t, by=c.by, note=body.note, now=c.now))


@router.post("/{ticket_id}/cancel", response_model=TicketOut)
def cancel_ticket(ticket_id: str, body: Cancel, write: Assigning) -> Response:
    """It is no problem after all."""
    return _perform(
        write, ticket_id, "cancelled", lambda c, t: tickets.cancel(t, by=c.by, reason=body.reason, now=c.now)
    )


def states(chosen: list[TicketState] | None, open_: bool | None) -> tuple[TicketState, ...] | None:
    """The states a list is asked for; None: all."""
    if chosen is None and open_ is None:
        return None
    base = tuple(TicketState) if chosen is None else tuple(chosen)
    return base if open_ is None else tuple(state for state in base if (state in tickets.OPEN) == open_)


def _perform(write: Write, ticket_id: str, what: str, step: Callable[[Change, Ticket], Ticket]) -> Response:
    def work(change: Change) -> TicketOut:
        ticket = stored.get_ticket(change.connection, ticket_id)
        if ticket is None or ticket.site != change.site:
            raise not_found("ticket", ticket_id)
        return _keep(change, what, step(change, ticket))

    return write.perform(f"ticket.{what}", ticket_id, work)


def _keep(change: Change, what: str, ticket: Ticket) -> TicketOut:
    stored.save_ticket(change.connection, ticket)
    change.publish("ticket", what, ticket.id, ticket)
    return TicketOut.model_validate(ticket)
