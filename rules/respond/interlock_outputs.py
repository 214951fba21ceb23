"""Outputs a tripped interlock could not set: a door that stays shut in a fire is an alarm, with somebody sent to it."""

from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy import Connection

from backbone.database.alarms import list_alarms
from community.alarms import Alarm, AlarmState
from community.commands import SET, SETTING
from community.site.rules import INTERLOCK_OUTPUT_FAILED, Grade, Rule
from community.site.site import Site
from rules.detect.model import Transition

MOST_REASON: Final = 200
_MOST_STANDING: Final = 10_000
_STANDING: Final = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED})


def output_rule(site: Site, point: str) -> Rule:
    """The platform's own rule: what an interlock could not do, a person has to, at once."""
    row = site.points.get(point)
    zh, en = (row.name.zh, row.name.in_language("en")) if row is not None else (point, point)
    return Rule.model_validate(
        {
            "id": INTERLOCK_OUTPUT_FAILED,
            "select": {"point": point},
            "when": {"event": {"type": "interlock.output-failed"}},
            "risk": Grade.MEDIUM,
            "message": {"zh": f"联动输出未动作：{zh}", "en": f"Interlock output did not act: {en}"},
            "cause": {
                "zh": "写入被拒绝、回读不一致，或设备、线路故障",
                "en": "The write was refused, the read-back differs, or the device or its line has failed",
            },
            "consequence": {
                "zh": "联动已触发，但该门或设备没有到位",
                "en": "The interlock has tripped and this door or device is not where it should be",
            },
            "action": {
                "zh": "立即派人到现场手动操作；网关仍在自动重试",
                "en": "Send somebody to operate it by hand at once; the gateway goes on trying",
            },
        }
    )


def is_outputs(site: Site, alarm: Alarm) -> bool:
    """Whether the alarm is ended by what a gateway says of an output, not by a condition of the site's rules."""
    return alarm.rule == INTERLOCK_OUTPUT_FAILED and alarm.scope in site.points


def transitions(c: Connection, site: Site, gateway: str, outputs: Mapping[str, str], at: int) -> Iterator[Transition]:
    """What a gateway's word means: `outputs` of its tripped interlocks, by point.

    An alarm is over when its output obeys, or no tripped interlock holds it any more; not while it is tried again.
    """
    for point, state in outputs.items():
        if state not in (SET, SETTING) and point in site.points and site.points[point].gateway == gateway:
            yield _transition(site, point, True, at, state[:MOST_REASON])
    for alarm in list_alarms(c, site.id, states=_STANDING, limit=_MOST_STANDING):
        if is_outputs(site, alarm) and site.points[alarm.scope].gateway == gateway:
            now_is = outputs.get(alarm.scope)
            if now_is in (None, SET):
                yield _transition(site, alarm.scope, False, at, "not held any more" if now_is is None else "it is set")


def _transition(site: Site, point: str, active: bool, at: int, reason: str) -> Transition:
    zone = site.points[point].zone
    return Transition(INTERLOCK_OUTPUT_FAILED, point, zone, active, at, None, (point,), reason)
