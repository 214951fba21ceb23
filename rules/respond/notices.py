"""What people are to be told, written in the transaction that caused it; `rules.notify` takes it from there."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from backbone.database.notifications import begin_escalation
from community.activations import Activation, StepProgress
from community.alarms import Alarm, called_at
from community.drills import Drill
from community.escalations import COMMAND, Escalation, of_party
from community.incident_command import CommandState
from community.notice_text import Facts
from community.notifications import wants_notification
from community.site.site import Site
from community.text import Text


def tell_alarm(c: Connection, site: Site, alarm: Alarm, now: int) -> None:
    """An alarm was raised: its grade's levels tell people."""
    notifications = site.file.notifications
    if notifications is None or alarm.grade.value not in notifications.levels or not wants_notification(alarm):
        return
    facts = facts_of(site, alarm)
    begin(c, site, "alarm", alarm.id, None, (), alarm.zone, facts, now, alarm.activation or "")


def facts_of(site: Site, alarm: Alarm) -> Facts:
    """What is said of an alarm."""
    return Facts(
        kind="alarm",
        grade=alarm.grade.value,
        message=alarm.message,
        cause=alarm.cause,
        consequence=alarm.consequence,
        action=alarm.action,
        place=place_of(site, alarm.zone),
        building=site.zones[site.building_of(alarm.zone)].name,
        at=called_at(alarm),
        value=_value(site, alarm),
        page=page_of("alarms", alarm.id),
        drill=alarm.test,
        simulated=alarm.simulated,
    )


def tell_step(c: Connection, site: Site, activation: Activation, step: StepProgress, now: int) -> None:
    """A plan's step tells people."""
    _of_step(c, site, activation, step, "step", _roles(step.who), now)


def tell_late(c: Connection, site: Site, activation: Activation, step: StepProgress, now: int) -> None:
    """A step is late: the commander is told, and the party the plan escalates to."""
    if site.file.notifications is None:
        return
    _of_step(c, site, activation, step, "late", ("commander", *_party_above(site, activation)), now)


def _party_above(site: Site, activation: Activation) -> tuple[str, ...]:
    plan = site.plans.get(activation.plan)
    above = plan.organisation.escalation if plan is not None else None
    return () if above is None else (of_party(above),)


def tell_command(c: Connection, site: Site, activation: Activation, now: int) -> None:
    """Somebody is asked to take command; or, when nobody has, all who may and the party above."""
    if site.file.notifications is None:
        return
    command = activation.command
    at = datetime.fromtimestamp((command.take_by or now) / 1000, ZoneInfo(site.file.site.timezone)).strftime("%H:%M:%S")
    roles = command.asked[-1:]
    action = Text(zh=f"{at}前无人接受则询问下一位", en=f"the next one is asked at {at}")
    if command.state is CommandState.UNANSWERED:
        roles = (*command.asked, *_party_above(site, activation))
        action = Text(
            zh=f"尚无人指挥，已询问所有人；{at}再次通知", en=f"nobody commands yet; all are asked again at {at}"
        )
    elif command.offered_to is not None:
        names = {one.id: one.name for one in site.file.people}
        name = names.get(command.person or "", command.person or "")
        roles, action = (command.offered_to,), Text(zh=f"{name}移交指挥", en=f"{name} hands it over")
    facts = _facts(site, activation, COMMAND, action, now)
    facts = replace(facts, gathered=command.state is CommandState.UNANSWERED)
    # who was asked once may be asked again: each time is to be told
    step = f"{roles[0] if roles else ''}:{now}"
    begin(c, site, COMMAND, activation.id, step, roles, activation.zone, facts, now, activation.id)


def tell_suspended(c: Connection, site: Site, drill: Drill, emergency: Activation, now: int) -> None:
    """A real emergency takes over from a drill: said to all who take part in it, and never marked as a drill."""
    if site.file.notifications is None:
        return
    plan = site.plans.get(drill.plan)
    roles = ("commander", *(plan.organisation.roles if plan is not None else ()), *drill.participants)
    facts = Facts(
        kind="suspended",
        grade="high",
        message=emergency.plan_name,
        action=drill.plan_name,
        place=place_of(site, emergency.zone),
        building=site.zones[site.building_of(emergency.zone)].name,
        at=now,
        page=page_of("activations", emergency.id),
    )
    begin(c, site, "suspended", emergency.id, drill.id, roles, emergency.zone, facts, now)


def _of_step(
    c: Connection,
    site: Site,
    activation: Activation,
    step: StepProgress,
    kind: str,
    roles: Sequence[str],
    now: int,
) -> None:
    facts = _facts(site, activation, kind, step.name, now)
    begin(c, site, kind, activation.id, step.id, tuple(roles), activation.zone, facts, now, activation.id)


def _facts(site: Site, activation: Activation, kind: str, action: Text, now: int) -> Facts:
    return Facts(
        kind=kind,
        grade="high",
        message=activation.plan_name,
        action=action,
        place=place_of(site, activation.zone),
        building=site.zones[site.building_of(activation.zone)].name,
        at=now,
        page=page_of("activations", activation.id),
        drill=activation.drill,
    )


def begin(
    c: Connection,
    site: Site,
    kind: str,
    cause: str,
    step: str | None,
    roles: tuple[str, ...],
    zone: str,
    facts: Facts,
    now: int,
    occasion: str = "",
) -> None:
    """Have people told of a cause, once each time it calls.

    Args:
        occasion: the activation it belongs to.
    """
    begin_escalation(
        c,
        Escalation(
            id=identifier(site, kind, cause, step, facts.at if kind == "alarm" else 0),
            site=site.id,
            zone=zone,
            kind=kind,
            cause=cause,
            step=step,
            roles=roles,
            occasion=occasion,
            facts=facts,
            started_at=now,
            next_at=now,
        ),
    )


def identifier(site: Site, kind: str, cause: str, step: str | None, time: int = 0) -> str:
    """The id of what is told of a cause; `time` tells the calls of one alarm apart."""
    digest = hashlib.sha256(f"{site.id}:{kind}:{cause}:{step}:{time}".encode()).hexdigest()
    return f"e-{digest[:20]}"


def _roles(who: str | None) -> tuple[str, ...]:
    return tuple(role.strip() for role in (who or "").split(",") if role.strip())


def page_of(kind: str, identifier: str) -> str:
    """As the page's router writes ids."""
    return f"/{kind}/{quote(identifier.replace(':', '/'))}"


def place_of(site: Site, zone: str) -> Text:
    """The names of a zone and all it lies in."""
    names = [site.zones[z].name for z in reversed(site.zone_path(zone))]
    return Text(zh=" ".join(n.zh for n in names), en=", ".join(n.in_language("en") for n in reversed(names)))


def _value(site: Site, alarm: Alarm) -> str:
    if alarm.value is None:
        return ""
    point = site.points.get(alarm.scope)
    return f"{alarm.value:g} {point.unit}".strip() if point is not None else f"{alarm.value:g}"
