"""Sites: the communities this installation watches."""

from fastapi import APIRouter

from api.paging import Page
from api.platform import PlatformDep
from api.security.access import Viewer
from api.sites.schemas import NamedOut, SiteOut

router = APIRouter(prefix="/sites", tags=["sites"])


@router.get("")
def list_sites(platform: PlatformDep, _: Viewer) -> Page[SiteOut]:
    """The site, with the time zone its people live in, and the names of what tickets and messages name by id."""
    file = platform.site.file
    row = file.site
    parties = [NamedOut(id=party.id, name=party.name) for party in file.parties]
    facilities = [NamedOut(id=facility.id, name=facility.name) for facility in file.facilities]
    site = SiteOut(
        id=row.id,
        name=row.name,
        timezone=row.timezone,
        parties=parties,
        facilities=facilities,
        rules=[NamedOut(id=rule.id, name=rule.message) for rule in file.rules],
        people={person.id: person.name for person in file.people},
    )
    return Page(items=[site])
