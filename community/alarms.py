"""Alarms and their life (IEC 62682): raise, acknowledge, clear, latch, reset."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from community.errors import TransitionRefused
from community.site.rules import Grade, Rule
from community.text import Text


class AlarmState(StrEnum):
    """The states of an alarm; whether it is suppressed is orthogonal to these (community/suppression.py)."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned-unacknowledged"
    LATCHED = "latched"


MOST_CAUSES = 32
"""Readings kept with a transition; of a vote of more devices the first ones."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A reading that made a condition true or ended it."""

    point: str
    at: int
    """When it was made, Unix ms; of a silence, when the point was last heard."""
    value: float | None
    """As the condition judged it: of a mean, slope or dose that of its window. None: an event, or a silence."""
    quality: int = 0
    """Quality bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One occurrence of a rule's condition at a point (or, for a vote, in a zone)."""

    id: str
    """`{site}:{rule}:{scope}:{raised_at}` — the same readings always give the same id, so a repeat has no effect."""
    site: str
    rule: str
    scope: str
    """The point id, or the zone id of a vote."""
    zone: str
    grade: Grade
    state: AlarmState
    message: Text
    action: Text | None
    latch: bool
    value: float | None
    """The value that raised it."""
    points: tuple[str, ...]
    """The points whose readings caused it."""
    raised_at: int
    raised_again_at: int | None = None
    """The last time its condition came back before it had ended."""
    acknowledged_at: int | None = None
    acknowledged_by: str | None = None
    acknowledge_note: str | None = None
    cleared_at: int | None = None
    reset_at: int | None = None
    reset_by: str | None = None
    reset_reason: str | None = None
    late: bool = False
    """From readings older than `late_after`: on record, but moves no actuator."""
    simulated: bool = False
    test: bool = False
    plan: str | None = None
    ticket: str | None = None
    activation: str | None = None
    detail: Mapping[str, float] = field(default_factory=dict)
    """What the condition had to say beside its value: of a forecast, when the limit is reached (Unix ms)."""
    first_out: str | None = None
    """The alarm this one is a consequence of: a silent point of a gateway that is offline."""
    suppressed: str | None = None
    """The suppression it is under: it calls nobody."""
    cause: Text | None = None
    """What most often leads to it, and what may come of it: the rule's words when it was raised."""
    consequence: Text | None = None
    called_again_at: int | None = None
    """The last time it wanted to be seen again: a suppression ended, or it stood acknowledged for too long."""
    chatters: bool = False
    """It came and went so often that it stays standing until it has been calm for a while."""
    raised_by: tuple[Cause, ...] = ()
    """The readings that raised it (last), and those that ended its condition; none where no reading did."""
    cleared_by: tuple[Cause, ...] = ()
    clock_ms: int = 0
    """By how much the server's clock was set since it was acknowledged."""
    version: int = 1


class AlarmEvent(StrEnum):
    """What can happen to an alarm."""

    RAISE = "raise"
    ACKNOWLEDGE = "acknowledge"
    CLEAR = "clear"
    RESET = "reset"
    CALL_AGAIN = "call-again"


_S, _E = AlarmState, AlarmEvent
TRANSITIONS: Mapping[tuple[AlarmState, AlarmEvent], AlarmState] = {
    (_S.NORMAL, _E.RAISE): _S.UNACKNOWLEDGED,
    (_S.UNACKNOWLEDGED, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.UNACKNOWLEDGED, _E.CLEAR): _S.RETURNED,
    (_S.ACKNOWLEDGED, _E.CLEAR): _S.NORMAL,
    (_S.RETURNED, _E.ACKNOWLEDGE): _S.NORMAL,
    (_S.RETURNED, _E.RAISE): _S.UNACKNOWLEDGED,
    (_S.LATCHED, _E.RAISE): _S.UNACKNOWLEDGED,
    (_S.LATCHED, _E.RESET): _S.NORMAL,
    (_S.ACKNOWLEDGED, _E.CALL_AGAIN): _S.UNACKNOWLEDGED,
    (_S.UNACKNOWLEDGED, _E.CALL_AGAIN): _S.UNACKNOWLEDGED,
}
"""IEC 62682's table. A latched alarm ends in LATCHED where the table says NORMAL, and waits for its reset."""

UNSEEN = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED})
"""States that wait for somebody's acknowledgement."""

_REFUSALS = {
    _E.RAISE: "the alarm stands already",
    _E.ACKNOWLEDGE: "the alarm is acknowledged already",
    _E.CLEAR: "the condition has cleared already",
    _E.CALL_AGAIN: "the condition has cleared",
    _E.RESET: "only a latched alarm whose condition has cleared and that was acknowledged can be reset",
}


def alarm_id(site: str, rule: str, scope: str, raised_at: int) -> str:
    """The id of an occurrence: the same readings give the same one, and no two sites of one database share any."""
    return f"{site}:{rule}:{scope}:{raised_at}"


def raise_alarm(
    *,
    site: str,
    rule: Rule,
    scope: str,
    zone: str,
    at: int,
    value: float | None,
    points: tuple[str, ...],
    late: bool = False,
    simulated: bool = False,
    test: bool = False,
    causes: tuple[Cause, ...] = (),
) -> Alarm:
    """A new occurrence of a rule's condition, unacknowledged."""
    return Alarm(
        id=alarm_id(site, rule.id, scope, at),
        site=site,
        rule=rule.id,
        scope=scope,
        zone=zone,
        grade=rule.risk,
        state=AlarmState.UNACKNOWLEDGED,
        message=rule.message,
        action=rule.action,
        cause=rule.cause,
        consequence=rule.consequence,
        latch=rule.latch,
        value=value,
        points=points,
        raised_at=at,
        late=late,
        simulated=simulated,
        test=test,
        plan=rule.plan,
        raised_by=causes[:MOST_CAUSES],
    )


def reraise(
    alarm: Alarm, now: int, value: float | None, points: tuple[str, ...], causes: tuple[Cause, ...] = ()
) -> Alarm:
    """The condition is true again before the alarm ended."""
    return replace(
        alarm,
        state=_next(alarm, AlarmEvent.RAISE),
        value=value,
        points=tuple(dict.fromkeys((*alarm.points, *points))),
        raised_again_at=now,
        raised_by=causes[:MOST_CAUSES],
        cleared_by=(),
        chatters=False,
        cleared_at=None,
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledge_note=None,
        reset_at=None,
        reset_by=None,
        reset_reason=None,
        version=alarm.version + 1,
    )


def acknowledge(alarm: Alarm, by: str, note: str, now: int) -> Alarm:
    """A person has seen it.

    Raises:
        TransitionRefused: it was acknowledged before.
    """
    return replace(
        alarm,
        state=_next(alarm, AlarmEvent.ACKNOWLEDGE),
        acknowledged_at=now,
        acknowledged_by=by,
        acknowledge_note=note or None,
        clock_ms=0,
        version=alarm.version + 1,
    )


def clear(alarm: Alarm, now: int, causes: tuple[Cause, ...] = ()) -> Alarm:
    """The condition is no longer true.

    Raises:
        TransitionRefused: it had cleared before.
    """
    return replace(
        alarm,
        state=_next(alarm, AlarmEvent.CLEAR),
        cleared_at=now,
        cleared_by=causes[:MOST_CAUSES],
        version=alarm.version + 1,
    )


def call_again(alarm: Alarm, now: int) -> Alarm:
    """It still stands, and wants to be seen again.

    Raises:
        TransitionRefused: its condition has cleared.
    """
    return replace(
        alarm,
        state=_next(alarm, AlarmEvent.CALL_AGAIN),
        called_again_at=now,
        suppressed=None,
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledge_note=None,
        version=alarm.version + 1,
    )


def called_at(alarm: Alarm) -> int:
    """The last time it called for somebody."""
    return max(alarm.raised_at, alarm.raised_again_at or 0, alarm.called_again_at or 0)


def reset(alarm: Alarm, by: str, reason: str, now: int) -> Alarm:
    """Somebody looked, and takes the latch off.

    Raises:
        TransitionRefused: it is not latched, its condition still stands, nobody acknowledged it, or no reason.
    """
    if not reason.strip():
        raise TransitionRefused("say what was found when somebody looked")
    return replace(
        alarm,
        state=_next(alarm, AlarmEvent.RESET),
        reset_at=now,
        reset_by=by,
        reset_reason=reason,
        version=alarm.version + 1,
    )


def _next(alarm: Alarm, event: AlarmEvent) -> AlarmState:
    following = TRANSITIONS.get((alarm.state, event))
    if following is None:
        raise TransitionRefused(_REFUSALS[event])
    if following is AlarmState.NORMAL and alarm.latch and event is not AlarmEvent.RESET:
        return AlarmState.LATCHED
    return following
