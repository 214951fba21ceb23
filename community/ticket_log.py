"""What gathers on a ticket without moving it: what its sensors show, comments, photos, work."""

from dataclasses import replace

from community.errors import TransitionRefused
from community.evidence import Photo, Rating, Work
from community.tickets import OPEN, SYSTEM, Condition, Ticket, TicketState, add_note

MOST_NOTES = 100
"""A sensor that keeps alarming does not make its ticket endless; how often it did is counted all the same."""
MOST_SAID = 1_000
MOST_PHOTOS = 30
MOST_WORK = 200
MOST_STARS = 5
RATE_WITHIN_MS = 30 * 86_400_000
RESIDENT = "resident"
"""Whoever has the link of a ticket: nobody asks for their name."""


def condition_raised(ticket: Ticket, source: str, said: str, now: int) -> Ticket:
    """A condition of the ticket is there again; one that is new to it joins."""
    before = next((c for c in ticket.conditions if c.source == source), None)
    raised = before.raised + 1 if before is not None else 1
    return _condition(ticket, Condition(source=source, standing=True, at=now, raised=raised), "raised-again", said)


def condition_cleared(ticket: Ticket, source: str, now: int) -> Ticket:
    """A condition of the ticket is over; a person closes the ticket."""
    before = next((c for c in ticket.conditions if c.source == source), None)
    if before is None or not before.standing:
        return ticket
    return _condition(ticket, replace(before, standing=False, at=now), "condition-cleared", "")


def comment(ticket: Ticket, by: str, said: str, now: int) -> Ticket:
    """Somebody says something; the record of what has ended can be added to as well."""
    if len(ticket.history) >= MOST_SAID:
        raise TransitionRefused(f"a ticket has at most {MOST_SAID} entries")
    return add_note(ticket, by, "comment", said, now)


def add_photo(ticket: Ticket, photo: Photo) -> Ticket:
    """A photo is added while the ticket is open.

    Raises:
        TransitionRefused: it has ended, or has as many as it may.
    """
    _open(ticket)
    if len(ticket.photos) >= MOST_PHOTOS:
        raise TransitionRefused(f"a ticket has at most {MOST_PHOTOS} photos")
    return add_note(replace(ticket, photos=(*ticket.photos, photo)), photo.by, "photo", photo.note, photo.at)


def add_work(ticket: Ticket, work: Work) -> Ticket:
    """Hours and parts.

    Raises:
        TransitionRefused: it has ended, has as many entries as it may, or there is nothing to write down.
    """
    _open(ticket)
    if not work.minutes and not work.parts:
        raise TransitionRefused("write down how long it took, or what was used")
    if len(ticket.work) >= MOST_WORK:
        raise TransitionRefused(f"a ticket has at most {MOST_WORK} entries of work")
    return add_note(replace(ticket, work=(*ticket.work, work)), work.by, "work", work.note, work.at)


def rate(ticket: Ticket, stars: int, said: str, now: int) -> Ticket:
    """A resident rates the finished work, once, soon after it was closed.

    Raises:
        TransitionRefused: it is not closed, was closed long ago, was rated, or the stars are not 1 to 5.
    """
    if ticket.state is not TicketState.CLOSED or ticket.ended_at is None:
        raise TransitionRefused("only finished work is rated")
    if now - ticket.ended_at > RATE_WITHIN_MS:
        raise TransitionRefused("it was finished too long ago to be rated")
    if ticket.rating is not None:
        raise TransitionRefused("it was rated already")
    if not 1 <= stars <= MOST_STARS:
        raise TransitionRefused(f"give 1 to {MOST_STARS} stars")
    rated = replace(ticket, rating=Rating(at=now, stars=stars, said=said))
    return add_note(rated, RESIDENT, "rated", f"{stars}/{MOST_STARS} {said}".strip(), now)


def _open(ticket: Ticket) -> None:
    if ticket.state not in OPEN:
        raise TransitionRefused(f"the ticket is {ticket.state}; nothing is added to it any more")


def _condition(ticket: Ticket, condition: Condition, change: str, said: str) -> Ticket:
    others = tuple(c for c in ticket.conditions if c.source != condition.source)
    after = replace(ticket, conditions=(*others, condition))
    if len(ticket.history) >= MOST_NOTES:
        return replace(after, version=ticket.version + 1)
    return add_note(after, SYSTEM, change, said, condition.at)
