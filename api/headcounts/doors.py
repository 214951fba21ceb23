"""Who is where, by what the doors say."""

import structlog

from api.access_events.router import pseudonym_of
from api.platform import Platform
from backbone.historian.port import HistorianError
from community.headcount import OUTSIDE, Pass, whereabouts

LOOK_BACK_MS = 24 * 3_600_000
"""A card that went in longer ago and was not seen since has left by a door that does not read cards."""
MOST_EVENTS = 50_000
log = structlog.get_logger()


def last_seen(platform: Platform) -> tuple[dict[str, Pass], bool]:
    """Where each card was last within a day, and whether the doors' events could be read at all."""
    now, site = platform.now(), platform.site
    try:
        events = platform.historian.events(site.id, None, now - LOOK_BACK_MS, now + 1, MOST_EVENTS)
    except HistorianError as error:
        log.warning("who is inside is not known", error=str(error))
        return {}, False
    passes = []
    for event in events:
        point = site.points.get(event.point)
        card = pseudonym_of(event.data.get("card"))
        if point is None or event.type != "access.granted" or card is None:
            continue
        passes.append(Pass(card, site.devices[point.device].leads_to or point.zone, event.t))
    return whereabouts(passes), True


def is_inside(platform: Platform, zone: str, area: str) -> bool:
    """Whether a zone is the area or lies in it."""
    site = platform.site
    return zone != OUTSIDE and zone in site.zone_parent and area in site.zone_path(zone)
