"""Services: how each process fares, as its supervisor says."""

from fastapi import APIRouter

from api.paging import Page
from api.platform import PlatformDep
from api.security.access import Viewer
from api.services.schemas import ServiceOut, SiteFileOut, show
from backbone.site_watch import told_states

router = APIRouter(prefix="/services", tags=["platform"])


@router.get("")
async def list_services(platform: PlatformDep, _: Viewer) -> Page[ServiceOut]:
    """The processes of this machine; none where something else keeps them running. The historian, while it does
    not answer, and the disk, while it has less room than is kept for alarms."""
    return Page(items=[show(state) for state in platform.services.states])


@router.get("/site-files")
def list_site_files(platform: PlatformDep, _: Viewer) -> list[SiteFileOut]:
    """What each service of this machine runs, and what it refuses: a change that is refused is not in force."""
    return [
        SiteFileOut(
            service=service,
            since=state.since,
            problems=list(state.problems),
            shown_here=state.digest == platform.site.digest,
        )
        for service, state in told_states(platform.settings.data_dir).items()
    ]
