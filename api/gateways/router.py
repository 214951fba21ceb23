"""Gateways: whether they are there, what they could not use, and what they lost."""

from typing import Annotated

from fastapi import APIRouter, Query

from api import paging
from api.gateways.schemas import GatewayOut, LossOut, show
from api.paging import Cursor, Limit, Page
from api.platform import PlatformDep
from api.problems import Problem, not_found
from api.security.access import Viewer
from api.times import Moment, to_ms
from backbone.database.losses import list_losses

router = APIRouter(prefix="/gateways", tags=["platform"])
WEEK_MS = 7 * 86_400_000


@router.get("")
async def list_gateways(platform: PlatformDep, _: Viewer) -> Page[GatewayOut]:
    """Every gateway of the site file with its last status."""
    return Page(items=[show(row, platform.gateways.status(row.id)) for row in platform.site.gateways.values()])


@router.get("/{gateway}/losses")
def list_gateway_losses(
    platform: PlatformDep,
    _: Viewer,
    gateway: str,
    start: Annotated[Moment | None, Query(alias="from", description="a week before the end if unset")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="not included; now if unset")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[LossOut]:
    """Readings that are gone or never came, by device, lane and reason, the latest first."""
    if gateway not in platform.site.gateways:
        raise not_found("gateway", gateway)
    last = to_ms(end) if end else platform.now() + 1
    first = to_ms(start) if start else last - WEEK_MS
    if first >= last:
        raise Problem(422, "from must be before to", kind="bad-input")
    before = paging.decode(cursor, tuple[paging.Number, paging.Number])
    with platform.database.read() as connection:
        rows = list_losses(connection, platform.site.id, gateway, start=first, end=last, limit=limit + 1, before=before)
    return paging.page(rows, limit, lambda row: LossOut.model_validate(row[1]), lambda row: (row[1].last, row[0]))
