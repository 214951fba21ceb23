"""First-out and consequences: a pump room without power is one alarm, and what follows from it lies under it.

Which rules explain which stands in the site file; that a gateway that is offline explains its silent points goes
without saying. A consequence keeps its own state and history; it has no ticket of its own while the first-out stands.
When the first-out is over, what still stands is an alarm in its own right, with its ticket. A high alarm, and one that
tells of fire, is never a consequence. What a low rule finds is kept as an alarm only where it lies under another;
elsewhere it is a ticket.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from backbone.database.alarms import consequences_of, open_alarm, open_of_rules
from community.alarms import Alarm, AlarmState
from community.site.life_safety import never_follows
from community.site.rules import GATEWAY_OFFLINE, PLATFORM_RULES, Grade, Rule
from community.site.site import Site
from community.suppression import families
from rules.detect.model import Transition

UNSEEN_MS: Final = 120_000
"""The broker notices a dead gateway after one and a half keep-alives: its points may have been found silent before."""
STANDING: Final = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED})


def offline_rule(site: Site, gateway: str) -> Rule:
    """The platform's own rule: behind a dead gateway nothing is watched, and somebody has to know."""
    name = site.gateways[gateway].name if gateway in site.gateways else None
    zh, en = (name.zh, name.in_language("en")) if name else (gateway, gateway)
    return Rule.model_validate(
        {
            "id": GATEWAY_OFFLINE,
            "select": {"tag": "gateway"},
            "when": {"stale": {"for": "3x"}},
            "risk": Grade.MEDIUM,
            "message": {"zh": f"网关离线：{zh}", "en": f"Gateway offline: {en}"},
            "cause": {"zh": "断电、断网或网关故障", "en": "No power, no network, or the gateway has failed"},
            "consequence": {"zh": "其下所有监测点失去监视", "en": "None of its points is watched"},
            "action": {
                "zh": "检查网关的电源和网络；修复前加强巡查",
                "en": "Check the gateway's power and network; patrol until it is back",
            },
        }
    )


def offline_transition(site: Site, gateway: str, online: bool, at: int) -> Transition:
    """A gateway's status as a transition of the platform's own rule; `at` Unix ms."""
    reason = "over" if online else "offline"
    return Transition(GATEWAY_OFFLINE, gateway, _zone(site, gateway), not online, at, None, (), reason)


def is_gateways(site: Site, alarm: Alarm) -> bool:
    """Whether the alarm is ended by its gateway's status, not by a condition of the site's rules."""
    return alarm.rule == GATEWAY_OFFLINE and alarm.scope in site.gateways


def first_out(c: Connection, site: Site, rule: Rule, alarm: Alarm) -> str | None:
    """The id of the standing alarm that explains this one, if there is one."""
    if rule.id in PLATFORM_RULES or never_follows(rule.risk, rule.when, families(site, alarm)):
        return None
    if rule.when.stale is not None and (gateway := _gateway_of(site, alarm.points)) is not None:
        first = open_alarm(c, site.id, GATEWAY_OFFLINE, gateway)
        if first is not None and _calls(first):
            return first.id
    causes = {cause.id: cause for cause in site.file.rules if cause.explains and rule.id in cause.explains.rules}
    if not causes:
        return None
    found = open_of_rules(c, site.id, causes)
    return next(
        (
            first.id
            for first in found
            if _calls(first) and first.id != alarm.id and _reaches(site, causes[first.rule], first, alarm)
        ),
        None,
    )


def followers(site: Site) -> frozenset[str]:
    """The rules whose alarms may lie under another: explained by a rule, or silent points of a gateway."""
    explained = {name for rule in site.file.rules if rule.explains for name in rule.explains.rules}
    return frozenset(explained | {rule.id for rule in site.file.rules if rule.when.stale is not None})


def explains(rule: Rule | None) -> bool:
    """Whether an alarm of this rule may have consequences."""
    return rule is not None and (rule.id == GATEWAY_OFFLINE or rule.explains is not None)


def found_before(c: Connection, site: Site, rule: Rule, alarm: Alarm, since: int) -> list[Alarm]:
    """What the alarm explains and came shortly before it: silent points of a gateway, or the rule's consequences."""
    if rule.id == GATEWAY_OFFLINE:
        followers = {other.id for other in site.file.rules if other.when.stale is not None}
        points = {point.id for point in site.points_of_gateway.get(alarm.scope, ())}
        found = [other for other in open_of_rules(c, site.id, followers) if other.scope in points]
    elif rule.explains is not None:
        found = [
            other for other in open_of_rules(c, site.id, rule.explains.rules) if _reaches(site, rule, alarm, other)
        ]
    else:
        return []
    return [
        other
        for other in found
        if other.state in STANDING
        and other.first_out is None
        and _may_follow(site, other)
        and max(other.raised_at, other.raised_again_at or 0) >= since - UNSEEN_MS
    ]


def _calls(first: Alarm) -> bool:
    """Under an alarm that calls nobody itself, nobody would be told of either."""
    return first.state in STANDING and first.suppressed is None


def _may_follow(site: Site, alarm: Alarm) -> bool:
    rule = next((rule for rule in site.file.rules if rule.id == alarm.rule), None)
    return rule is not None and not never_follows(alarm.grade, rule.when, families(site, alarm))


def consequences(c: Connection, alarm: Alarm) -> list[Alarm]:
    """The open alarms under a first-out."""
    return consequences_of(c, alarm.site, alarm.id)


def _gateway_of(site: Site, points: Sequence[str]) -> str | None:
    gateways = {site.points[point].gateway for point in points if point in site.points}
    return gateways.pop() if len(gateways) == 1 else None


def _reaches(site: Site, cause: Rule, first: Alarm, other: Alarm) -> bool:
    """Whether the consequence lies where the cause says its consequences are."""
    assert cause.explains is not None
    if first.zone not in site.zones or other.zone not in site.zones:
        return False
    match cause.explains.within:
        case "zone":
            return first.zone in site.zone_path(other.zone)
        case "building":
            return site.building_of(first.zone) == site.building_of(other.zone)
        case "site":
            return True


def _zone(site: Site, gateway: str) -> str:
    """The innermost zone all of a gateway's devices lie in; where there is none, that of the first."""
    paths = [site.zone_path(device.zone) for device in site.gateways[gateway].devices]
    if not paths:
        return next(iter(site.zones))
    return next((zone for zone in paths[0] if all(zone in path for path in paths)), paths[0][0])
