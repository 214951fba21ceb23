"""Drills: planned, begun, evaluated; and which are due. While one runs, people work in its activation."""

import uuid
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from api import paging
from api.activations.router import keep as keep_activation
from api.activations.schemas import ActivationOut, Reason
from api.drills.following import keep, no_emergency
from api.drills.schemas import DrillDue, DrillOut, Evaluate, FindingIn, PlanDrill, show
from api.paging import Cursor, Limit, Page
from api.platform import PlatformDep
from api.problems import Problem, conflict, not_found, ours
from api.security.access import Viewer
from api.times import to_ms
from api.writing import Change, Write, writing
from backbone.database import drills as stored
from backbone.database.activations import get_activation
from backbone.database.tickets import save_ticket
from community import activation_begin, activations, drills
from community.drills import UNDER_WAY, Drill, Finding
from community.people import Action
from community.reminders import DrillDate, drill_dates
from community.site.devices import DeviceMode
from community.site.site import Site
from community.tickets import open_ticket

router = APIRouter(prefix="/drills", tags=["drills"])
Running = Annotated[Write, writing(Action.RUN_DRILL)]
MOST = 1_000


@router.get("")
def list_drills(platform: PlatformDep, _: Viewer, limit: Limit = 100, cursor: Cursor = None) -> Page[DrillOut]:
    """Drills, the latest planned first."""
    before = paging.decode(cursor, paging.Place)
    with platform.database.read() as c:
        rows = stored.list_drills(c, platform.site.id, limit=limit + 1, before=before)
    return paging.page(rows, limit, show, lambda row: (row.planned_at, row.id))


@router.get("/due")
def drills_due(platform: PlatformDep, _: Viewer) -> list[DrillDue]:
    """Which kinds of drill are due, and which are overdue."""
    today = datetime.fromtimestamp(platform.now() / 1000, ZoneInfo(platform.site.file.site.timezone)).date()
    with platform.database.read() as c:
        known = stored.list_drills(c, platform.site.id, limit=MOST)
    return [_due(row) for row in drill_dates(platform.site.file, known, today)]


@router.get("/{drill_id}")
def get_drill(drill_id: str, platform: PlatformDep, _: Viewer) -> DrillOut:
    """One drill with its score."""
    with platform.database.read() as c:
        return _shown(c, _known(c, platform.site, drill_id))


@router.post("", response_model=DrillOut, status_code=201)
def plan_drill(body: PlanDrill, write: Running) -> Response:
    """Plan a drill."""
    site = write.platform.site
    plan = site.plans.get(body.plan)
    if plan is None:
        raise not_found("plan", body.plan)
    if body.level not in {*plan.levels}:
        raise Problem(422, f"the plan {plan.id} has no level {body.level}", kind="bad-input")
    if body.zone not in site.zones:
        raise not_found("zone", body.zone)
    people = {person.id for person in site.file.people}
    for person in body.participants:
        if person not in people:
            raise not_found("person", person)
    for device in body.devices:
        if device not in site.devices:
            raise not_found("device", device)
        if site.devices[device].mode is not DeviceMode.NORMAL:
            raise Problem(422, f"{device} is not in service; it cannot take part", kind="bad-input")
    if body.scenario is not None and not body.devices:
        raise Problem(
            422, "a scenario needs the devices it plays on: they are in test mode meanwhile", kind="bad-input"
        )

    def work(change: Change) -> DrillOut:
        drill = Drill(
            id=f"d-{uuid.uuid4().hex[:16]}",
            site=change.site,
            kind=body.kind,
            plan=plan.id,
            plan_name=plan.name,
            level=body.level,
            zone=body.zone,
            planned_at=to_ms(body.planned_at),
            content=body.content,
            participants=tuple(dict.fromkeys(body.participants)),
            by=change.by,
            scenario=body.scenario,
            devices=tuple(dict.fromkeys(body.devices)),
            physical=body.physical,
        )
        keep(change, "planned", drill)
        return show(drill)

    return write.perform("drill.plan", body.plan, work, status=201)


@router.post("/{drill_id}/start", response_model=ActivationOut, status_code=201)
def start_drill(drill_id: str, write: Running) -> Response:
    """Begin: the plan comes into force as a drill, which every screen, message and command says."""
    site = write.platform.site

    def work(change: Change) -> ActivationOut:
        drill = _known(change.connection, site, drill_id)
        no_emergency(change)
        if others := stored.list_drills(change.connection, change.site, states=UNDER_WAY, limit=1):
            raise conflict(f"another drill is under way, {others[0].id}")
        plan = site.plans.get(drill.plan)
        if plan is None:
            raise not_found("plan", drill.plan)
        activation = activation_begin.activate(
            id=f"drill-{change.site}-{plan.id}-{drill.zone}-{change.now}",
            site=change.site,
            plan=plan,
            level=drill.level,
            zone=drill.zone,
            cause=f"person:{change.by}",
            reason=_reason(drill.content),
            now=change.now,
            drill=True,
            physical=drill.physical,
        )
        keep(change, "started", drills.start(drill, activation.id, change.by, change.now))
        return keep_activation(change, "activated", activation)

    return write.perform("drill.start", drill_id, work, status=201)


def _reason(content: str) -> str:
    """In both languages, where the content is."""
    zh, _, en = content.partition(" / ")
    return f"演练：{zh} / Drill: {en or zh}"


@router.post("/{drill_id}/cancel", response_model=DrillOut)
def cancel_drill(drill_id: str, body: Reason, write: Running) -> Response:
    """It will not take place."""
    return _perform(write, drill_id, "cancelled", lambda c, d: drills.cancel(d, by=c.by, reason=body.reason, now=c.now))


@router.post("/{drill_id}/evaluate", response_model=DrillOut)
def evaluate_drill(drill_id: str, body: Evaluate, write: Running) -> Response:
    """What was learned; each finding becomes a ticket."""

    def evaluate(change: Change, drill: Drill) -> Drill:
        findings = tuple(_improve(change, drill, number, found) for number, found in enumerate(body.findings))
        after = drills.evaluate(drill, change.by, body.evaluation, findings, change.now)
        activation = get_activation(change.connection, drill.activation or "")
        if activation is not None:
            reviewed = activations.review(activation, change.by, body.evaluation, change.now)
            keep_activation(change, "reviewed", reviewed)
        return after

    return _perform(write, drill_id, "evaluated", evaluate)


def _improve(change: Change, drill: Drill, number: int, found: FindingIn) -> Finding:
    ticket = open_ticket(
        id=f"t-{sha256(f'{drill.id}:{number}'.encode()).hexdigest()[:16]}",
        site=change.site,
        zone=drill.zone,
        title_zh=f"演练整改：{found.title}",
        title_en=f"Drill improvement: {found.title}",
        source=f"drill:{drill.id}:{number}",
        priority="medium",
        now=change.now,
        by=change.by,
        note=found.note,
    )
    save_ticket(change.connection, ticket)
    change.publish("ticket", "reported", ticket.id, ticket)
    return Finding(title=found.title, ticket=ticket.id)


def _perform(write: Write, drill_id: str, what: str, step: Callable[[Change, Drill], Drill]) -> Response:
    def work(change: Change) -> DrillOut:
        drill = _known(change.connection, write.platform.site, drill_id)
        after = step(change, drill)
        keep(change, what, after)
        return _shown(change.connection, after)

    return write.perform(f"drill.{what}", drill_id, work)


def _known(c: Connection, site: Site, drill_id: str) -> Drill:
    return ours(stored.get_drill(c, drill_id), site.id, "drill", drill_id)


def _shown(c: Connection, drill: Drill) -> DrillOut:
    activation = get_activation(c, drill.activation) if drill.activation else None
    return show(drill, drills.score(activation) if activation is not None else None)


def _due(row: DrillDate) -> DrillDue:
    return DrillDue(
        kind=row.duty.kind, last=row.last, due=row.due, overdue=row.overdue, soon=row.soon, planned=row.planned
    )
