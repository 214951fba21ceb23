"""Suppressions as the responder meets them: what covers a new alarm, and which have come to their end."""

from dataclasses import replace

from sqlalchemy import Connection

from backbone.database.alarms import MOST_OPEN, list_alarms
from backbone.database.documents import plain
from backbone.database.outbox import append
from backbone.database.suppressions import UNFINISHED, get_suppression, list_suppressions, save_suppression
from community.alarms import Alarm, AlarmState
from community.site.rules import Grade
from community.site.site import Site
from community.suppression import Suppression, SuppressionKind, SuppressionState, covers, end, over

OPEN = tuple(state for state in AlarmState if state is not AlarmState.NORMAL)
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
            keep(c, writer, over(replace(suppression, ended_at=now, ended_by=BY_ITSELF)), "over", now)
    return replace(alarm, suppressed=None)


def ending(c: Connection, writer: str, site: Site, now: int) -> list[Suppression]:
    """Those a person has ended or whose time has come."""
    found = []
    for suppression in list_suppressions(c, site.id, UNFINISHED):
        if suppression.state is SuppressionState.ACTIVE and suppression.until <= now:
            ended = end(suppression, BY_ITSELF, suppression.until)
            keep(c, writer, ended, "ending", now)
            found.append(ended)
        elif suppression.state is SuppressionState.ENDING:
            found.append(suppression)
    return found


def alarms_under(c: Connection, suppression: Suppression) -> list[Alarm]:
    """The open alarms it suppresses."""
    found = list_alarms(c, suppression.site, states=OPEN, limit=MOST_OPEN)
    return [alarm for alarm in found if alarm.suppressed == suppression.id]


def answers_for(c: Connection, alarm: Alarm) -> Suppression | None:
    """The suppression an alarm is under: who made it has seen the alarm."""
    return None if alarm.suppressed is None else get_suppression(c, alarm.suppressed)


def keep(c: Connection, writer: str, suppression: Suppression, change: str, now: int) -> None:
    """Save it, and have the page told."""
    save_suppression(c, suppression)
    append(c, writer, suppression.site, "suppression", change, suppression.id, plain(suppression), now)


def _shelves(suppression: Suppression, alarm: Alarm) -> bool:
    same = suppression.rule == alarm.rule and suppression.scope == alarm.scope
    return same and suppression.kind is SuppressionKind.SHELVED
