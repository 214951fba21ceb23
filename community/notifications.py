"""A notification to one person, from being due to being acknowledged; over the person's channels in turn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from community.alarms import Alarm, AlarmState
from community.errors import TransitionRefused
from community.site.duty import Grouping, Retry

MOST_TRIES = 50


class NotificationState(StrEnum):
    """How far it has come."""

    QUEUED = "queued"
    HANDED_OVER = "handed-over"
    """A channel has taken it."""
    DELIVERED = "delivered"
    """The person opened its link."""
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"
    """None of the person's channels took it, or there is none."""
    WITHDRAWN = "withdrawn"
    """No longer needed before it was handed over."""


class NotificationEvent(StrEnum):
    """What can happen to one."""

    HAND_OVER = "hand-over"
    TRY_AGAIN = "try-again"
    GIVE_UP = "give-up"
    OPEN = "open"
    ACKNOWLEDGE = "acknowledge"
    WITHDRAW = "withdraw"


_S, _E = NotificationState, NotificationEvent
TRANSITIONS: Mapping[tuple[NotificationState, NotificationEvent], NotificationState] = {
    (_S.QUEUED, _E.HAND_OVER): _S.HANDED_OVER,
    (_S.QUEUED, _E.TRY_AGAIN): _S.QUEUED,
    (_S.QUEUED, _E.GIVE_UP): _S.FAILED,
    (_S.QUEUED, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.QUEUED, _E.OPEN): _S.DELIVERED,
    (_S.QUEUED, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.HANDED_OVER, _E.OPEN): _S.DELIVERED,
    (_S.HANDED_OVER, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.DELIVERED, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.FAILED, _E.OPEN): _S.DELIVERED,
    (_S.FAILED, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
}
"""A time-out is not proof that nothing arrived: a message that failed for us may still be opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt to hand it to a channel."""

    at: int
    channel: str
    outcome: str
    """`handed-over` or `failed`."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What one person is told of one cause."""

    id: str
    site: str
    escalation: str
    person: str
    told_as: str
    """The duty or role by which they are told."""
    grade: str
    """High: at once and by itself; others are gathered."""
    zone: str
    channels: tuple[str, ...]
    """In the order they are tried."""
    token: str
    """In the link; whoever has it may acknowledge."""
    occasion: str = ""
    """The activation it belongs to, if any."""
    created_at: int
    next_at: int
    state: NotificationState = NotificationState.QUEUED
    channel: int = 0
    rounds: int = 0
    """How often all channels were tried in vain."""
    tries: tuple[Try, ...] = ()
    message: str | None = None
    """Notifications that went out together have the same."""
    handed_at: int | None = None
    opened_at: int | None = None
    acknowledged_at: int | None = None
    why: str = ""
    version: int = 1


def wants_notification(alarm: Alarm) -> bool:
    """Whether anybody is to be told of an alarm, or still to be told."""
    waits = alarm.state is AlarmState.UNACKNOWLEDGED or (
        alarm.state is AlarmState.RETURNED and alarm.grade.value == "high"
    )
    return waits and alarm.suppressed is None


def handed_over(notification: Notification, now: int, detail: str = "") -> Notification:
    """A channel has taken it."""
    tried = _tried(notification, now, "handed-over", detail)
    return replace(tried, state=_next(notification, _E.HAND_OVER), handed_at=now)


def not_taken(notification: Notification, now: int, why: str, retry: Retry) -> Notification:
    """A channel has not taken it: the person's next one is tried at once; after the last, all again after a pause."""
    tried = _tried(notification, now, "failed", why)
    if tried.channel + 1 < len(tried.channels):
        state = _next(notification, _E.TRY_AGAIN)
        return replace(tried, state=state, channel=tried.channel + 1, next_at=now)
    rounds = tried.rounds + 1
    if rounds < retry.attempts:
        wait_ms = round(min(retry.first * 2 ** (rounds - 1), retry.longest) * 1000)
        state = _next(notification, _E.TRY_AGAIN)
        return replace(tried, state=state, channel=0, rounds=rounds, next_at=now + wait_ms)
    return replace(tried, state=_next(notification, _E.GIVE_UP), rounds=rounds, why=why)


def unreachable(notification: Notification, why: str) -> Notification:
    """The person has no channel at all."""
    return replace(notification, state=_next(notification, _E.GIVE_UP), why=why, version=notification.version + 1)


def opened(notification: Notification, now: int) -> Notification:
    """The person looked at it; a second look changes nothing."""
    if (notification.state, _E.OPEN) not in TRANSITIONS:
        return notification
    state = _next(notification, _E.OPEN)
    return replace(notification, state=state, opened_at=now, version=notification.version + 1)


def acknowledged(notification: Notification, now: int) -> Notification:
    """The person has taken it on.

    Raises:
        TransitionRefused: they did before, or it was withdrawn.
    """
    state = _next(notification, _E.ACKNOWLEDGE)
    return replace(notification, state=state, acknowledged_at=now, version=notification.version + 1)


def withdrawn(notification: Notification, why: str) -> Notification:
    """Nobody needs it any more; one that was handed over stays so."""
    if (notification.state, _E.WITHDRAW) not in TRANSITIONS:
        return notification
    return replace(notification, state=_next(notification, _E.WITHDRAW), why=why, version=notification.version + 1)


def _tried(notification: Notification, now: int, outcome: str, detail: str) -> Notification:
    channel = notification.channels[notification.channel] if notification.channels else "-"
    tried = Try(at=now, channel=channel, outcome=outcome, detail=detail[:300])
    tries = (*notification.tries, tried)[-MOST_TRIES:]
    return replace(notification, tries=tries, version=notification.version + 1)


def _next(notification: Notification, event: NotificationEvent) -> NotificationState:
    following = TRANSITIONS.get((notification.state, event))
    if following is None:
        raise TransitionRefused(f"a notification that is {notification.state} cannot take '{event}'")
    return following


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The last messages a person got that were not of high alarms (Unix ms)."""

    person: str
    opened_at: int = 0
    """When the first of a series went out."""
    last_at: int = 0
    sent: int = 0
    """In this series."""


def release_at(pace: Pace | None, grouping: Grouping) -> int:
    """From when on the person may get the next message: at once, after the window, then a digest at a time."""
    if pace is None or pace.sent == 0:
        return 0
    wait_s = grouping.window if pace.sent == 1 else grouping.digest
    return pace.last_at + round(wait_s * 1000)


def paced(pace: Pace | None, person: str, now: int, grouping: Grouping) -> Pace:
    """A message went out now; after a quiet digest's length a series is over."""
    if pace is None or now - pace.last_at >= grouping.digest * 1000 + grouping.window * 1000:
        return Pace(person=person, opened_at=now, last_at=now, sent=1)
    return replace(pace, last_at=now, sent=pace.sent + 1)
