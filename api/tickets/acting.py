"""What every change of a ticket over HTTP has in common: found, changed, kept, told."""

from collections.abc import Callable

from starlette.responses import Response

from api.problems import ours
from api.tickets.schemas import TicketOut
from api.writing import Change, Write
from backbone.database import tickets as stored
from community.people import Actor
from community.tickets import Ticket

Step = Callable[[Change, Ticket], Ticket]


def actor(write: Write) -> Actor:
    """Whoever asks, as the domain knows them."""
    return Actor(write.caller.username, write.caller.roles)


def perform(write: Write, ticket_id: str, what: str, step: Step) -> Response:
    """Change a ticket."""

    def work(change: Change) -> TicketOut:
        return keep(change, what, step(change, find(change, ticket_id)))

    return write.perform(f"ticket.{what}", ticket_id, work)


def find(change: Change, ticket_id: str) -> Ticket:
    """The ticket, inside the transaction that changes it.

    Raises:
        Problem: 404.
    """
    return ours(stored.get_ticket(change.connection, ticket_id), change.site, "ticket", ticket_id)


def keep(change: Change, what: str, ticket: Ticket) -> TicketOut:
    """Save it and have the event go out."""
    stored.save_ticket(change.connection, ticket)
    change.publish("ticket", what, ticket.id, ticket)
    return TicketOut.model_validate(ticket)
