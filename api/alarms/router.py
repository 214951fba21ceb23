"""Alarms: what is wrong now and was before; acknowledged and reset by people."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import paging
from api.alarms.schemas import Acknowledgement, AlarmOut, Reset, UnrecordedOut, show_unrecorded
from api.paging import Cursor, Limit, Page
from api.platform import PlatformDep
from api.problems import ours
from api.security.access import Viewer
from api.writing import Change, Write, writing
from backbone.database import alarm_journal
from backbone.database import alarms as stored
from community import alarms
from community.alarms import Alarm, AlarmState
from community.people import Action

router = APIRouter(prefix="/alarms", tags=["alarms"])
OPEN = tuple(state for state in AlarmState if state != AlarmState.NORMAL)
Acknowledging = Annotated[Write, writing(Action.ACKNOWLEDGE_ALARM)]


@router.get("")
def list_alarms(
    platform: PlatformDep,
    _: Viewer,
    state: Annotated[list[AlarmState] | None, Query(description="may be given several times")] = None,
    open_: Annotated[bool | None, Query(alias="open", description="true: all that are not normal")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[AlarmOut]:
    """Alarms, the newest first."""
    before = paging.decode(cursor, paging.Place)
    with platform.database.read() as connection:
        rows = stored.list_alarms(
            connection, platform.site.id, states=states(state, open_), limit=limit + 1, before=before
        )
    return paging.page(rows, limit, AlarmOut.model_validate, lambda row: (row.raised_at, row.id))


@router.get("/unrecorded")
async def list_unrecorded_alarms(platform: PlatformDep, _: Viewer) -> UnrecordedOut:
    """Alarms the database could not take yet. Answered without it."""
    return show_unrecorded(platform.unrecorded.shown)


@router.get("/{alarm_id}")
def get_alarm(alarm_id: str, platform: PlatformDep, _: Viewer) -> AlarmOut:
    """One alarm."""
    with platform.database.read() as connection:
        alarm = ours(stored.get_alarm(connection, alarm_id), platform.site.id, "alarm", alarm_id)
    return AlarmOut.model_validate(alarm)


@router.post("/{alarm_id}/acknowledge", response_model=AlarmOut)
def acknowledge_alarm(alarm_id: str, body: Acknowledgement, write: Acknowledging) -> Response:
    """Somebody has seen it, and with it the consequences that lie under it."""

    def work(change: Change) -> AlarmOut:
        alarm = found_alarm(change, alarm_id)
        seen = alarms.acknowledge(alarm, by=change.by, note=body.note, now=change.now)
        kept = keep_alarm(change, "acknowledged", seen, body.note)
        for other in stored.all_under(change.connection, change.site, alarm_id):
            if other.state in alarms.UNSEEN:
                seen = alarms.acknowledge(other, change.by, body.note, change.now)
                keep_alarm(change, "acknowledged", seen, body.note)
        return kept

    return write.perform("alarm.acknowledge", alarm_id, work)


@router.post("/{alarm_id}/reset", response_model=AlarmOut)
def reset_alarm(alarm_id: str, body: Reset, write: Acknowledging) -> Response:
    """Somebody has looked: a latched alarm whose cause is gone becomes normal."""

    def work(change: Change) -> AlarmOut:
        alarm = found_alarm(change, alarm_id)
        after = alarms.reset(alarm, by=change.by, reason=body.reason, now=change.now)
        return keep_alarm(change, "reset", after, body.reason)

    return write.perform("alarm.reset", alarm_id, work)


def states(chosen: list[AlarmState] | None, open_: bool | None) -> tuple[AlarmState, ...] | None:
    """The states a list is asked for; None: all."""
    if chosen is None and open_ is None:
        return None
    base = tuple(AlarmState) if chosen is None else tuple(chosen)
    if open_ is None:
        return base
    return tuple(state for state in base if (state in OPEN) == open_)


def found_alarm(change: Change, alarm_id: str) -> Alarm:
    """The alarm a write is about."""
    return ours(stored.get_alarm(change.connection, alarm_id), change.site, "alarm", alarm_id)


def keep_alarm(change: Change, what: str, alarm: Alarm, reason: str) -> AlarmOut:
    """Save it, with its line in the journal and its event."""
    stored.save_alarm(change.connection, alarm)
    alarm_journal.note(change.connection, alarm, what, change.now, who=change.by, reason=reason)
    change.publish("alarm", what, alarm.id, alarm)
    return AlarmOut.model_validate(alarm)
