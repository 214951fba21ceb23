"""Access events: who came and was refused, by pseudonym unless the site file says otherwise."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.access_events.schemas import AccessEventOut
from api.paging import Page
from api.platform import PlatformDep
from api.problems import Problem, not_found
from api.security.access import Viewer
from api.times import Moment, to_ms
from backbone.frames import FrameEvent
from community.headcount import known_as
from community.site.profile import Family
from community.site.site import Site

router = APIRouter(prefix="/access-events", tags=["access"])
DAY_MS = 86_400_000
LONGEST_MS = 31 * DAY_MS
_ASK_FOR = 10_000


@router.get("")
def list_access_events(
    platform: PlatformDep,
    _: Viewer,
    zone: Annotated[str | None, Query(description="in this zone and what lies in it")] = None,
    start: Annotated[Moment | None, Query(description="a day before the end if unset")] = None,
    end: Annotated[Moment | None, Query(description="not included; now if unset")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Page[AccessEventOut]:
    """The newest events of doors first."""
    site = platform.site
    if zone is not None and zone not in site.zones:
        raise not_found("zone", zone)
    last = to_ms(end) if end else platform.now() + 1
    first = to_ms(start) if start else last - DAY_MS
    if not 0 < last - first <= LONGEST_MS:
        raise Problem(422, "start must be before end, by 31 days at most", kind="bad-input")
    events = platform.historian.events(site.id, None, first, last, _ASK_FOR)
    shown = [show(site, event) for event in events if _wanted(site, event, zone)]
    return Page(items=shown[:limit])


def _wanted(site: Site, event: FrameEvent, zone: str | None) -> bool:
    point = site.points.get(event.point)
    if point is None or point.family != Family.ACCESS:
        return False
    return zone is None or zone in site.zone_path(point.zone)


def show(site: Site, event: FrameEvent) -> AccessEventOut:
    """The event, of its data only what the site lets be known of a person."""
    data = event.data
    doors = data.get("doors")
    return AccessEventOut(
        point=event.point,
        zone=site.points[event.point].zone,
        t=event.t,
        type=event.type,
        card=known_as(data.get("card"), site),
        person=known_as(data.get("person"), site),
        doors=[str(door) for door in doors] if isinstance(doors, list) else [],
        reason=str(data["reason"]) if "reason" in data else None,
    )
