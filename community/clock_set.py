"""The wall clock was set: what is due by elapsed time is moved by as much, so that it is due when it would have been.

Pure. Times that are history (when something was raised, said or done) stay as they were written; what is due by the
calendar (maintenance, rounds, reviews) goes by the calendar. `by` is in ms, negative when the clock was set back.
"""

from dataclasses import replace

from community.activations import OPEN as ACTIVATIONS_OPEN
from community.activations import SYSTEM, Activation, StepProgress, StepState, noted
from community.alarms import Alarm
from community.commands import Command
from community.escalations import OPEN as ESCALATIONS_OPEN
from community.escalations import Escalation
from community.notifications import Notification, NotificationState, Pace
from community.suppression import Suppression
from community.text import Text
from community.tickets import OPEN as TICKETS_OPEN
from community.tickets import Ticket, add_note

TOLD_MS = 60_000
"""A clock set by less is no matter for people."""
_STEPS_OVER = frozenset({StepState.DONE, StepState.DROPPED})


def said(by: int) -> Text:
    """How a person is told of it."""
    span_zh, span_en = _span(abs(by))
    if by < 0:
        return Text(zh=f"服务器时钟被调回{span_zh}", en=f"the server's clock was set back by {span_en}")
    return Text(zh=f"服务器时钟被调快{span_zh}", en=f"the server's clock was set ahead by {span_en}")


def moved_activation(activation: Activation, by: int, now: int) -> Activation:
    """Steps that are not done, who is asked to command, standby and pause; said on its timeline, in the new time."""
    if activation.state not in ACTIVATIONS_OPEN:
        return activation
    moved = replace(
        activation,
        steps=tuple(_moved_step(step, by) for step in activation.steps),
        decide_by=_moved(activation.decide_by, by),
        paused_at=_moved(activation.paused_at, by),
        command=replace(activation.command, take_by=_moved(activation.command.take_by, by)),
    )
    if abs(by) < TOLD_MS:
        return replace(moved, version=activation.version + 1)
    words = said(by)
    return noted(moved, now, SYSTEM, "clock-set", f"{words.zh} / {words.in_language('en')}")


def moved_escalation(escalation: Escalation, by: int) -> Escalation:
    """Who is called next, while somebody is."""
    if escalation.state not in ESCALATIONS_OPEN:
        return escalation
    next_at = escalation.next_at + by if escalation.next_at else 0
    return replace(escalation, started_at=escalation.started_at + by, next_at=next_at, version=escalation.version + 1)


def moved_notification(notification: Notification, by: int) -> Notification:
    """One that waits: its next try, or the end of what it waits for."""
    if notification.state is not NotificationState.QUEUED:
        return notification
    return replace(notification, next_at=notification.next_at + by, version=notification.version + 1)


def moved_pace(pace: Pace, by: int) -> Pace:
    """How long ago somebody got a message."""
    return replace(pace, opened_at=pace.opened_at + by, last_at=pace.last_at + by)


def moved_ticket(ticket: Ticket, by: int, now: int) -> Ticket:
    """Its deadlines, of a first answer and of the work."""
    if ticket.state not in TICKETS_OPEN:
        return ticket
    moved = replace(
        ticket, respond_by=ticket.respond_by + by, complete_by=ticket.complete_by + by, clock_ms=ticket.clock_ms + by
    )
    if abs(by) < TOLD_MS:
        return replace(moved, version=ticket.version + 1)
    words = said(by)
    return add_note(moved, SYSTEM, "clock-set", f"{words.zh} / {words.in_language('en')}", now)


def moved_suppression(suppression: Suppression, by: int) -> Suppression:
    """Its end: nothing is silent for longer than a person said."""
    return replace(suppression, until=suppression.until + by, version=suppression.version + 1)


def moved_alarm(alarm: Alarm, by: int) -> Alarm:
    """When it is to be seen again."""
    return replace(alarm, clock_ms=alarm.clock_ms + by, version=alarm.version + 1)


def moved_command(command: Command, by: int) -> Command:
    """Until when it is carried out."""
    return replace(command, expires=command.expires + by)


def _moved_step(step: StepProgress, by: int) -> StepProgress:
    return step if step.state in _STEPS_OVER else replace(step, due_at=step.due_at + by)


def _moved(at: int | None, by: int) -> int | None:
    return None if at is None else at + by


def _span(ms: int) -> tuple[str, str]:
    seconds = round(ms / 1000)
    for size, zh, en in ((86_400, "天", "days"), (3_600, "小时", "h"), (60, "分钟", "min")):
        if seconds >= 2 * size:
            figure = f"{seconds / size:.1f}".removesuffix(".0")
            return f"{figure}{zh}", f"{figure} {en}"
    return f"{seconds}秒", f"{seconds} s"
