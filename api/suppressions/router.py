"""Alarms shelved, and sensors out of service: who, why, until when."""

import uuid
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.alarms.router import found_alarm, keep_alarm
from api.platform import PlatformDep
from api.problems import Problem, not_found, ours
from api.security.access import Viewer
from api.suppressions.schemas import Maintenance, OutOfService, Shelving, SuppressionOut
from api.times import to_ms
from api.writing import Change, Write, writing
from backbone.database import suppressions as stored
from community import suppression
from community.people import Action, may
from community.site.rules import Grade
from community.site.site import Site
from community.suppression import Suppression

router = APIRouter(prefix="/suppressions", tags=["suppressions"])
Shelve = Annotated[Write, writing(Action.SHELVE_ALARM)]


@router.get("")
def list_suppressions(
    platform: PlatformDep,
    _: Viewer,
    active: Annotated[bool, Query(description="true: only those in force")] = True,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 500,
) -> list[SuppressionOut]:
    """Suppressions, the newest first."""
    states = stored.UNFINISHED if active else None
    with platform.database.read() as c:
        found = stored.list_suppressions(c, platform.site.id, states, limit)
    return [SuppressionOut.model_validate(row) for row in found]


@router.post("/shelved", response_model=SuppressionOut, status_code=201)
def shelve_alarm(body: Shelving, write: Shelve) -> Response:
    """Shelve an alarm: it calls nobody until then. A high one needs a safety officer, and is shelved this once only."""

    def work(change: Change) -> SuppressionOut:
        alarm = found_alarm(change, body.alarm)
        if alarm.grade is Grade.HIGH:
            _only_safety_officers(write, "a high alarm is shelved by a safety officer")
        if alarm.suppressed is not None:
            raise Problem(409, "it is suppressed already", kind="conflict")
        made = suppression.shelve(
            alarm, identifier=_id(), by=change.by, reason=body.reason, now=change.now, until=to_ms(body.until)
        )
        _keep(change, made, "shelved")
        shelved = replace(alarm, suppressed=made.id, version=alarm.version + 1)
        keep_alarm(change, "shelved", shelved, body.reason)
        return SuppressionOut.model_validate(made)

    return write.perform("alarm.shelve", body.alarm, work, status=201, detail=body.reason)


@router.post("/out-of-service", response_model=SuppressionOut, status_code=201)
def take_out_of_service(body: OutOfService, write: Shelve) -> Response:
    """Take a place or a device out of service while it is worked on; with fire detectors only a safety officer may."""
    site = write.platform.site
    if body.zone not in site.zones:
        raise not_found("zone", body.zone)
    if body.device is not None:
        if body.device not in site.devices:
            raise not_found("device", body.device)
        if body.zone not in site.zone_path(site.devices[body.device].zone):
            raise Problem(422, f"the device {body.device} is not in the place {body.zone}", kind="bad-input")

    def work(change: Change) -> SuppressionOut:
        made = suppression.take_out_of_service(
            site,
            zone=body.zone,
            device=body.device,
            identifier=_id(),
            by=change.by,
            reason=body.reason,
            now=change.now,
            until=to_ms(body.until),
        )
        if made.fire:
            _only_safety_officers(write, "fire detectors are taken out of service by a safety officer")
        _keep(change, made, "begun")
        return SuppressionOut.model_validate(made)

    target = body.device or body.zone
    return write.perform("suppression.out-of-service", target, work, status=201, detail=body.reason)


@router.post("/maintenance", response_model=SuppressionOut, status_code=201)
def begin_maintenance(body: Maintenance, write: Shelve) -> Response:
    """A place, device or facility is under maintenance: rules that say so call nobody. High ones and fire always do."""
    site = write.platform.site
    zone = _maintained_zone(site, body)

    def work(change: Change) -> SuppressionOut:
        made = suppression.maintain(
            site,
            zone=zone,
            device=body.device,
            facility=body.facility,
            identifier=_id(),
            by=change.by,
            reason=body.reason,
            now=change.now,
            until=to_ms(body.until),
        )
        _keep(change, made, "begun")
        return SuppressionOut.model_validate(made)

    target = body.facility or body.device or zone
    return write.perform("suppression.maintenance", target, work, status=201, detail=body.reason)


def _maintained_zone(site: Site, body: Maintenance) -> str:
    given = [key for key in ("zone", "device", "facility") if getattr(body, key) is not None]
    if len(given) != 1:
        raise Problem(422, "say one of zone, device and facility", kind="bad-input")
    if body.zone is not None:
        if body.zone not in site.zones:
            raise not_found("zone", body.zone)
        return body.zone
    if body.device is not None:
        if body.device not in site.devices:
            raise not_found("device", body.device)
        return site.devices[body.device].zone
    facility = next((row for row in site.file.facilities if row.id == body.facility), None)
    if facility is None:
        raise not_found("facility", body.facility or "")
    if not facility.points:
        raise Problem(422, "no sensor belongs to this facility; name its place or a device", kind="bad-input")
    return facility.zone


@router.post("/{suppression_id}/end", response_model=SuppressionOut)
def end_suppression(suppression_id: str, write: Shelve) -> Response:
    """It ends now: what still stands calls at once."""

    def work(change: Change) -> SuppressionOut:
        found = ours(
            stored.get_suppression(change.connection, suppression_id), change.site, "suppression", suppression_id
        )
        ended = suppression.end(found, change.by, change.now)
        _keep(change, ended, "ending")
        return SuppressionOut.model_validate(ended)

    return write.perform("suppression.end", suppression_id, work)


def _only_safety_officers(write: Write, why: str) -> None:
    if not may(frozenset(write.caller.roles), Action.ISOLATE):
        raise Problem(403, why, kind="forbidden")


def _keep(change: Change, kept: Suppression, what: str) -> None:
    stored.save_suppression(change.connection, kept)
    change.publish("suppression", what, kept.id, kept)


def _id() -> str:
    return f"s-{uuid.uuid4().hex[:16]}"
