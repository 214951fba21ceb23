"""Sites: the communities this installation watches."""

from fastapi import APIRouter

from api.paging import Page
from api.platform import PlatformDep
from api.security.access import Viewer
from api.sites.schemas import SiteOut

router = APIRouter(prefix="/sites", tags=["sites"])


@router.get("")
def list_sites(platform: PlatformDep, _: Viewer) -> Page[SiteOut]:
    """The site, with the time zone its people live in."""
    row = platform.site.file.site
    return Page(items=[SiteOut(id=row.id, name=row.name, timezone=row.timezone)])
