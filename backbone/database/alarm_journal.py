"""Every transition of every alarm: when, what, by whom, why, and the readings that caused it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from backbone.database.documents import decode, encode, storable
from backbone.database.statements import Prepared
from backbone.database.tables import alarm_journal
from community.alarms import Alarm, Cause
from community.site.rules import Grade

_table = alarm_journal.c
_insert = Prepared(insert(alarm_journal), columns=[column.name for column in _table if column.name != "id"])
RAISED = ("raised", "suppressed", "consequence")
"""What a new occurrence is called: it calls people, is suppressed, or lies under another."""
CALLED = ("raised", "ungrouped", "released", "re-alarmed")
"""What asks for somebody: it came, is no consequence or no longer suppressed, or stands acknowledged for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    """One transition. `state` is the one it led to; `at` Unix ms."""

    id: int
    at: int
    alarm: str
    change: str
    who: str
    reason: str
    state: str
    grade: str
    zone: str
    rule: str
    scope: str
    value: float | None
    causes: tuple[Cause, ...]
    """The readings that raised it or ended its condition; none where a person or time alone did it."""


def note(c: Connection, alarm: Alarm, change: str, at: int, *, who: str = "", reason: str = "") -> None:
    """One more row, in the transaction that saves the alarm. `who` is empty where the platform did it."""
    causes = alarm.raised_by if change in RAISED else alarm.cleared_by if change == "cleared" else ()
    ended = causes[0].value if len(causes) == 1 else None
    _insert.run(
        c,
        {
            "site": alarm.site,
            "at": at,
            "alarm": alarm.id,
            "change": change,
            "who": storable(who, 120),
            "reason": storable(reason, 2_000),
            "state": alarm.state.value,
            "grade": alarm.grade.value,
            "zone": alarm.zone,
            "rule": alarm.rule,
            "scope": alarm.scope,
            "value": ended if change == "cleared" else alarm.value,
            "causes": encode(causes) if causes else None,
        },
    )


def called_at(c: Connection, site: str, since: int, limit: int) -> list[int]:
    """When medium and high alarms called people since a time (Unix ms), in order; the latest `limit` of them."""
    query = (
        select(_table.at)
        .where(_table.site == site, _table.at >= since, _table.change.in_(CALLED), _table.grade != Grade.LOW.value)
        .order_by(_table.at.desc())
        .limit(limit)
    )
    return [row[0] for row in c.execute(query)][::-1]


def raised_by_rule(c: Connection, site: str, since: int) -> dict[str, int]:
    """How often the alarms of each rule came since a time (Unix ms), those that called nobody included."""
    query = (
        select(_table.rule, func.count())
        .where(_table.site == site, _table.at >= since, _table.change.in_(RAISED))
        .group_by(_table.rule)
    )
    return {row[0]: row[1] for row in c.execute(query)}


def rows(
    c: Connection,
    site: str,
    *,
    since: int | None = None,
    until: int | None = None,
    alarm: str | None = None,
    rule: str | None = None,
    scope: str | None = None,
    zones: Iterable[str] | None = None,
    changes: Iterable[str] | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[JournalRow]:
    """The latest first; `before` is the id of the last row of the page before. `since` is in, `until` is not."""
    query = select(*(column for column in _table if column.name != "site")).where(_table.site == site)
    for column, wanted in ((_table.alarm, alarm), (_table.rule, rule), (_table.scope, scope)):
        if wanted is not None:
            query = query.where(column == wanted)
    for column, several in ((_table.zone, zones), (_table.change, changes)):
        if several is not None:
            query = query.where(column.in_(list(several)))
    if since is not None:
        query = query.where(_table.at >= since)
    if until is not None:
        query = query.where(_table.at < until)
    if before is not None:
        query = query.where(_table.id < before)
    found = c.execute(query.order_by(_table.id.desc()).limit(limit))
    return [_row(dict(row._mapping)) for row in found]


def _row(columns: dict[str, Any]) -> JournalRow:
    causes = columns.pop("causes")
    return JournalRow(**columns, causes=decode(causes, tuple[Cause, ...]) if causes else ())
