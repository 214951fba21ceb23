"""Notifications: who was told, when, how; and what people choose for themselves."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import paging
from api.notifications.schemas import (
    ChoiceIn,
    ChoosableOut,
    EscalationOut,
    NotificationOut,
    PreferencesIn,
    PreferencesOut,
    ReachOut,
)
from api.paging import Cursor, Limit, Page
from api.platform import Platform, PlatformDep
from api.problems import Problem
from api.security.access import Viewer
from api.writing import Change, Write, writing
from backbone.database import notifications as stored
from community.notifications import Notification
from community.people import Action
from community.preferences import CHOICES, Choice, Preferences
from community.push import CHANNEL, Browsers
from community.site.model import Person
from community.site.rules import Grade

router = APIRouter(prefix="/notifications", tags=["notifications"])
Own = Annotated[Write, writing(Action.CHOOSE_NOTIFICATIONS)]


@router.get("")
def list_notifications(
    platform: PlatformDep,
    _: Viewer,
    person: Annotated[str | None, Query(description="only those to this person")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[NotificationOut]:
    """Everything people were told, the newest first."""
    before = paging.decode(cursor, paging.Place)
    names = _names(platform)
    with platform.database.read() as c:
        rows = stored.list_notifications(c, platform.site.id, person=person, limit=limit + 1, before=before)
    return paging.page(rows, limit, lambda row: _told(row, names), lambda row: (row.created_at, row.id))


@router.get("/of")
def list_escalations(
    platform: PlatformDep, _: Viewer, cause: Annotated[str, Query(description="an alarm or an activation")]
) -> list[EscalationOut]:
    """Who was told of one alarm or activation."""
    names = _names(platform)
    with platform.database.read() as c:
        found = []
        for escalation in stored.escalations_of(c, platform.site.id, cause):
            told = [_told(n, names) for n in stored.notifications_of(c, escalation.id)]
            found.append(
                EscalationOut(
                    id=escalation.id,
                    kind=escalation.kind,
                    cause=escalation.cause,
                    step=escalation.step,
                    started_at=escalation.started_at,
                    state=escalation.state,
                    ended_at=escalation.ended_at,
                    ended_by=escalation.ended_by,
                    next_at=escalation.next_at or None,
                    notifications=sorted(told, key=lambda n: (n.created_at, n.person)),
                )
            )
    return found


@router.get("/reach")
def list_reach(platform: PlatformDep, _: Viewer) -> list[ReachOut]:
    """Who can be reached outside the page, and who cannot and why."""
    with platform.database.read() as c:
        reach = _with_browsers(stored.reach_of(c, platform.site.id), stored.all_browsers(c, platform.site.id))
    return [_reach(person, reach) for person in platform.site.file.people]


@router.get("/mine")
def get_mine(platform: PlatformDep, caller: Viewer) -> PreferencesOut:
    """What the caller chose."""
    person = person_of(platform, caller.username)
    with platform.database.read() as c:
        chosen = stored.preferences_of(c, platform.site.id, person.id)
        reach = _with_browsers(stored.reach_of(c, platform.site.id), stored.all_browsers(c, platform.site.id))
    return _shown(chosen or Preferences(person=person.id, channels={}), _reach(person, reach))


@router.put("/mine", response_model=PreferencesOut)
def put_mine(body: PreferencesIn, write: Own) -> Response:
    """Choose channels and quiet hours."""
    person = person_of(write.platform, write.caller.username)
    _check(body, frozenset({CHANNEL, *(contact.channel for contact in person.contacts)}))

    def work(change: Change) -> PreferencesOut:
        chosen = Preferences(
            person=person.id,
            channels={grade.value: tuple(channels) for grade, channels in body.channels.items()},
            quiet_from=body.quiet_from,
            quiet_to=body.quiet_to,
            own=tuple(
                Choice(
                    about=one.about,
                    grade=one.grade.value,
                    channels=tuple(one.channels),
                    quiet_from=one.quiet_from,
                    quiet_to=one.quiet_to,
                )
                for one in body.own
            ),
        )
        stored.save_preferences(change.connection, change.site, chosen)
        c, site = change.connection, change.site
        return _shown(chosen, _reach(person, _with_browsers(stored.reach_of(c, site), stored.all_browsers(c, site))))

    return write.perform("notifications.choose", person.id, work)


def _check(body: PreferencesIn, known: frozenset[str]) -> None:
    """Refuse what cannot be meant, or would keep from somebody what their duty is to hear.

    Raises:
        Problem: 422.
    """

    def refuse(why: str) -> None:
        raise Problem(422, why, kind="bad-input")

    hours = [(body.quiet_from, body.quiet_to), *((one.quiet_from, one.quiet_to) for one in body.own)]
    for begin, end in hours:
        if (begin is None) != (end is None):
            refuse("quiet hours have a beginning and an end; give both, or neither")
    named = [(grade.value, channels) for grade, channels in body.channels.items()]
    named += [(f"{one.about} {one.grade}", one.channels) for one in body.own]
    for what, channels in named:
        for channel in channels:
            if channel not in known:
                refuse(f"{what}: you have no channel '{channel}'")
    if len({(one.about, one.grade) for one in body.own}) < len(body.own):
        refuse("one choice for a kind and grade, please")
    for one in body.own:
        may_be_quiet = CHOICES[one.about].get(one.grade.value)
        if may_be_quiet is None:
            refuse(f"nobody is told of {one.about}s of grade {one.grade}")
        if one.quiet_from is not None and not may_be_quiet:
            refuse(f"{one.about} {one.grade}: this is told at any hour")


def _names(platform: Platform) -> dict[str, str]:
    return {person.id: person.name for person in platform.site.file.people}


def _told(row: Notification, names: dict[str, str]) -> NotificationOut:
    return NotificationOut.model_validate(row).model_copy(update={"name": names.get(row.person, row.person)})


def person_of(platform: Platform, username: str) -> Person:
    """The person of the site file somebody is.

    Raises:
        Problem: 404, none.
    """
    for person in platform.site.file.people:
        if person.id == username:
            return person
    raise Problem(404, f"'{username}' is none of the people in the site file: their id is their user name")


def _with_browsers(reach: dict[str, dict[str, str]], browsers: dict[str, Browsers]) -> dict[str, dict[str, str]]:
    """What the deliverer found, and who has subscribed a browser since."""
    subscribed = {person: {CHANNEL: ""} for person, theirs in browsers.items() if theirs.rows}
    return {person: {**reach.get(person, {}), **subscribed.get(person, {})} for person in {*reach, *subscribed}}


def _reach(person: Person, reach: dict[str, dict[str, str]]) -> ReachOut:
    channels = reach.get(person.id, {})
    reachable = any(not why for why in channels.values())
    return ReachOut(person=person.id, name=person.name, channels=channels, reachable=reachable)


def _shown(chosen: Preferences, reach: ReachOut) -> PreferencesOut:
    return PreferencesOut(
        person=chosen.person,
        channels={grade: list(channels) for grade, channels in chosen.channels.items()},
        quiet_from=chosen.quiet_from,
        quiet_to=chosen.quiet_to,
        own=[ChoiceIn.model_validate(one) for one in chosen.own],
        choosable=[
            ChoosableOut(about=about, grade=Grade(grade), quiet=quiet)
            for about, grades in CHOICES.items()
            for grade, quiet in grades.items()
        ],
        reach=reach,
    )
