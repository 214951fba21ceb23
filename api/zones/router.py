"""Zones: the tree of places, outermost first."""

from fastapi import APIRouter

from api.paging import Page
from api.platform import PlatformDep
from api.security.access import Viewer
from api.zones.schemas import ZoneOut

router = APIRouter(prefix="/zones", tags=["zones"])


@router.get("")
def list_zones(platform: PlatformDep, _: Viewer) -> Page[ZoneOut]:
    """Every zone in the site file's order: a parent comes before what lies in it."""
    site = platform.site
    return Page(
        items=[
            ZoneOut(
                id=zone.id,
                name=zone.name,
                kind=zone.kind,
                parent=site.zone_parent[zone.id],
                building=site.building_of(zone.id),
            )
            for zone in site.zones.values()
        ]
    )
