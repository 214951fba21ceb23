"""When an alarm that others follow from is over: what still stands of those is an alarm in its own right."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection

from backbone.database.alarms import get_alarm, list_alarms
from community.alarms import UNSEEN, Alarm, AlarmState, acknowledge
from community.site.rules import Rule
from community.site.site import Site
from rules.detect.model import Transition
from rules.respond import grouping, tickets
from rules.respond.alarm_record import keep, tell

MOST_STANDING = 100_000
"""Alarms that stand and are looked through at once: one for every point of the largest site."""
STANDING = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED})
RuleOf = Callable[[str, str], Rule | None]
"""The rule as it is at a scope."""


def ungroup_orphans(c: Connection, site: Site, rule_of: RuleOf, now: int) -> None:
    """Whatever ended the first-out (its rule changed, an older version): nothing stays hidden under it."""
    standing = list_alarms(c, site.id, states=STANDING, limit=MOST_STANDING)
    firsts = {alarm.first_out for alarm in standing if alarm.first_out is not None}
    for first in firsts - {alarm.id for alarm in standing}:
        ended = get_alarm(c, first)
        if ended is not None:
            ungroup(c, site, ended, rule_of, now)


def ungroup(c: Connection, site: Site, first: Alarm, rule_of: RuleOf, now: int) -> None:
    """The first-out is over: its consequences go under another, or call."""
    for alarm in grouping.consequences(c, first):
        rule = rule_of(alarm.rule, alarm.scope)
        if alarm.state in STANDING:
            other = None if rule is None else grouping.first_out(c, site, rule, alarm)
            if other is not None:
                keep(c, alarm, replace(alarm, first_out=other), "grouped", now, reason=other)
                continue
            own = replace(alarm, first_out=None)
            if rule is not None and alarm.ticket is None:
                cause = Transition(
                    alarm.rule, alarm.scope, alarm.zone, True, now, alarm.value, alarm.points, "ungrouped"
                )
                own = replace(own, ticket=tickets.report(c, site, rule, cause, alarm.id, now).id)
            keep(c, alarm, own, "ungrouped", now, reason="first-out-over")
            tell(c, site, own, now)
        elif alarm.state in UNSEEN and first.acknowledged_by is not None:
            seen = acknowledge(alarm, first.acknowledged_by, first.acknowledge_note or "", now)
            keep(c, alarm, seen, "acknowledged", now, who=first.acknowledged_by)
