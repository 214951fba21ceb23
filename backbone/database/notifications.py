"""Escalations, notifications, changes of the roster and what people chose, in the database."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, func, insert, select

from backbone.database.documents import decode, encode
from backbone.database.objects import Objects, any_of
from backbone.database.tables import escalations, notifications, personal, roster_changes
from community.escalations import Escalation, EscalationState
from community.notifications import Notification, NotificationState, Pace
from community.preferences import Preferences
from community.push import Browsers
from community.roster import RosterChange
from community.site.rules import Grade

MOST_CHANGES = 10_000
MOST_IN_MESSAGE = 5_000
_AT_ONCE = 500
_escalations = Objects(escalations, Escalation)
_notifications = Objects(notifications, Notification)
_changes = Objects(roster_changes, RosterChange)
T = TypeVar("T")


def begin_escalation(c: Connection, escalation: Escalation) -> None:
    """A new one; one that is there already stays as it is."""
    if _escalations.get(c, escalation.id) is None:
        save_escalation(c, escalation)


def get_escalation(c: Connection, identifier: str) -> Escalation | None:
    """An escalation by id."""
    return _escalations.get(c, identifier)


def escalations_by_id(c: Connection, identifiers: Sequence[str]) -> dict[str, Escalation]:
    """Many at once, by id."""
    found: dict[str, Escalation] = {}
    for start in range(0, len(identifiers), _AT_ONCE):
        some = identifiers[start : start + _AT_ONCE]
        query = select(escalations.c.document).where(escalations.c.id.in_(some))
        found.update((e.id, e) for e in (decode(row[0], Escalation) for row in c.execute(query)))
    return found


def escalations_of(c: Connection, site: str, cause: str) -> list[Escalation]:
    """Those of an alarm or an activation, newest first."""
    return _escalations.list(c, escalations.c.site == site, escalations.c.cause == cause)


def open_escalations(c: Connection, site: str, states: Iterable[EscalationState], limit: int) -> list[Escalation]:
    """Those in a state, the first begun first."""
    return _oldest(c, escalations, Escalation, site, [state.value for state in states], limit)


def save_escalation(c: Connection, escalation: Escalation) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _escalations.save(
        c,
        escalation,
        site=escalation.site,
        state=escalation.state.value,
        zone=escalation.zone,
        at=escalation.started_at,
        cause=escalation.cause,
        next_at=escalation.next_at,
    )


_of_token = _notifications.newest(notifications.c.token == bindparam("token"))


def get_notification(c: Connection, identifier: str) -> Notification | None:
    """A notification by id."""
    return _notifications.get(c, identifier)


def insert_notifications(c: Connection, new: Sequence[Notification]) -> None:
    """Several new ones at once."""
    if new:
        c.execute(insert(notifications), [{"id": n.id, **_columns(n), **_stored(n)} for n in new])


def notification_of(c: Connection, token: str) -> Notification | None:
    """The notification whose link has this token."""
    return _notifications.one(c, _of_token, {"token": token})


def notifications_of(c: Connection, escalation: str) -> list[Notification]:
    """Everybody told in an escalation, newest first."""
    return _notifications.list(c, notifications.c.escalation == escalation, limit=1_000)


def notifications_of_message(c: Connection, one: Notification) -> list[Notification]:
    """The others that went out to the same person in the same message."""
    columns = notifications.c
    mine = _notifications.list(c, columns.site == one.site, columns.person == one.person, limit=MOST_IN_MESSAGE)
    return [n for n in mine if n.message is not None and n.message == one.message and n.id != one.id]


def list_notifications(
    c: Connection,
    site: str,
    *,
    person: str | None = None,
    limit: int = 100,
    before: tuple[int, str] | None = None,
) -> list[Notification]:
    """Newest first."""
    only = any_of(notifications.c.person, None if person is None else [person])
    return _notifications.list(c, notifications.c.site == site, *only, limit=limit, before=before)


def queued_high(c: Connection, site: str, limit: int) -> list[Notification]:
    """Those of high alarms that wait to be handed over, the first due first."""
    columns = notifications.c
    query = select(columns.document).where(*_queued(site), columns.grade == Grade.HIGH.value)
    return [decode(row[0], Notification) for row in c.execute(query.order_by(columns.next_at, columns.id).limit(limit))]


def people_waiting(c: Connection, site: str) -> dict[str, int]:
    """People for whom something that is not high waits, and when the first of it is due (Unix ms)."""
    columns = notifications.c
    query = select(columns.person, func.min(columns.next_at)).where(*_queued(site), columns.grade != Grade.HIGH.value)
    return {row[0]: int(row[1]) for row in c.execute(query.group_by(columns.person))}


def queued_for(c: Connection, site: str, person: str, now: int, limit: int) -> list[Notification]:
    """What is due for somebody and is not high."""
    columns = notifications.c
    mine = (columns.person == person, columns.grade != Grade.HIGH.value, columns.next_at <= now)
    query = select(columns.document).where(*_queued(site), *mine).order_by(columns.next_at, columns.id).limit(limit)
    return [decode(row[0], Notification) for row in c.execute(query)]


def queued(c: Connection, site: str) -> list[Notification]:
    """All that wait to be handed over."""
    query = select(notifications.c.document).where(*_queued(site))
    return [decode(row[0], Notification) for row in c.execute(query)]


def _queued(site: str) -> tuple[ColumnElement[bool], ...]:
    return (notifications.c.site == site, notifications.c.state == NotificationState.QUEUED.value)


def oldest_due(c: Connection, site: str) -> int | None:
    """Since when the longest waiting one is due (Unix ms)."""
    found: int | None = c.execute(select(func.min(notifications.c.next_at)).where(*_queued(site))).scalar()
    return found


def save_notification(c: Connection, notification: Notification) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _notifications.save(c, notification, **_columns(notification))


def _columns(notification: Notification) -> dict[str, object]:
    return {
        "site": notification.site,
        "state": notification.state.value,
        "zone": notification.zone,
        "at": notification.created_at,
        "escalation": notification.escalation,
        "person": notification.person,
        "grade": notification.grade,
        "next_at": notification.next_at,
        "token": notification.token,
    }


def _stored(notification: Notification) -> dict[str, object]:
    return {"version": notification.version, "document": encode(notification)}


def roster_changes_after(c: Connection, site: str, at: int) -> list[RosterChange]:
    """Changes that are not over at a time."""
    columns = roster_changes.c
    return _changes.list(c, columns.site == site, columns.until > at, limit=MOST_CHANGES)


def get_roster_change(c: Connection, identifier: str) -> RosterChange | None:
    """A change by id."""
    return _changes.get(c, identifier)


def save_roster_change(c: Connection, change: RosterChange) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _changes.save(c, change, site=change.site, at=change.at, until=change.until)


def preferences_of(c: Connection, site: str, person: str) -> Preferences | None:
    """What somebody chose."""
    return _personal(c, site, person, "preferences", Preferences)


def all_preferences(c: Connection, site: str) -> dict[str, Preferences]:
    """What everybody chose, by person."""
    return _everybodys(c, site, "preferences", Preferences)


def save_preferences(c: Connection, site: str, preferences: Preferences) -> None:
    """Replace what somebody chose."""
    _save_personal(c, site, preferences.person, "preferences", preferences)


def pace_of(c: Connection, site: str, person: str) -> Pace | None:
    """The last messages to somebody."""
    return _personal(c, site, person, "pace", Pace)


def all_paces(c: Connection, site: str) -> dict[str, Pace]:
    """The last messages to everybody, by person."""
    return _everybodys(c, site, "pace", Pace)


def save_pace(c: Connection, site: str, pace: Pace) -> None:
    """Replace the last messages to somebody."""
    _save_personal(c, site, pace.person, "pace", pace)


def reach_of(c: Connection, site: str) -> dict[str, dict[str, str]]:
    """By person, by channel: empty when it can be used, otherwise why not. As the deliverer found it at its start."""
    found = _personal(c, site, "*", "reach", dict[str, dict[str, str]])
    return found or {}


def save_reach(c: Connection, site: str, reach: dict[str, dict[str, str]]) -> None:
    """What the deliverer found at its start."""
    _save_personal(c, site, "*", "reach", reach)


def browsers_of(c: Connection, site: str, person: str) -> Browsers:
    """The browsers somebody is told in."""
    return _personal(c, site, person, "browsers", Browsers) or Browsers(person=person)


def all_browsers(c: Connection, site: str) -> dict[str, Browsers]:
    """Everybody's, by person."""
    return _everybodys(c, site, "browsers", Browsers)


def save_browsers(c: Connection, site: str, browsers: Browsers) -> None:
    """Replace the browsers somebody is told in."""
    _save_personal(c, site, browsers.person, "browsers", browsers)


def push_key(c: Connection, site: str) -> str | None:
    """The deliverer's public key, which browsers subscribe with; None: none has run yet."""
    return _personal(c, site, "*", "push-key", str)


def save_push_key(c: Connection, site: str, key: str) -> None:
    """The deliverer's public key."""
    _save_personal(c, site, "*", "push-key", key)


def _everybodys(c: Connection, site: str, what: str, kind: type[T]) -> dict[str, T]:
    where = (personal.c.site == site) & (personal.c.what == what)
    rows = c.execute(select(personal.c.person, personal.c.document).where(where))
    return {person: decode(document, kind) for person, document in rows}


def _personal(c: Connection, site: str, person: str, what: str, kind: type[T]) -> T | None:
    key = (personal.c.site == site) & (personal.c.person == person) & (personal.c.what == what)
    row = c.execute(select(personal.c.document).where(key)).first()
    return None if row is None else decode(row[0], kind)


def _save_personal(c: Connection, site: str, person: str, what: str, thing: object) -> None:
    key = (personal.c.site == site) & (personal.c.person == person) & (personal.c.what == what)
    c.execute(delete(personal).where(key))
    c.execute(insert(personal).values(site=site, person=person, what=what, document=encode(thing)))


def _oldest(c: Connection, table: Table, kind: type[T], site: str, states: list[str], limit: int) -> list[T]:
    columns = table.c
    query = (
        select(columns.document)
        .where(columns.site == site, columns.state.in_(states))
        .order_by(columns.next_at, columns.id)
        .limit(limit)
    )
    return [decode(row[0], kind) for row in c.execute(query)]
