"""Suppressions as the responder meets them: what covers a new alarm, and which have come to their end."""

from dataclasses import replace

from sqlalchemy import Connection

from backbone.database.alarms import MOST_OPEN, get_alarm, list_alarms, open_of_rules
from backbone.database.outbox import append
from backbone.database.suppressions import UNFINISHED, get_suppression, list_suppressions, save_suppression
from community.alarms import Alarm, AlarmState
from community.site.rules import Grade, Rule
from community.site.site import Site
from community.suppression import (
    Suppression,
    SuppressionKind,
    SuppressionState,
    come_back,
    covers,
    end,
    maintained,
    may_be_by_design,
    while_stands,
)

OPEN = tuple(state for state in AlarmState if state is not AlarmState.NORMAL)
STANDING = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED})
BY_ITSELF = ""


def under_suppression(c: Connection, writer: str, site: Site, alarm: Alarm, now: int) -> Alarm:
    """A new occurrence, marked where a suppression covers it. A high alarm ends its own shelving: this is another."""
    for suppression in list_suppressions(c, site.id, UNFINISHED):
        if (
            suppression.state is SuppressionState.ACTIVE
            and suppression.until > now
            and covers(site, suppression, alarm)
        ):
            return replace(alarm, suppressed=suppression.id)
        if alarm.grade is Grade.HIGH and _shelves(suppression, alarm):
            keep(c, writer, come_back(suppression, BY_ITSELF, now), "over", now)
    return alarm if alarm.suppressed is None else replace(alarm, suppressed=None)


def by_design(c: Connection, writer: str, site: Site, rule: Rule, alarm: Alarm, now: int) -> Alarm:
    """A new occurrence, marked where its rule says that it calls nobody now: in maintenance, or under another alarm."""
    if alarm.suppressed is not None or not has_design(rule) or not may_be_by_design(site, alarm):
        return alarm
    if rule.suppressed_in_maintenance:
        for suppression in list_suppressions(c, site.id, (SuppressionState.ACTIVE,)):
            maintenance = suppression.kind is SuppressionKind.MAINTENANCE and suppression.until > now
            if maintenance and maintained(site, suppression, alarm):
                return replace(alarm, suppressed=suppression.id)
    parents = open_of_rules(c, site.id, rule.suppressed_by) if rule.suppressed_by else []
    for parent in parents:
        calls = parent.state in STANDING and parent.suppressed is None  # nobody would be told of either
        if not calls or parent.zone not in site.zone_path(alarm.zone):
            continue
        design = while_stands(parent, now)
        before = get_suppression(c, design.id)
        if before is None:
            keep(c, writer, design, "begun", now)
        elif before.state is not SuppressionState.ACTIVE:
            continue  # a day of it is over, or a person ended it
        return replace(alarm, suppressed=design.id)
    return alarm


def has_design(rule: Rule) -> bool:
    """Whether the rule may be suppressed by design."""
    return rule.suppressed_in_maintenance or bool(rule.suppressed_by)


def ending(c: Connection, writer: str, site: Site, now: int) -> list[Suppression]:
    """Those a person has ended or whose time has come."""
    found = []
    for suppression in list_suppressions(c, site.id, UNFINISHED):
        if suppression.state is SuppressionState.ACTIVE and (suppression.until <= now or _parent_ended(c, suppression)):
            ended = end(suppression, BY_ITSELF, min(suppression.until, now))
            keep(c, writer, ended, "ending", now)
            found.append(ended)
        elif suppression.state is SuppressionState.ENDING:
            found.append(suppression)
    return found


def _parent_ended(c: Connection, suppression: Suppression) -> bool:
    if suppression.alarm is None:
        return False
    parent = get_alarm(c, suppression.alarm)
    return parent is None or parent.state not in STANDING


def alarms_under(c: Connection, suppression: Suppression) -> list[Alarm]:
    """The open alarms it suppresses."""
    found = list_alarms(c, suppression.site, states=OPEN, limit=MOST_OPEN)
    return [alarm for alarm in found if alarm.suppressed == suppression.id]


def answers_for(c: Connection, alarm: Alarm) -> Suppression | None:
    """The suppression an alarm is under, if a person made it: who did has seen the alarm."""
    found = None if alarm.suppressed is None else get_suppression(c, alarm.suppressed)
    return None if found is None or found.kind is SuppressionKind.DESIGN else found


def keep(c: Connection, writer: str, suppression: Suppression, change: str, now: int) -> None:
    """Save it, and have the page told."""
    save_suppression(c, suppression)
    append(c, writer, suppression.site, "suppression", change, suppression.id, suppression, now)


def _shelves(suppression: Suppression, alarm: Alarm) -> bool:
    same = suppression.rule == alarm.rule and suppression.scope == alarm.scope
    return same and suppression.kind is SuppressionKind.SHELVED
