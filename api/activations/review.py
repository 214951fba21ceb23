"""The review ticket of a response: opened when it is stood down, closed before its review is."""

import hashlib

from api.problems import conflict
from api.writing import Change
from backbone.database.tickets import get_ticket, save_ticket
from community.activations import Activation
from community.tickets import OPEN, open_ticket


def review_ticket(activation: Activation) -> str:
    """The id of the ticket that sees to a response's review."""
    return f"t-{hashlib.sha256(f'review:{activation.id}'.encode()).hexdigest()[:16]}"


def open_review(change: Change, activation: Activation) -> None:
    """What the response showed is put right by a ticket, as every problem is."""
    ticket = open_ticket(
        id=review_ticket(activation),
        site=change.site,
        zone=activation.zone,
        title_zh=f"事后总结与整改：{activation.plan_name.zh}",
        title_en=f"Review and improvement: {activation.plan_name.in_language('en')}",
        source=f"plan:{activation.id}",
        priority="medium",
        now=change.now,
        by=change.by,
        note=activation.id,
    )
    save_ticket(change.connection, ticket)
    change.publish("ticket", "reported", ticket.id, ticket)


def review_is_closed(change: Change, activation: Activation) -> None:
    """Let the review be closed.

    Raises:
        Problem: 409, its ticket is still open.
    """
    ticket = get_ticket(change.connection, review_ticket(activation))
    if ticket is not None and ticket.state in OPEN:
        raise conflict(f"the review's ticket {ticket.id} is still {ticket.state}; close it first")
