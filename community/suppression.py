"""What keeps an alarm from calling people for a time: shelved, out of service, or suppressed by design (IEC 62682).

A suppressed alarm is raised, kept and shown as suppressed; it has no ticket, calls nobody and starts no plan. When the
suppression ends, by its time or by a person, what still stands calls at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from community.alarms import Alarm
from community.errors import TransitionRefused
from community.site.life_safety import always_calls
from community.site.profile import Family
from community.site.rules import Grade
from community.site.site import Site

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
LONGEST_SHELF_MS = {Grade.HIGH: 30 * _MINUTE_MS, Grade.MEDIUM: 12 * _HOUR_MS, Grade.LOW: 12 * _HOUR_MS}
LONGEST_OUT_OF_SERVICE_MS = 30 * 24 * _HOUR_MS
LONGEST_BY_DESIGN_MS = 24 * _HOUR_MS
"""What hides others for a day is itself forgotten: then they call."""
LONGEST_WITHOUT_FIRE_DETECTION_MS = 8 * _HOUR_MS
"""One shift: whoever takes over has to decide anew."""


class SuppressionKind(StrEnum):
    """By whom, and of what."""

    SHELVED = "shelved"
    """One alarm, by a person who knows of it."""
    OUT_OF_SERVICE = "out-of-service"
    """All sensors of a device or of a place that is being worked on."""
    MAINTENANCE = "maintenance"
    """A place, device or facility is under maintenance: rules that say `suppressed_in_maintenance` call nobody."""
    DESIGN = "by-design"
    """Another alarm stands that a rule names in `suppressed_by`."""


BY_DESIGN = frozenset({SuppressionKind.MAINTENANCE, SuppressionKind.DESIGN})


class SuppressionState(StrEnum):
    """`ending` until what stood under it has called."""

    ACTIVE = "active"
    ENDING = "ending"
    OVER = "over"


class SuppressionEvent(StrEnum):
    """What can happen to one."""

    END = "end"
    CALLED = "called"
    """What stood under it has called."""
    COME_BACK = "come-back"
    """A shelved high alarm comes anew: that is another, and calls."""


_S, _E = SuppressionState, SuppressionEvent
TRANSITIONS: Mapping[tuple[SuppressionState, SuppressionEvent], SuppressionState] = {
    (_S.ACTIVE, _E.END): _S.ENDING,
    (_S.ACTIVE, _E.COME_BACK): _S.OVER,
    (_S.ENDING, _E.CALLED): _S.OVER,
    (_S.ENDING, _E.COME_BACK): _S.OVER,
}


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
    """Out of service, or maintenance: only this device of the zone."""
    facility: str | None = None
    """Maintenance: only the points of this facility."""
    alarm: str | None = None
    """By design: the alarm that stands meanwhile."""
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
    kind = SuppressionKind.OUT_OF_SERVICE
    out = Suppression(id=identifier, site=site.id, kind=kind, zone=zone, reason=reason, by=by, since=now, until=until)
    return replace(out, device=device, fire=fire)


def maintain(
    site: Site,
    *,
    zone: str,
    device: str | None,
    facility: str | None,
    identifier: str,
    by: str,
    reason: str,
    now: int,
    until: int,
) -> Suppression:
    """A place, or one device or facility of it, is under maintenance.

    Raises:
        TransitionRefused: no reason, or for longer than may be.
    """
    _check(reason, now, until, LONGEST_OUT_OF_SERVICE_MS)
    kind = SuppressionKind.MAINTENANCE
    work = Suppression(id=identifier, site=site.id, kind=kind, zone=zone, reason=reason, by=by, since=now, until=until)
    return replace(work, device=device, facility=facility)


def while_stands(alarm: Alarm, now: int) -> Suppression:
    """What an alarm suppresses by design, for as long as it stands; the same occurrence always gives the same one."""
    occurrence = f"{alarm.id}@{alarm.raised_again_at or alarm.raised_at}"
    return Suppression(
        id=f"d-{sha256(occurrence.encode()).hexdigest()[:20]}",
        site=alarm.site,
        kind=SuppressionKind.DESIGN,
        zone=alarm.zone,
        reason=alarm.message.zh + (f" / {alarm.message.en}" if alarm.message.en else ""),
        by="",
        since=now,
        until=now + LONGEST_BY_DESIGN_MS,
        rule=alarm.rule,
        scope=alarm.scope,
        alarm=alarm.id,
    )


def may_be_by_design(site: Site, alarm: Alarm) -> bool:
    """Whether a rule may keep the alarm from calling; what the file's checks refuse is refused here too."""
    return not always_calls(alarm.grade, families(site, alarm))


def families(site: Site, alarm: Alarm) -> frozenset[Family]:
    """The families of the points that caused an alarm."""
    return frozenset(site.points[point].family for point in {alarm.scope, *alarm.points} if point in site.points)


def maintained(site: Site, suppression: Suppression, alarm: Alarm) -> bool:
    """Whether an alarm lies where maintenance goes on: all of it in the place, at the device or the facility."""
    if suppression.facility is None:
        return _place_covers(site, suppression, alarm)
    facility = next((f for f in site.file.facilities if f.id == suppression.facility), None)
    return facility is not None and bool(alarm.points) and set(alarm.points) <= set(facility.points)


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
    if suppression.kind in BY_DESIGN:
        return False  # the rule decides: `rules.respond.suppressing`
    return _place_covers(site, suppression, alarm)


def _place_covers(site: Site, suppression: Suppression, alarm: Alarm) -> bool:
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
    return _take(suppression, SuppressionEvent.END, ended_at=now, ended_by=by)


def over(suppression: Suppression) -> Suppression:
    """Everything under it has called.

    Raises:
        TransitionRefused: it has not ended.
    """
    return _take(suppression, SuppressionEvent.CALLED)


def come_back(suppression: Suppression, by: str, now: int) -> Suppression:
    """The shelved alarm comes anew, and calls: nothing is left under it.

    Raises:
        TransitionRefused: it is over.
    """
    return _take(suppression, SuppressionEvent.COME_BACK, ended_at=now, ended_by=by)


def _take(suppression: Suppression, event: SuppressionEvent, **changes: Any) -> Suppression:
    following = TRANSITIONS.get((suppression.state, event))
    if following is None:
        over = f"a suppression that is {suppression.state} cannot take '{event}'"
        said = "it has ended already" if event is SuppressionEvent.END else over
        raise TransitionRefused(said)
    return replace(suppression, state=following, version=suppression.version + 1, **changes)


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
