"""The review ticket of a response: opened when it is stood down, closed before its review is."""

from api.problems import conflict
from api.writing import Change
from backbone.database.tickets import get_ticket, save_ticket
from community.activations import Activation, find_step, open_steps
from community.tickets import OPEN, open_ticket


def open_review(change: Change, before: Activation, activation: Activation) -> None:
    """What the response showed is put right by a ticket, as every problem is."""
    assert activation.review_ticket is not None, "it is over"
    left = [step.name for name in open_steps(before) if (step := find_step(before, name))]
    note = activation.id
    if left:
        note += f"\n未完成的步骤：{'、'.join(name.zh for name in left)}"
        note += f" / not done: {', '.join(name.in_language('en') for name in left)}"
    ticket = open_ticket(
        id=activation.review_ticket,
        site=change.site,
        zone=activation.zone,
        title_zh=f"事后总结与整改：{activation.plan_name.zh}",
        title_en=f"Review and improvement: {activation.plan_name.in_language('en')}",
        source=f"plan:{activation.id}",
        priority="medium",
        now=change.now,
        by=change.by,
        note=note,
    )
    save_ticket(change.connection, ticket)
    change.publish("ticket", "reported", ticket.id, ticket)


def review_is_closed(change: Change, activation: Activation) -> None:
    """Let the review be closed.

    Raises:
        Problem: 409, its ticket is still open.
    """
    ticket = get_ticket(change.connection, activation.review_ticket or "")
    if ticket is not None and ticket.state in OPEN:
        raise conflict(f"the review's ticket {ticket.id} is still {ticket.state}; close it first")
