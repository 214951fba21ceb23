"""The wall clock was set: all that is due by elapsed time is moved with it, and people are told.

Each method is one step of a caller's transaction, which also stores that it was done: after a crash it is done once.
"""

import hashlib

import msgspec
import structlog
from sqlalchemy import Connection

from backbone.database.activations import list_activations, save_activation
from backbone.database.alarms import list_alarms, save_alarm
from backbone.database.checkpoints import load_checkpoint, save_checkpoint
from backbone.database.commands import move_command, pending_commands
from backbone.database.notifications import (
    all_paces,
    open_escalations,
    queued,
    save_escalation,
    save_notification,
    save_pace,
)
from backbone.database.outbox import append
from backbone.database.suppressions import UNFINISHED, list_suppressions, save_suppression
from backbone.database.tickets import list_tickets, save_ticket, ticket_of
from community.activations import OPEN as ACTIVATIONS_OPEN
from community.alarms import AlarmState
from community.clock_set import (
    TOLD_MS,
    moved_activation,
    moved_alarm,
    moved_command,
    moved_escalation,
    moved_notification,
    moved_pace,
    moved_suppression,
    moved_ticket,
    said,
)
from community.escalations import OPEN as ESCALATIONS_OPEN
from community.site.site import Site
from community.ticket_deadlines import deadlines_for
from community.tickets import OPEN as TICKETS_OPEN
from community.tickets import SYSTEM, Ticket, open_ticket
from rules.clock import Known

WRITER = "rules"
SOURCE = "clock"
"""Of the ticket that has somebody look after the machine's clock."""
MOST = 100_000
log = structlog.get_logger()


def known_clock(c: Connection, site: str) -> Known | None:
    """How the clock of whoever served the site last was; None: nobody has."""
    state = load_checkpoint(c, _name(site))
    return None if state is None else msgspec.msgpack.decode(state, type=Known)


def keep_clock(c: Connection, site: str, known: Known) -> None:
    """Store how the clock is."""
    save_checkpoint(c, _name(site), msgspec.msgpack.encode(known))


def move_deadlines(c: Connection, site: Site, by: int, now: int) -> None:
    """Move what is due, of all that is open.

    Args:
        by: how much later the clock shows (ms); negative when it was set back.
        now: the new time (Unix ms).
    """
    for activation in list_activations(c, site.id, states=ACTIVATIONS_OPEN, limit=MOST):
        moved = moved_activation(activation, by, now)
        save_activation(c, moved)
        append(c, WRITER, site.id, "plan", "clock-set", moved.id, moved, now)
    for given in pending_commands(c, site.id):
        move_command(c, given.id, moved_command(given.command, by))
    for escalation in open_escalations(c, site.id, list(ESCALATIONS_OPEN), MOST):
        save_escalation(c, moved_escalation(escalation, by))
    for notification in queued(c, site.id):
        save_notification(c, moved_notification(notification, by))
    for pace in all_paces(c, site.id).values():
        save_pace(c, site.id, moved_pace(pace, by))
    for suppression in list_suppressions(c, site.id, UNFINISHED):
        ends = moved_suppression(suppression, by)
        save_suppression(c, ends)
        append(c, WRITER, site.id, "suppression", "clock-set", ends.id, ends, now)
    for alarm in list_alarms(c, site.id, states=[AlarmState.ACKNOWLEDGED], limit=MOST):
        save_alarm(c, moved_alarm(alarm, by))
    for ticket in list_tickets(c, site.id, states=TICKETS_OPEN, limit=MOST):
        _keep(c, moved_ticket(ticket, by, now), "clock-set", now)
    if abs(by) >= TOLD_MS:
        _tell(c, site, by, now)


def _tell(c: Connection, site: Site, by: int, now: int) -> None:
    """A ticket, for somebody to see to it; one while it is open, however often the clock is set."""
    words = said(by)
    log.warning("the clock was set; what is due was moved with it", by_s=by // 1000)
    if (before := ticket_of(c, site.id, SOURCE)) is not None and before.state in TICKETS_OPEN:
        return  # its own deadlines were moved, and that is said in it
    ticket = open_ticket(
        id=f"t-{hashlib.sha256(f'{site.id}:{SOURCE}:{now}'.encode()).hexdigest()[:16]}",
        site=site.id,
        zone=site.file.zones[0].id,
        title_zh=f"{words.zh}：请检查时间同步（NTP）",
        title_en=f"{words.in_language('en').capitalize()}: see to its time synchronisation (NTP)",
        source=SOURCE,
        priority="medium",
        now=now,
        by=SYSTEM,
        deadlines=deadlines_for(site.file, "medium", now),
    )
    _keep(c, ticket, "reported", now)


def _keep(c: Connection, ticket: Ticket, change: str, now: int) -> None:
    save_ticket(c, ticket)
    append(c, WRITER, ticket.site, "ticket", change, ticket.id, ticket, now)


def _name(site: str) -> str:
    return f"clock:{site}"
