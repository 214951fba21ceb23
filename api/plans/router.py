"""Plans: what is to be done in an emergency, and putting one in force."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.responses import Response

from api.activations.router import keep
from api.activations.schemas import ActivationOut
from api.paging import Page
from api.plans.schemas import Activate, PlanOut, PlanStaffOut, SuggestionOut, show
from api.plans.staff import staff_of
from api.platform import PlatformDep
from api.problems import not_found, ours
from api.security.access import Viewer
from api.writing import Change, Write, writing
from backbone.database import activations as stored
from backbone.database.alarms import get_alarm, save_alarm
from backbone.database.duty import duty_on_record
from community import activation_begin, activation_course, activations, commanding
from community.activations import Activation
from community.alarms import Alarm
from community.people import Action, may
from community.plan_suggestion import suggestions
from community.site.site import Site

router = APIRouter(prefix="/plans", tags=["plans"])
MOST_IN_FORCE = 1_000
Activating = Annotated[Write, writing(Action.ACTIVATE_PLAN)]


@router.get("")
def list_plans(platform: PlatformDep, _: Viewer) -> Page[PlanOut]:
    """The plans of the site file."""
    return Page(items=[show(plan) for plan in platform.site.plans.values()])


@router.get("/suggestions")
def suggest_plans(
    platform: PlatformDep,
    _: Viewer,
    zone: Annotated[str | None, Query(description="where; default: where the alarm is")] = None,
    alarm: Annotated[str | None, Query(description="the alarm it is for")] = None,
) -> list[SuggestionOut]:
    """Every plan, the likeliest first, with the level to begin at."""
    site = platform.site
    with platform.database.read() as connection:
        known = get_alarm(connection, alarm) if alarm is not None else None
    if alarm is not None and (known is None or known.site != site.id):
        raise not_found("alarm", alarm)
    place = zone or (known.zone if known is not None else next(iter(site.zones)))
    if place not in site.zones:
        raise not_found("zone", place)
    return [SuggestionOut.model_validate(one) for one in suggestions(site, place, known)]


@router.get("/{plan_id}")
def get_plan(plan_id: str, platform: PlatformDep, _: Viewer) -> PlanOut:
    """One plan with its levels and steps."""
    plan = platform.site.plans.get(plan_id)
    if plan is None:
        raise not_found("plan", plan_id)
    return show(plan)


@router.get("/{plan_id}/staff")
def get_staff(plan_id: str, platform: PlatformDep, caller: Viewer) -> PlanStaffOut:
    """Who fills the roles of a plan now, by the roster; with telephone numbers for those who work in it."""
    plan = platform.site.plans.get(plan_id)
    if plan is None:
        raise not_found("plan", plan_id)
    with platform.database.read() as connection:
        record = duty_on_record(connection, platform.site, platform.now())
    return staff_of(platform.site, plan, platform.now(), record, numbers=may(caller.roles, Action.WORK_STEP))


@router.post("/{plan_id}/activations", response_model=ActivationOut, status_code=201)
def activate_plan(plan_id: str, body: Activate, write: Activating) -> Response:
    """Put a plan in force in a zone. Its machine steps are begun by the rules service, which hears of it at once.

    Where it is in force in that building already, this joins it: the answer is that activation, the reason is kept in
    its timeline, a graver level raises its own, and standby, pause and "contained" are over.
    """
    site = write.platform.site

    def work(change: Change) -> ActivationOut:
        plan = site.plans.get(plan_id)
        if plan is None:
            raise not_found("plan", plan_id)
        if body.zone not in site.zones:
            raise not_found("zone", body.zone)
        alarm = _alarm(change, body.alarm)
        standing = _standing(site, change.connection, plan_id, body.zone)
        if standing is not None:
            kept = activation_course.adopted(standing, plan)
            again = activation_course.called_again(kept, body.level, body.zone, change.by, body.reason, change.now)
            if alarm is not None:
                again = activations.merge(again, alarm.id, change.now)
                _belongs(change, alarm, again)
            return keep(change, "called-again", replace(again, version=standing.version + 1))
        activation = activation_begin.activate(
            id=f"{change.site}-{plan_id}-{body.zone}-{change.now}",
            site=change.site,
            plan=plan,
            level=body.level,
            zone=body.zone,
            cause=f"person:{change.by}",
            reason=body.reason,
            now=change.now,
            alarms=(alarm.id,) if alarm is not None else (),
        )
        if alarm is not None:
            _belongs(change, alarm, activation)
        # whoever puts it in force is there, and commands until they hand it over
        return keep(change, "activated", commanding.take(activation, change.by, "", change.now))

    return write.perform("plan.activate", f"{plan_id}:{body.zone}", work, status=201)


def _alarm(change: Change, identifier: str | None) -> Alarm | None:
    """The alarm it is put in force for.

    Raises:
        Problem: 404, there is none.
    """
    if identifier is None:
        return None
    return ours(get_alarm(change.connection, identifier), change.site, "alarm", identifier)


def _belongs(change: Change, alarm: Alarm, activation: Activation) -> None:
    """Whoever looks at the alarm finds the response."""
    if alarm.activation == activation.id:
        return
    joined = replace(alarm, activation=activation.id, version=alarm.version + 1)
    save_alarm(change.connection, joined)
    change.publish("alarm", "activation", joined.id, joined)


def _standing(site: Site, connection: Connection, plan: str, zone: str) -> Activation | None:
    """Two activations of one plan in one building are one: the first goes on, and is the one to work in."""
    building = site.building_of(zone)
    for standing in stored.list_activations(connection, site.id, states=activations.OPEN, limit=MOST_IN_FORCE):
        here = standing.zone in site.zones and site.building_of(standing.zone) == building
        if standing.plan == plan and here and not standing.drill:
            return standing
    return None
