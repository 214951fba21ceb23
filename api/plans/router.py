"""Plans: what is to be done in an emergency, and putting one in force."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from api.activations.router import keep
from api.activations.schemas import ActivationOut
from api.paging import Page
from api.plans.schemas import Activate, PlanOut, show
from api.platform import PlatformDep
from api.problems import conflict, not_found
from api.security.access import Viewer
from api.writing import Change, Write, writing
from backbone.database import activations as stored
from community import activations
from community.people import Action

router = APIRouter(prefix="/plans", tags=["plans"])
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


@router.post("/{plan_id}/activations", response_model=ActivationOut, status_code=201)
def activate_plan(plan_id: str, body: Activate, write: Activating) -> Response:
    """Put a plan in force in a zone. Its machine steps are begun by the rules service, which hears of it at once."""
    site = write.platform.site

    def work(change: Change) -> ActivationOut:
        plan = site.plans.get(plan_id)
        if plan is None:
            raise not_found("plan", plan_id)
        if body.zone not in site.zones:
            raise not_found("zone", body.zone)
        standing = stored.open_activation(change.connection, change.site, plan_id, body.zone)
        if standing is not None:
            raise conflict(f"the plan is in force there already, as {standing.id}")
        activation = activations.activate(
            id=f"{plan_id}:{body.zone}:{change.now}",
            site=change.site,
            plan=plan,
            level=body.level,
            zone=body.zone,
            cause=f"person:{change.by}",
            reason=body.reason,
            now=change.now,
        )
        return keep(change, "activated", activation)

    return write.perform("plan.activate", f"{plan_id}:{body.zone}", work, status=201)
