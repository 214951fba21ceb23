"""Plans: what is to be done in an emergency, and putting one in force."""

from typing import Annotated

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from api.activations.router import keep
from api.activations.schemas import ActivationOut
from api.paging import Page
from api.plans.schemas import Activate, PlanOut, PlanStaffOut, show
from api.plans.staff import staff_of
from api.platform import PlatformDep
from api.problems import not_found
from api.security.access import Viewer
from api.writing import Change, Write, writing
from backbone.database import activations as stored
from backbone.database.duty import duty_on_record
from community import activation_course, activations, commanding
from community.activations import Activation
from community.people import Action, may
from community.site.site import Site

router = APIRouter(prefix="/plans", tags=["plans"])
MOST_IN_FORCE = 1_000
Activating = Annotated[Write, writing(Action.ACTIVATE_PLAN)]


@router.get("")
def list_plans(platform: PlatformDep, _: Viewer) -> Page[PlanOut]:
    """The plans of the site file."""
    return Page(items=[show(plan) for plan in platform.site.plans.values()])


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
        standing = _standing(site, change.connection, plan_id, body.zone)
        if standing is not None:
            kept = activation_course.adopted(standing, plan)
            again = activation_course.called_again(kept, body.level, body.zone, change.by, body.reason, change.now)
            return keep(change, "called-again", again)
        activation = activations.activate(
            id=f"{change.site}-{plan_id}-{body.zone}-{change.now}",
            site=change.site,
            plan=plan,
            level=body.level,
            zone=body.zone,
            cause=f"person:{change.by}",
            reason=body.reason,
            now=change.now,
        )
        # whoever puts it in force is there, and commands until they hand it over
        return keep(change, "activated", commanding.take(activation, change.by, "", change.now))

    return write.perform("plan.activate", f"{plan_id}:{body.zone}", work, status=201)


def _standing(site: Site, connection: Connection, plan: str, zone: str) -> Activation | None:
    """Two activations of one plan in one building are one: the first goes on, and is the one to work in."""
    building = site.building_of(zone)
    for standing in stored.list_activations(connection, site.id, states=activations.OPEN, limit=MOST_IN_FORCE):
        here = standing.zone in site.zones and site.building_of(standing.zone) == building
        if standing.plan == plan and here and not standing.drill:
            return standing
    return None
