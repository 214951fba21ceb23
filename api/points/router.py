"""Points: what is measured, and what it is now."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import paging
from api.live.latest import STALE_AFTER, Snapshot
from api.paging import Cursor, Limit, Page
from api.platform import Platform, PlatformDep
from api.points.schemas import PointOut
from api.problems import not_found
from api.security.access import Viewer
from community.site.profile import Family
from community.site.site import Point, Site

router = APIRouter(prefix="/points", tags=["points"])


@router.get("", response_model=Page[PointOut])
async def list_points(
    platform: PlatformDep,
    _: Viewer,
    zone: Annotated[str | None, Query(description="points in this zone and what lies in it")] = None,
    family: Family | None = None,
    device: str | None = None,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Response:
    """Points with their newest values, in the site file's order."""
    first = paging.decode(cursor, paging.Number) or 0
    if zone is not None and zone not in platform.site.zones:
        raise not_found("zone", zone)
    chosen = [
        (place, point)
        for place, point in enumerate(platform.site.points.values())
        if place >= first and _chosen(platform.site, point, zone, family, device)
    ]
    rows, now, latest, away = chosen[: limit + 1], platform.now(), platform.latest.snapshot(), _away(platform)

    def body() -> str:
        shown = paging.page(
            rows, limit, lambda row: show(platform.site, row[1], latest, now, away), lambda row: row[0] + 1
        )
        return shown.model_dump_json()

    # A thousand points take longer to write out than the live channel should wait.
    return Response(await asyncio.to_thread(body), media_type="application/json")


@router.get("/{point_id}")
async def get_point(point_id: str, platform: PlatformDep, _: Viewer) -> PointOut:
    """One point with its newest value."""
    point = platform.site.points.get(point_id)
    if point is None:
        raise not_found("point", point_id)
    return show(platform.site, point, platform.latest.snapshot(), platform.now(), _away(platform))


def _away(platform: Platform) -> frozenset[str]:
    return frozenset(gateway for gateway in platform.site.gateways if platform.gateways.away(gateway))


def _chosen(site: Site, point: Point, zone: str | None, family: Family | None, device: str | None) -> bool:
    return (
        (family is None or point.family == family)
        and (device is None or point.device == device)
        and (zone is None or zone in site.zone_path(point.zone))
    )


def show(site: Site, point: Point, snapshot: Snapshot, now: int, away: frozenset[str]) -> PointOut:
    """The point as answers show it."""
    latest = snapshot.of(point, now, online=point.gateway not in away)
    return PointOut(
        id=point.id,
        device=point.device,
        measure=point.measure,
        zone=point.zone,
        building=site.building_of(point.zone),
        name=point.name,
        unit=point.unit,
        family=point.family,
        kind=point.kind,
        states=dict(point.states),
        low=point.low,
        high=point.high,
        gateway=point.gateway,
        value=latest.x,
        t=latest.t,
        quality=latest.q,
        fresh_for_s=STALE_AFTER * point.every_s,
        fresh=latest.fresh,
    )
