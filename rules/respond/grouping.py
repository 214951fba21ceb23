"""First-out and consequences: a gateway that is offline is one alarm, and its silent points lie under it.

A consequence keeps its own state and history; it has no ticket of its own while the first-out stands. When the
first-out is over, what still stands is an alarm in its own right, with its ticket. A high alarm is never a consequence.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from backbone.database.alarms import consequences_of, list_alarms, open_alarm
from community.alarms import Alarm, AlarmState
from community.site.rules import GATEWAY_OFFLINE, Grade, Rule
from community.site.site import Site
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


def first_out(c: Connection, site: Site, rule: Rule, points: Sequence[str]) -> str | None:
    """The id of the standing alarm that explains why these points are silent, if there is one."""
    if rule.when.stale is None or rule.risk is Grade.HIGH or rule.id == GATEWAY_OFFLINE:
        return None
    gateways = {site.points[point].gateway for point in points if point in site.points}
    if len(gateways) != 1:
        return None
    alarm = open_alarm(c, site.id, GATEWAY_OFFLINE, gateways.pop())
    return alarm.id if alarm is not None and alarm.state in STANDING else None


def found_before(c: Connection, site: Site, alarm: Alarm, since: int) -> list[Alarm]:
    """Alarms of silent points of a gateway that came shortly before the gateway's own."""
    stale = {rule.id for rule in site.file.rules if rule.when.stale is not None and rule.risk is not Grade.HIGH}
    points = {point.id for point in site.points_of_gateway.get(alarm.scope, ())}
    return [
        other
        for other in list_alarms(c, site.id, states=STANDING, limit=len(points) * max(len(stale), 1) + 1_000)
        if other.rule in stale
        and other.scope in points
        and other.first_out is None
        and max(other.raised_at, other.raised_again_at or 0) >= since - UNSEEN_MS
    ]


def consequences(c: Connection, alarm: Alarm) -> list[Alarm]:
    """The open alarms under a first-out."""
    return consequences_of(c, alarm.site, alarm.id)


def _zone(site: Site, gateway: str) -> str:
    """The innermost zone all of a gateway's devices lie in; where there is none, that of the first."""
    paths = [site.zone_path(device.zone) for device in site.gateways[gateway].devices]
    if not paths:
        return next(iter(site.zones))
    return next((zone for zone in paths[0] if all(zone in path for path in paths)), paths[0][0])
