"""Alarms in the database."""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, bindparam

from backbone.database.objects import Objects, any_of
from backbone.database.statements import one_of
from backbone.database.tables import alarms
from community.alarms import Alarm, AlarmState

MOST_OPEN = 100_000
_alarms = Objects(alarms, Alarm)
_open = _alarms.newest(
    alarms.c.site == bindparam("site"),
    alarms.c.rule == bindparam("rule"),
    alarms.c.scope == bindparam("scope"),
    alarms.c.state != AlarmState.NORMAL.value,
)
_is_open = one_of(alarms.c.state, [state.value for state in AlarmState if state is not AlarmState.NORMAL])
_all_open = _alarms.all_that(alarms.c.site == bindparam("site"), _is_open)


def get_alarm(connection: Connection, identifier: str) -> Alarm | None:
    """An alarm by id."""
    return _alarms.get(connection, identifier)


def open_alarm(connection: Connection, site: str, rule: str, scope: str) -> Alarm | None:
    """The occurrence of a rule's condition that has not ended, if any."""
    return _alarms.one(connection, _open, {"site": site, "rule": rule, "scope": scope})


def consequences_of(connection: Connection, site: str, first_out: str) -> list[Alarm]:
    """The open alarms under a first-out alarm."""
    found = _alarms.all(connection, _all_open, {"site": site, "limit": MOST_OPEN})
    return [alarm for alarm in found if alarm.first_out == first_out]


def all_under(connection: Connection, site: str, first_out: str) -> list[Alarm]:
    """The open alarms under a first-out, and under those again."""
    found = _alarms.all(connection, _all_open, {"site": site, "limit": MOST_OPEN})
    under: dict[str, list[Alarm]] = {}
    for alarm in found:
        if alarm.first_out is not None:
            under.setdefault(alarm.first_out, []).append(alarm)
    reached, ids = list[Alarm](), [first_out]
    while ids:
        below = under.pop(ids.pop(), [])  # popped: a circle ends here
        reached += below
        ids += [alarm.id for alarm in below]
    return reached


def open_of_rules(connection: Connection, site: str, rules: Collection[str]) -> list[Alarm]:
    """The open alarms of some rules."""
    columns = alarms.c
    return _alarms.list(
        connection,
        columns.site == site,
        columns.rule.in_(rules),
        _is_open,
        limit=MOST_OPEN,
        few=True,
    )


def list_alarms(
    connection: Connection,
    site: str,
    *,
    states: Iterable[AlarmState] | None = None,
    scope: str | None = None,
    limit: int = 100,
    before: tuple[int, str] | None = None,
) -> list[Alarm]:
    """Newest first."""
    values = None if states is None else [state.value for state in states]
    only = [] if scope is None else [alarms.c.scope == scope]
    return _alarms.list(
        connection,
        alarms.c.site == site,
        *any_of(alarms.c.state, values),
        *only,
        limit=limit,
        before=before,
        few=values is not None and AlarmState.NORMAL not in values,
    )


def save_alarm(connection: Connection, alarm: Alarm) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _alarms.save(
        connection,
        alarm,
        site=alarm.site,
        state=alarm.state.value,
        zone=alarm.zone,
        at=alarm.raised_at,
        rule=alarm.rule,
        scope=alarm.scope,
        grade=alarm.grade.value,
        standing=alarm.cleared_at is None,
    )
