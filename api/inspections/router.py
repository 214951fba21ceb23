"""Inspections (巡检): rounds that are due, under way and done; what fails becomes a ticket with its evidence."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import paging, photos, uploads
from api.inspections.schemas import AnswerIn, RoundOut, RouteOut, StartRound, show
from api.paging import Cursor, Limit, Page
from api.platform import PlatformDep
from api.problems import conflict, ours
from api.security.access import Viewer
from api.writing import Change, Write, writing
from backbone.database import upkeep as stored
from backbone.database.tickets import get_ticket, save_ticket
from community import inspections, ticket_log
from community.evidence import Photo
from community.inspections import OPEN, Answer, ItemOutcome, Round, RoundPhoto, RoundState
from community.people import Action
from community.site.site import Site
from community.site.upkeep import Route
from community.ticket_deadlines import deadlines_for
from community.tickets import Ticket, open_ticket

router = APIRouter(prefix="/inspections", tags=["inspections"])
Walking = Annotated[Write, writing(Action.WALK_ROUND)]


@router.get("")
def list_inspections(
    platform: PlatformDep,
    _: Viewer,
    open_: Annotated[bool | None, Query(alias="open", description="true: those that are not done")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[RoundOut]:
    """Rounds, the latest due first."""
    before = paging.decode(cursor, paging.Place)
    states = None if open_ is None else OPEN if open_ else frozenset(RoundState) - OPEN
    with platform.database.read() as c:
        rows = stored.list_rounds(c, platform.site.id, states=states, limit=limit + 1, before=before)
    now = platform.now()
    return paging.page(rows, limit, lambda row: show(row, now), lambda row: (row.planned_at, row.id))


@router.get("/routes")
def list_routes(platform: PlatformDep, _: Viewer) -> list[RouteOut]:
    """The routes, and when each is due next."""
    with platform.database.read() as c:
        deadlines = stored.load_deadlines(c, platform.site.id)
    rows = []
    for route in platform.site.file.routes:
        deadline = deadlines.get(f"route:{route.id}")
        next_at = None if deadline is None else deadline.next_at
        rows.append(
            RouteOut(
                id=route.id,
                name=route.name,
                party=route.party,
                every=route.every,
                stops=len(route.stops),
                next_at=next_at,
            )
        )
    return rows


@router.get("/{round_id}")
def get_inspection(round_id: str, platform: PlatformDep, _: Viewer) -> RoundOut:
    """One round."""
    with platform.database.read() as c:
        found = ours(stored.get_round(c, round_id), platform.site.id, "round", round_id)
    return show(found, platform.now())


@router.post("", response_model=RoundOut, status_code=201)
def start_unplanned(body: StartRound, write: Walking) -> Response:
    """Walk a route now, whatever the calendar says."""
    site = write.platform.site
    route = _route(site, body.route)

    def work(change: Change) -> RoundOut:
        first = next(row for row in site.file.facilities if row.id == route.stops[0].facility)
        planned = Round(
            id=f"r-{uuid.uuid4().hex[:16]}",
            site=change.site,
            zone=first.zone,
            route=route.id,
            name=route.name,
            state=RoundState.PLANNED,
            planned_at=change.now,
            due_by=None,
            party=route.party or first.party,
        )
        started = inspections.start(planned, inspections.questions_of(site.file, route), change.by, change.now)
        return _keep(change, "started", started)

    return write.perform("inspection.start", route.id, work, status=201)


@router.post("/{round_id}/start", response_model=RoundOut)
def start_inspection(round_id: str, write: Walking) -> Response:
    """Begin a round that was planned."""
    site = write.platform.site

    def step(change: Change, round_: Round) -> Round:
        questions = inspections.questions_of(site.file, _route(site, round_.route))
        return inspections.start(round_, questions, change.by, change.now)

    return _perform(write, round_id, "started", step)


@router.post("/{round_id}/answers", response_model=RoundOut)
def answer_inspection(round_id: str, body: AnswerIn, write: Walking) -> Response:
    """What was found at an item."""

    def step(change: Change, round_: Round) -> Round:
        given = Answer(
            outcome=body.outcome,
            value=body.value,
            note=body.note,
            photos=tuple(dict.fromkeys(body.photos)),
            at=change.now,
            by=change.by,
        )
        answered = inspections.answer(round_, body.place, given)
        if body.outcome is not ItemOutcome.FAIL:
            return answered
        ticket = _ticket(change, write.platform.site, answered, body.place)
        kept = answered.answers[body.place]
        assert kept is not None
        answers = list(answered.answers)
        answers[body.place] = replace(kept, ticket=ticket.id)
        return replace(answered, answers=tuple(answers))

    return _perform(write, round_id, "answered", step)


@router.post(
    "/{round_id}/photos",
    response_model=RoundOut,
    status_code=201,
    openapi_extra=uploads.body_of(uploads.PHOTOS),
)
async def add_inspection_photo(round_id: str, request: Request, write: Walking) -> Response:
    """Add a photo: JPEG or PNG, as the body; an answer then names it."""
    content = await request.body()
    return await run_in_threadpool(_add_photo, round_id, content, write)


def _add_photo(round_id: str, content: bytes, write: Write) -> Response:
    taken = photos.taken(content)

    def step(change: Change, round_: Round) -> Round:
        return inspections.add_photo(round_, RoundPhoto(**taken.keep(write.platform, change)._asdict()))

    return _perform(write, round_id, "photo", step, status=201)


@router.get("/{round_id}/photos/{photo_id}", response_class=Response)
def get_inspection_photo(round_id: str, photo_id: str, platform: PlatformDep, _: Viewer) -> Response:
    """The bytes of a photo."""
    with platform.database.read() as c:
        found = stored.get_round(c, round_id)
    return photos.answer(platform, found, photo_id)


@router.post("/{round_id}/finish", response_model=RoundOut)
def finish_inspection(round_id: str, write: Walking) -> Response:
    """All has been looked at."""
    return _perform(write, round_id, "finished", lambda change, round_: inspections.finish(round_, change.now))


def _ticket(change: Change, site: Site, round_: Round, place: int) -> Ticket:
    """The ticket of a failed item: one, however often the failure is said."""
    question, answer = round_.questions[place], round_.answers[place]
    assert answer is not None
    digest = hashlib.sha256(f"{round_.id}:{place}".encode()).hexdigest()[:16]
    before = get_ticket(change.connection, f"t-{digest}")
    if before is not None:
        return before
    facility = next((row for row in site.file.facilities if row.id == question.facility), None)
    where = (facility.name.zh, facility.name.in_language("en")) if facility is not None else (question.facility,) * 2
    value = "" if answer.value is None else f"{answer.value:g} {question.unit or ''}".strip()
    ticket = open_ticket(
        id=f"t-{digest}",
        site=change.site,
        zone=facility.zone if facility is not None else round_.zone,
        title_zh=f"巡检不合格：{where[0]}，{question.name.zh}",
        title_en=f"Failed inspection: {where[1]}, {question.name.in_language('en')}",
        source=f"inspection:{round_.id}",
        priority="medium",
        now=change.now,
        by=change.by,
        deadlines=deadlines_for(site.file, "medium", change.now),
        facility=question.facility,
        party=facility.party if facility is not None else round_.party,
        note="; ".join(part for part in (value, answer.note) if part),
    )
    for photo in round_.photos:
        if photo.id in answer.photos:
            shot = Photo(id=photo.id, media_type=photo.media_type, size=photo.size, at=photo.at, by=photo.by)
            ticket = ticket_log.add_photo(ticket, shot)
    save_ticket(change.connection, ticket)
    change.publish("ticket", "reported", ticket.id, ticket)
    return ticket


def _perform(
    write: Write, round_id: str, what: str, step: Callable[[Change, Round], Round], *, status: int = 200
) -> Response:
    def work(change: Change) -> RoundOut:
        found = ours(stored.get_round(change.connection, round_id), change.site, "round", round_id)
        after = step(change, found)
        return _keep(change, what, after) if after is not found else show(found, change.now)

    return write.perform(f"inspection.{what}", round_id, work, status=status)


def _keep(change: Change, what: str, round_: Round) -> RoundOut:
    stored.save_round(change.connection, round_)
    change.publish("inspection", what, round_.id, round_)
    return show(round_, change.now)


def _route(site: Site, identifier: str) -> Route:
    found = next((row for row in site.file.routes if row.id == identifier), None)
    if found is None:
        raise conflict(f"the site has no route '{identifier}' any more")
    return found
