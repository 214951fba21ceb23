"""What gathers on a ticket: comments, photos, hours and parts."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import photos, uploads
from api.platform import PlatformDep
from api.security.access import Viewer
from api.tickets.acting import find, keep, perform
from api.tickets.schemas import Comment, TicketOut, WorkIn
from api.writing import Change, Write, writing
from backbone.database import tickets as stored
from community import ticket_log
from community.assignment import labour_cost
from community.evidence import Part, Photo, Work
from community.people import Action
from community.tickets import Ticket

router = APIRouter(prefix="/tickets", tags=["tickets"])
Reporting = Annotated[Write, writing(Action.CREATE_TICKET)]
Working = Annotated[Write, writing(Action.WORK_TICKET)]


@router.post("/{ticket_id}/comments", response_model=TicketOut)
def comment_ticket(ticket_id: str, body: Comment, write: Reporting) -> Response:
    """Say something."""
    return perform(write, ticket_id, "comment", lambda c, t: ticket_log.comment(t, by=c.by, said=body.text, now=c.now))


@router.post("/{ticket_id}/work", response_model=TicketOut)
def add_ticket_work(ticket_id: str, body: WorkIn, write: Working) -> Response:
    """Write down hours and parts."""
    parts = tuple(Part(name=p.name, quantity=p.quantity, cost=p.cost) for p in body.parts)

    def step(change: Change, ticket: Ticket) -> Ticket:
        labour = labour_cost(write.platform.site, ticket, body.minutes, change.by)
        work = Work(at=change.now, by=change.by, minutes=body.minutes, labour=labour, parts=parts, note=body.note)
        return ticket_log.add_work(ticket, work)

    return perform(write, ticket_id, "work", step)


@router.post(
    "/{ticket_id}/photos",
    response_model=TicketOut,
    status_code=201,
    openapi_extra=uploads.body_of(uploads.PHOTOS),
)
async def add_ticket_photo(
    ticket_id: str, request: Request, write: Reporting, note: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Add a photo: JPEG or PNG, as the body, within the size of any request; the page makes photos smaller first."""
    content = await request.body()
    return await run_in_threadpool(_add_photo, ticket_id, content, note, write)


def _add_photo(ticket_id: str, content: bytes, note: str, write: Write) -> Response:
    taken = photos.taken(content)

    def work(change: Change) -> TicketOut:
        ticket = find(change, ticket_id)
        photo = Photo(**taken.keep(write.platform, change)._asdict(), note=note.strip())
        return keep(change, "photo", ticket_log.add_photo(ticket, photo))

    return write.perform("ticket.photo", ticket_id, work, status=201)


@router.get("/{ticket_id}/photos/{photo_id}", response_class=Response)
def get_ticket_photo(ticket_id: str, photo_id: str, platform: PlatformDep, _: Viewer) -> Response:
    """The bytes of a photo."""
    with platform.database.read() as connection:
        ticket = stored.get_ticket(connection, ticket_id)
    return photos.answer(platform, ticket, photo_id)
