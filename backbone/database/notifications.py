"""Escalations, notifications, changes of the roster and what people chose, in the database."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TypeVar

from sqlalchemy import Connection, bindparam, func, select

from backbone.database.documents import decode, encode
from backbone.database.objects import Objects, any_of
from backbone.database.statements import Prepared, one_of
from backbone.database.tables import escalations, notifications, personal, roster_changes
from community.escalations import Escalation, EscalationState
from community.notifications import Notification, NotificationState, Pace
from community.preferences import Preferences
from community.push import Browsers
from community.roster import RosterChange
from community.site.rules import Grade

MOST_CHANGES = 10_000
MOST_IN_MESSAGE = 5_000
MOST_OF_CAUSE = 100
MOST_QUEUED = 1_000_000
_AT_ONCE = 500
_escalations = Objects(escalations, Escalation)
_notifications = Objects(notifications, Notification)
_changes = Objects(roster_changes, RosterChange)
T = TypeVar("T")
_begin = Prepared.insert(escalations, lambda new: new.on_conflict_do_nothing(index_elements=["id"]))
_of_cause = _escalations.all_that(escalations.c.site == bindparam("site"), escalations.c.cause == bindparam("cause"))
_n = notifications.c
_of_token = _notifications.newest(_n.token == bindparam("token"))
_of_escalation_newest = _notifications.all_that(_n.escalation == bindparam("escalation"))
_queued = (_n.site == bindparam("site"), _n.state == NotificationState.QUEUED.value)
_first_due = (_n.next_at, _n.id)
_all_queued = _notifications.all_that(*_queued, by=_first_due)
_high = _notifications.all_that(*_queued, _n.grade == Grade.HIGH.value, by=_first_due)
_for_person = _notifications.all_that(
    *_queued,
    _n.person == bindparam("person"),
    _n.grade != Grade.HIGH.value,
    _n.next_at <= bindparam("now"),
    by=_first_due,
)
_waiting = Prepared(
    select(_n.person, func.min(_n.next_at)).where(*_queued, _n.grade != Grade.HIGH.value).group_by(_n.person)
)
_oldest_due = Prepared(select(func.min(_n.next_at)).where(*_queued))
_changes_after = _changes.all_that(
    roster_changes.c.site == bindparam("site"), roster_changes.c.until > bindparam("after")
)
_everybody = (personal.c.site == bindparam("site"), personal.c.what == bindparam("what"))
_of_everybody = Prepared(select(personal.c.person, personal.c.document).where(*_everybody))
_of_person = Prepared(select(personal.c.document).where(*_everybody, personal.c.person == bindparam("person")))
_put_personal = Prepared.insert(
    personal,
    lambda new: new.on_conflict_do_update(
        index_elements=["site", "person", "what"], set_={"document": new.excluded.document}
    ),
)


def begin_escalation(c: Connection, escalation: Escalation) -> None:
    """A new one; one that is there already stays as it is."""
    _begin.run(c, {"id": escalation.id, **_of_escalation(escalation), **_stored(escalation)})


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
    return _escalations.all(c, _of_cause, {"site": site, "cause": cause, "limit": MOST_OF_CAUSE})


def open_escalations(c: Connection, site: str, states: Iterable[EscalationState], limit: int) -> list[Escalation]:
    """Those in a state, the first begun first."""
    query = _oldest_in(tuple(state.value for state in states))
    return _escalations.all(c, query, {"site": site, "limit": limit})


@cache
def _oldest_in(states: tuple[str, ...]) -> Prepared:
    columns = escalations.c
    wanted = (columns.site == bindparam("site"), one_of(columns.state, states))
    return _escalations.all_that(*wanted, by=(columns.next_at, columns.id))


def save_escalation(c: Connection, escalation: Escalation) -> None:
    """Insert or replace; Conflict when it was changed meanwhile."""
    _escalations.save(c, escalation, **_of_escalation(escalation))


def _of_escalation(escalation: Escalation) -> dict[str, object]:
    return {
        "site": escalation.site,
        "state": escalation.state.value,
        "zone": escalation.zone,
        "at": escalation.started_at,
        "cause": escalation.cause,
        "next_at": escalation.next_at,
    }


def get_notification(c: Connection, identifier: str) -> Notification | None:
    """A notification by id."""
    return _notifications.get(c, identifier)


def insert_notifications(c: Connection, new: Sequence[Notification]) -> None:
    """Several new ones at once."""
    _notifications.insert(c, [{"id": n.id, **_columns(n), **_stored(n)} for n in new])


def notification_of(c: Connection, token: str) -> Notification | None:
    """The notification whose link has this token."""
    return _notifications.one(c, _of_token, {"token": token})


def notifications_of(c: Connection, escalation: str) -> list[Notification]:
    """Everybody told in an escalation, newest first."""
    return _notifications.all(c, _of_escalation_newest, {"escalation": escalation, "limit": 1_000})


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
    return _notifications.all(c, _high, {"site": site, "limit": limit})


def people_waiting(c: Connection, site: str) -> dict[str, int]:
    """People for whom something that is not high waits, and when the first of it is due (Unix ms)."""
    return {row[0]: int(row[1]) for row in _waiting.rows(c, {"site": site})}


def queued_for(c: Connection, site: str, person: str, now: int, limit: int) -> list[Notification]:
    """What is due for somebody and is not high."""
    return _notifications.all(c, _for_person, {"site": site, "person": person, "now": now, "limit": limit})


def queued(c: Connection, site: str) -> list[Notification]:
    """All that wait to be handed over."""
    return _notifications.all(c, _all_queued, {"site": site, "limit": MOST_QUEUED})


def oldest_due(c: Connection, site: str) -> int | None:
    """Since when the longest waiting one is due (Unix ms)."""
    found = _oldest_due.first(c, {"site": site})
    return None if found is None or found[0] is None else int(found[0])


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


def _stored(thing: Notification | Escalation) -> dict[str, object]:
    return {"version": thing.version, "document": encode(thing)}


def roster_changes_after(c: Connection, site: str, at: int) -> list[RosterChange]:
    """Changes that are not over at a time."""
    return _changes.all(c, _changes_after, {"site": site, "after": at, "limit": MOST_CHANGES})


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
    rows = _of_everybody.rows(c, {"site": site, "what": what})
    return {person: decode(document, kind) for person, document in rows}


def _personal(c: Connection, site: str, person: str, what: str, kind: type[T]) -> T | None:
    row = _of_person.first(c, {"site": site, "person": person, "what": what})
    return None if row is None else decode(row[0], kind)


def _save_personal(c: Connection, site: str, person: str, what: str, thing: object) -> None:
    _put_personal.run(c, {"site": site, "person": person, "what": what, "document": encode(thing)})
