"""Gateways: whether they are there, and what they could not use."""

from fastapi import APIRouter

from api.gateways.schemas import GatewayOut, show
from api.paging import Page
from api.platform import PlatformDep
from api.security.access import Viewer

router = APIRouter(prefix="/gateways", tags=["platform"])


@router.get("")
async def list_gateways(platform: PlatformDep, _: Viewer) -> Page[GatewayOut]:
    """Every gateway of the site file with its last status."""
    return Page(items=[show(row, platform.gateways.status(row.id)) for row in platform.site.gateways.values()])
