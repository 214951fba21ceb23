"""The roster: who is on duty now and in a span of time, who stands in for whom."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.responses import Response

from api.platform import Platform, PlatformDep
from api.problems import Problem, not_found, ours
from api.rosters.schemas import ChangeIn, OnDutyOut, RosterChangeOut, RosterOut, SpellOut
from api.security.access import Viewer
from api.times import Moment, to_ms
from api.writing import Change, Write, writing
from backbone.database import notifications as stored
from backbone.database.drills import list_trainings
from community.people import Action
from community.roster import OnRecord, RosterChange, on_duty, rostered, spells
from community.site.duty import Roster
from community.training import Barred, Training, barred, lacking

router = APIRouter(prefix="/rosters", tags=["rosters"])
Changing = Annotated[Write, writing(Action.CHANGE_ROSTER)]
WEEK_MS = 7 * 86_400_000
LONGEST_MS = 62 * 86_400_000


@router.get("")
def get_roster(
    platform: PlatformDep,
    _: Viewer,
    since: Annotated[Moment | None, Query(description="default: now")] = None,
    until: Annotated[Moment | None, Query(description="default: a week later")] = None,
) -> RosterOut:
    """Who is on duty now, and in a span of time."""
    now = platform.now()
    begin = to_ms(since) if since is not None else now
    end = to_ms(until) if until is not None else begin + WEEK_MS
    if not begin < end <= begin + LONGEST_MS:
        raise Problem(422, "the span ends after it begins, and within two months", kind="bad-input")
    with platform.database.read() as c:
        return shown(platform, c, begin, end)


@router.post("/changes", response_model=RosterOut, status_code=201)
def change_roster(body: ChangeIn, write: Changing) -> Response:
    """Somebody stands in for somebody, or two people swap."""
    changes = changes_of(body, write)

    def work(change: Change) -> RosterOut:
        for made in changes:
            trained(write.platform, change, made)
            stored.save_roster_change(change.connection, made)
        return shown(write.platform, change.connection, change.now, change.now + WEEK_MS)

    detail = "; ".join(f"{c.duty}: {c.in_} for {c.out}" for c in changes)
    return write.perform("roster.change", body.duty, work, status=201, detail=f"{detail}: {body.reason}")


@router.delete("/changes/{change_id}")
def withdraw_change(change_id: str, write: Changing) -> Response:
    """The change does not count any more."""

    def work(change: Change) -> None:
        found = ours(stored.get_roster_change(change.connection, change_id), change.site, "roster change", change_id)
        stored.save_roster_change(change.connection, replace(found, withdrawn=True, version=found.version + 1))

    return write.perform("roster.withdraw", change_id, work, status=204)


def trained(platform: Platform, change: Change, made: RosterChange) -> None:
    """Let somebody stand in.

    Raises:
        Problem: 422, they lack a training the site file does not let anybody be on duty without.
    """
    if made.in_ is None:
        return
    file = platform.site.file
    day = datetime.fromtimestamp(made.until / 1000, ZoneInfo(file.site.timezone)).date()
    records = list_trainings(change.connection, platform.site.id)
    missing = lacking(made.in_, made.duty, file.qualifications, file.trainings, records, day)
    if names := [one.qualification.name for one in missing if one.qualification.without == "refuse"]:
        said = "; ".join(f"{name.zh} / {name.in_language('en')}" for name in names)
        raise Problem(
            422, f"{made.in_} may not be on duty for {made.duty} then: no valid training in {said}", kind="bad-input"
        )


def changes_of(body: ChangeIn, write: Write) -> list[RosterChange]:
    """What somebody wants to change.

    Raises:
        Problem: 404 or 422, it cannot be.
    """
    platform = write.platform
    roster = _roster(platform)
    people = {person.id for person in platform.site.file.people}
    if body.duty not in {duty.id for duty in roster.duties}:
        raise not_found("duty", body.duty)
    for person in (body.out, body.in_):
        if person not in people:
            raise not_found("person", person)
    if body.out == body.in_:
        raise Problem(422, "nobody stands in for themselves", kind="bad-input")
    made = [_change(write, body, body.since, body.until, body.out, body.in_)]
    if (body.swap_since is None) != (body.swap_until is None):
        raise Problem(422, "a swap has a beginning and an end; give both, or neither", kind="bad-input")
    if body.swap_since is not None and body.swap_until is not None:
        made.append(_change(write, body, body.swap_since, body.swap_until, body.in_, body.out))
    return made


def _change(write: Write, body: ChangeIn, since: Moment, until: Moment, out: str, stand_in: str) -> RosterChange:
    begin, end = to_ms(since), to_ms(until)
    if not begin < end <= begin + LONGEST_MS:
        raise Problem(422, "a change ends after it begins, and within two months", kind="bad-input")
    platform = write.platform
    zone = platform.site.file.site.timezone
    theirs = [
        s
        for s in spells(_roster(platform), zone, begin, end)
        if s.duty == body.duty and out in s.people and s.since < end and s.until > begin
    ]
    if not theirs:
        raise Problem(422, f"{out} is not on duty for {body.duty} in that time", kind="bad-input")
    return RosterChange(
        id=f"r-{uuid.uuid4().hex[:16]}",
        site=platform.site.id,
        duty=body.duty,
        since=begin,
        until=end,
        out=out,
        in_=stand_in,
        by=write.caller.username,
        reason=body.reason,
        at=platform.now(),
    )


def _roster(platform: Platform) -> Roster:
    roster = platform.site.file.roster
    if roster is None:
        raise Problem(404, "the site file has no roster", kind="not-found")
    return roster


def shown(platform: Platform, c: Connection, begin: int, end: int) -> RosterOut:
    """The roster of a span of time."""
    roster, now = _roster(platform), platform.now()
    changes = stored.roster_changes_after(c, platform.site.id, min(begin, now))
    zone = platform.site.file.site.timezone
    current = [s for s in spells(roster, zone, now, now + 1, changes) if s.since <= now < s.until]
    untrained = _Untrained(platform, list_trainings(c, platform.site.id))
    record = OnRecord(changes, untrained.at(now))
    return RosterOut(
        now=[
            OnDutyOut(
                duty=duty.id,
                name=duty.name,
                people=list(on_duty(roster, zone, duty.id, now, record)),
                untrained=untrained.of(duty.id, rostered(roster, zone, duty.id, now, changes), now),
                until=min((s.until for s in current if s.duty == duty.id), default=None),
            )
            for duty in roster.duties
        ],
        spells=[
            SpellOut(
                duty=s.duty,
                shift=s.shift,
                since=s.since,
                until=s.until,
                people=list(s.people),
                changed=s.changed,
                untrained=untrained.of(s.duty, s.people, s.until - 1),
            )
            for s in spells(roster, zone, begin, end, changes)
        ],
        changes=[RosterChangeOut.model_validate(change) for change in changes if change.counts],
        asked=[RosterChangeOut.model_validate(change) for change in changes if change.waits],
        shifts={shift.id: shift.name for shift in roster.shifts},
        people={person.id: person.name for person in platform.site.file.people},
    )


class _Untrained:
    """Who may not be on duty on a day of the community, for want of a training."""

    def __init__(self, platform: Platform, records: list[Training]) -> None:
        self._file, self._records = platform.site.file, records
        self._by_day: dict[date, Barred] = {}

    def at(self, at: int) -> Barred:
        day = datetime.fromtimestamp(at / 1000, ZoneInfo(self._file.site.timezone)).date()
        if day not in self._by_day:
            self._by_day[day] = barred(self._file, self._records, day)
        return self._by_day[day]

    def of(self, duty: str, people: Sequence[str], at: int) -> list[str]:
        return [person for person in people if (duty, person) in self.at(at)]
