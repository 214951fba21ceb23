"""Tickets: the closed loop of a problem (问题-整改-复查)."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import paging
from api.paging import Cursor, Limit, Page
from api.platform import Platform, PlatformDep
from api.problems import conflict, not_found, ours
from api.security.access import Viewer
from api.tickets.acting import actor, find, keep, perform
from api.tickets.schemas import (
    Assign,
    Cancel,
    Close,
    Merge,
    Rectify,
    Reinspect,
    Reopen,
    Start,
    TicketOut,
    TicketReport,
)
from api.writing import Change, Write, writing
from backbone.database import tickets as stored
from backbone.database import users
from backbone.database.activations import get_activation
from backbone.database.alarms import get_alarm
from community import tickets
from community.assignment import team_of
from community.evidence import Evidence
from community.people import Action, may
from community.ticket_deadlines import deadlines_for
from community.tickets import RIGHTS, Ticket, TicketEvent, TicketState

router = APIRouter(prefix="/tickets", tags=["tickets"])
Reporting = Annotated[Write, writing(Action.CREATE_TICKET)]
Assigning = Annotated[Write, writing(RIGHTS[TicketEvent.ASSIGN])]
Working = Annotated[Write, writing(RIGHTS[TicketEvent.START])]
Inspecting = Annotated[Write, writing(RIGHTS[TicketEvent.PASS])]


@router.get("")
def list_tickets(
    platform: PlatformDep,
    caller: Viewer,
    state: Annotated[list[TicketState] | None, Query(description="may be given several times")] = None,
    open_: Annotated[bool | None, Query(alias="open", description="true: all that are not ended")] = None,
    whose: Annotated[list[str] | None, Query(description="assignees; `me` is the caller, `team` their party")] = None,
    late: Annotated[bool | None, Query(description="true: those that missed a deadline")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[TicketOut]:
    """Tickets, the newest first."""
    before = paging.decode(cursor, paging.Place)
    assignees, party = _theirs(platform, caller.username, whose)
    with platform.database.read() as connection:
        rows = stored.list_tickets(
            connection,
            platform.site.id,
            states=states(state, open_),
            assignees=assignees,
            party=party,
            late=late,
            limit=limit + 1,
            before=before,
        )
    return paging.page(rows, limit, TicketOut.model_validate, lambda row: (row.reported_at, row.id))


@router.get("/{ticket_id}")
def get_ticket(ticket_id: str, platform: PlatformDep, _: Viewer) -> TicketOut:
    """One ticket with its history."""
    with platform.database.read() as connection:
        ticket = ours(stored.get_ticket(connection, ticket_id), platform.site.id, "ticket", ticket_id)
    return TicketOut.model_validate(ticket)


@router.post("", response_model=TicketOut, status_code=201)
def create_ticket(body: TicketReport, write: Reporting) -> Response:
    """Somebody reports a problem."""
    identifier = f"t-{uuid4().hex}"
    file = write.platform.site.file

    def work(change: Change) -> TicketOut:
        _links(change, write.platform, body)
        facility = next((f for f in file.facilities if f.id == body.facility), None)
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
            deadlines=deadlines_for(file, body.priority, change.now),
            alarm=body.alarm,
            point=body.point,
            facility=body.facility,
            activation=body.activation,
            party=facility.party if facility is not None else None,
            note=body.note,
        )
        return keep(change, "reported", ticket)

    return write.perform("ticket.create", identifier, work, status=201)


@router.post("/{ticket_id}/assign", response_model=TicketOut)
def assign_ticket(ticket_id: str, body: Assign, write: Assigning) -> Response:
    """Give it to somebody who may work it."""

    def step(change: Change, ticket: Ticket) -> Ticket:
        person = users.get_user(change.connection, body.to)
        if person is None or person.disabled or not may(person.roles, Action.WORK_TICKET):
            raise conflict(f"'{body.to}' is nobody who works tickets here")
        return tickets.assign(ticket, by=actor(write), to=body.to, note=body.note, now=change.now)

    return perform(write, ticket_id, "assigned", step)


@router.post("/{ticket_id}/start", response_model=TicketOut)
def start_ticket(ticket_id: str, body: Start, write: Working) -> Response:
    """Begin to work it."""
    return perform(
        write, ticket_id, "started", lambda c, t: tickets.start(t, by=actor(write), note=body.note, now=c.now)
    )


@router.post("/{ticket_id}/rectify", response_model=TicketOut)
def rectify_ticket(ticket_id: str, body: Rectify, write: Working) -> Response:
    """It is put right, and this proves it."""

    def step(change: Change, ticket: Ticket) -> Ticket:
        evidence = Evidence(
            at=change.now,
            by=change.by,
            note=body.evidence,
            photos=tuple(dict.fromkeys(body.photos)),
            point=body.reading,
            value=_reading(write.platform, body.reading, change.now),
        )
        return tickets.rectify(ticket, by=actor(write), evidence=evidence, now=change.now)

    return perform(write, ticket_id, "rectified", step)


@router.post("/{ticket_id}/reinspect", response_model=TicketOut)
def reinspect_ticket(ticket_id: str, body: Reinspect, write: Inspecting) -> Response:
    """Somebody else looks again; what fails goes back to work."""
    return perform(
        write,
        ticket_id,
        "re-inspected",
        lambda c, t: tickets.reinspect(t, by=actor(write), passed=body.passed, note=body.note, now=c.now),
    )


@router.post("/{ticket_id}/close", response_model=TicketOut)
def close_ticket(ticket_id: str, body: Close, write: Inspecting) -> Response:
    """After a re-inspection that passed, once its condition has cleared."""
    return perform(
        write,
        ticket_id,
        "closed",
        lambda c, t: tickets.close(t, by=actor(write), note=body.note, now=c.now, override=body.override),
    )


@router.post("/{ticket_id}/reopen", response_model=TicketOut)
def reopen_ticket(ticket_id: str, body: Reopen, write: Inspecting) -> Response:
    """It has come again soon after it was closed."""
    file = write.platform.site.file

    def step(change: Change, ticket: Ticket) -> Ticket:
        return tickets.reopen(
            ticket,
            actor(write),
            body.reason,
            change.now,
            deadlines=deadlines_for(file, ticket.priority, change.now),
            within_ms=round(file.tickets.reopen * 1000),
        )

    return perform(write, ticket_id, "reopened", step)


@router.post("/{ticket_id}/cancel", response_model=TicketOut)
def cancel_ticket(ticket_id: str, body: Cancel, write: Assigning) -> Response:
    """It is no problem after all."""
    return perform(
        write,
        ticket_id,
        "cancelled",
        lambda c, t: tickets.cancel(t, by=actor(write), reason=body.reason, now=c.now, override=body.override),
    )


@router.post("/{ticket_id}/merge", response_model=TicketOut)
def merge_ticket(ticket_id: str, body: Merge, write: Assigning) -> Response:
    """It is the same problem as another ticket, which takes over what it has."""

    def work(change: Change) -> TicketOut:
        into = find(change, body.into)
        merged, joined = tickets.merge(find(change, ticket_id), actor(write), into, body.reason, change.now)
        keep(change, "merged-in", joined)
        return keep(change, "merged", merged)

    return write.perform("ticket.merged", ticket_id, work)


def states(chosen: list[TicketState] | None, open_: bool | None) -> tuple[TicketState, ...] | None:
    """The states a list is asked for; None: all."""
    if chosen is None and open_ is None:
        return None
    base = tuple(TicketState) if chosen is None else tuple(chosen)
    return base if open_ is None else tuple(state for state in base if (state in tickets.OPEN) == open_)


def _theirs(platform: Platform, caller: str, whose: list[str] | None) -> tuple[list[str] | None, str | None]:
    """The assignees and the party a list is asked for; somebody without a party is their own team."""
    if whose is None:
        return None, None
    people = platform.site.file.people
    party = team_of(people, caller) if "team" in whose else None
    names = {caller if name in {"me", "team"} else name for name in whose}
    if party is not None:
        names |= {person.id for person in people if person.party == party}
    return sorted(names), party


def _links(change: Change, platform: Platform, body: TicketReport) -> None:
    site = platform.site
    if body.zone not in site.zones:
        raise not_found("zone", body.zone)
    if body.point is not None and body.point not in site.points:
        raise not_found("point", body.point)
    if body.facility is not None and all(f.id != body.facility for f in site.file.facilities):
        raise not_found("facility", body.facility)
    if body.alarm is not None and get_alarm(change.connection, body.alarm) is None:
        raise not_found("alarm", body.alarm)
    if body.activation is not None and get_activation(change.connection, body.activation) is None:
        raise not_found("activation", body.activation)


def _reading(platform: Platform, point: str | None, now: int) -> float | None:
    if point is None:
        return None
    if point not in platform.site.points:
        raise not_found("point", point)
    latest = platform.latest.of(platform.site.points[point], now)
    if latest.x is None or not latest.fresh:
        raise conflict(f"{point} has no fresh reading that could prove anything")
    return latest.x
