"""What keeps an alarm from calling people for a time: shelved, or its sensors out of service (IEC 62682).

A suppressed alarm is raised, kept and shown as suppressed; it has no ticket, calls nobody and starts no plan. When the
suppression ends, by its time or by a person, what still stands calls at once.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from community.alarms import Alarm
from community.errors import TransitionRefused
from community.site.profile import Family
from community.site.rules import Grade
from community.site.site import Site

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
LONGEST_SHELF_MS = {Grade.HIGH: 30 * _MINUTE_MS, Grade.MEDIUM: 12 * _HOUR_MS, Grade.LOW: 12 * _HOUR_MS}
LONGEST_OUT_OF_SERVICE_MS = 30 * 24 * _HOUR_MS
LONGEST_WITHOUT_FIRE_DETECTION_MS = 8 * _HOUR_MS
"""One shift: whoever takes over has to decide anew."""


class SuppressionKind(StrEnum):
    """By whom, and of what."""

    SHELVED = "shelved"
    """One alarm, by a person who knows of it."""
    OUT_OF_SERVICE = "out-of-service"
    """All sensors of a device or of a place that is being worked on."""


class SuppressionState(StrEnum):
    """`ending` until what stood under it has called."""

    ACTIVE = "active"
    ENDING = "ending"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One of them, from a time to a time."""

    id: str
    site: str
    kind: SuppressionKind
    zone: str
    """The place; of a shelved alarm, its zone."""
    reason: str
    by: str
    since: int
    until: int
    """It ends by itself then (Unix ms)."""
    state: SuppressionState = SuppressionState.ACTIVE
    rule: str | None = None
    """Of a shelved alarm: its rule, and its scope."""
    scope: str | None = None
    device: str | None = None
    """Out of service: only this device of the zone."""
    fire: bool = False
    """Whether fire is not detected there meanwhile: somebody has to watch (GB 25201)."""
    ended_at: int | None = None
    ended_by: str | None = None
    version: int = 1


def shelve(alarm: Alarm, *, identifier: str, by: str, reason: str, now: int, until: int) -> Suppression:
    """Shelve one alarm.

    Raises:
        TransitionRefused: no reason, or for longer than its grade may be.
    """
    _check(reason, now, until, LONGEST_SHELF_MS[alarm.grade])
    return Suppression(
        id=identifier,
        site=alarm.site,
        kind=SuppressionKind.SHELVED,
        zone=alarm.zone,
        reason=reason,
        by=by,
        since=now,
        until=until,
        rule=alarm.rule,
        scope=alarm.scope,
    )


def take_out_of_service(
    site: Site, *, zone: str, device: str | None, identifier: str, by: str, reason: str, now: int, until: int
) -> Suppression:
    """Take a device, or all of a place, out of service while it is worked on.

    Raises:
        TransitionRefused: no reason, or for longer than may be.
    """
    fire = blinds(site, zone, device)
    _check(reason, now, until, LONGEST_WITHOUT_FIRE_DETECTION_MS if fire else LONGEST_OUT_OF_SERVICE_MS)
    return Suppression(
        id=identifier,
        site=site.id,
        kind=SuppressionKind.OUT_OF_SERVICE,
        zone=zone,
        reason=reason,
        by=by,
        since=now,
        until=until,
        device=device,
        fire=fire,
    )


def blinds(site: Site, zone: str, device: str | None) -> bool:
    """Whether a point that detects fire would be out of service."""
    return any(point.family is Family.FIRE and _within(site, zone, device, point.id) for point in site.points.values())


def covers(site: Site, suppression: Suppression, alarm: Alarm) -> bool:
    """Whether a new occurrence is suppressed. One high alarm that is shelved says nothing of the next one.

    What is judged over several points is suppressed only where all that could ever join are out of service.
    """
    if suppression.kind is SuppressionKind.SHELVED:
        same = suppression.rule == alarm.rule and suppression.scope == alarm.scope
        return same and alarm.grade is not Grade.HIGH
    zone, device = suppression.zone, suppression.device
    if alarm.scope in site.points:
        return all(_within(site, zone, device, point) for point in {alarm.scope, *alarm.points} & set(site.points))
    if alarm.scope in site.devices:
        return device == alarm.scope or (device is None and zone in site.zone_path(site.devices[alarm.scope].zone))
    return device is None and alarm.scope in site.zones and zone in site.zone_path(alarm.scope)


def end(suppression: Suppression, by: str, now: int) -> Suppression:
    """It ends: what stands under it is to call.

    Raises:
        TransitionRefused: it has ended.
    """
    if suppression.state is not SuppressionState.ACTIVE:
        raise TransitionRefused("it has ended already")
    return replace(
        suppression, state=SuppressionState.ENDING, ended_at=now, ended_by=by, version=suppression.version + 1
    )


def over(suppression: Suppression) -> Suppression:
    """Everything under it has called."""
    return replace(suppression, state=SuppressionState.OVER, version=suppression.version + 1)


def _within(site: Site, zone: str, device: str | None, point: str) -> bool:
    found = site.points[point]
    return found.device == device if device is not None else zone in site.zone_path(found.zone)


def _check(reason: str, now: int, until: int, longest_ms: int) -> None:
    if not reason.strip():
        raise TransitionRefused("say why")
    if not now < until <= now + longest_ms:
        raise TransitionRefused(f"it ends after now, and within {_words(longest_ms)}")


def _words(ms: int) -> str:
    hours, minutes = divmod(ms // _MINUTE_MS, 60)
    return f"{hours // 24} days" if hours >= 48 else f"{hours} h" if hours else f"{minutes} min"
