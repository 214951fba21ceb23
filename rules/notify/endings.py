"""When an escalation is over: its cause ended, or somebody has taken it on."""

from sqlalchemy import Connection

from backbone.database.activations import get_activation
from backbone.database.alarms import get_alarm
from backbone.database.notifications import notifications_of, save_escalation, save_notification
from backbone.database.tickets import get_ticket
from community.escalations import COMMAND, REPORT, TICKET_KINDS, Escalation, EscalationState, acknowledge, end
from community.incident_command import still_asked
from community.notifications import wants_notification, withdrawn
from rules.respond.ticket_notices import still_wanted

REPORT_MS = 7 * 86_400_000
"""Longer than quiet hours and tries last: what has not arrived by then is not sent any more."""


def ended(c: Connection, escalation: Escalation, now: int) -> Escalation:
    """The escalation, ended when its cause has; itself otherwise."""
    if escalation.kind in TICKET_KINDS:
        ticket = get_ticket(c, escalation.cause)
        if ticket is None or not still_wanted(ticket, escalation):
            return end(escalation, "the ticket went on", now)
        return escalation
    if escalation.kind == REPORT:
        return end(escalation, "everybody was told", now) if now - escalation.started_at > REPORT_MS else escalation
    if escalation.kind != "alarm":
        activation = get_activation(c, escalation.cause)
        if activation is None or not activation.tells:
            return end(escalation, "the activation has ended", now)
        if escalation.kind == COMMAND and not any(still_asked(activation.command, p) for p in escalation.roles):
            return end(escalation, f"{activation.command.person} has taken command", now)
        return escalation
    alarm = get_alarm(c, escalation.cause)
    if alarm is not None and alarm.acknowledged_by is not None:
        return acknowledge(escalation, alarm.acknowledged_by, alarm.acknowledged_at or now)
    if alarm is None or not wants_notification(alarm):
        return end(escalation, "the alarm is over", now)
    return escalation


def keep_ended(c: Connection, escalation: Escalation) -> None:
    """Save it, and withdraw what was not handed over."""
    save_escalation(c, escalation)
    why = f"acknowledged by {escalation.ended_by}"
    why = why if escalation.state is EscalationState.ACKNOWLEDGED else escalation.ended_by
    for notification in notifications_of(c, escalation.id):
        after = withdrawn(notification, why)
        if after is not notification:
            save_notification(c, after)


def commander_of(c: Connection, escalation: Escalation) -> tuple[str, str | None]:
    """The role that commands the plan it is about, empty when it is about none, and who has taken command."""
    if escalation.kind == "alarm":
        return "", None
    activation = get_activation(c, escalation.cause)
    return ("", None) if activation is None else (activation.commander, activation.command.person)
