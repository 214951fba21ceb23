"""Services: how each process fares, as its supervisor says."""

from fastapi import APIRouter

from api.paging import Page
from api.platform import PlatformDep
from api.security.access import Viewer
from api.services.schemas import ServiceOut, show

router = APIRouter(prefix="/services", tags=["platform"])


@router.get("")
async def list_services(platform: PlatformDep, _: Viewer) -> Page[ServiceOut]:
    """The processes of this machine; none where something else keeps them running."""
    return Page(items=[show(state) for state in platform.services.states])
