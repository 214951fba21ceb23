"""Who is where, by what the doors say."""

import structlog

from api.platform import Platform
from backbone.database.last_places import load_last_places, load_retired_cards
from backbone.historian.port import HistorianError
from community.headcount import OUTSIDE, Pass, in_use, passed, whereabouts

LOOK_BACK_MS = 24 * 3_600_000
"""The history of a day beside what the rules have stored: they may be away, or new to a history that is there."""
MOST_EVENTS = 50_000
log = structlog.get_logger()


def last_seen(platform: Platform) -> tuple[dict[str, Pass], bool]:
    """Where each card in use was last, however long ago, and whether the doors' newest events could be read."""
    now, site = platform.now(), platform.site
    with platform.database.read() as connection:
        stored = load_last_places(connection, site.id)
        retired = load_retired_cards(connection, site.id)
    try:
        events = platform.historian.events(site.id, None, now - LOOK_BACK_MS, now + 1, MOST_EVENTS)
    except HistorianError as error:
        log.warning("who is inside is known only as far as it is stored", error=str(error))
        return in_use(whereabouts(stored), retired), False
    recent = (passed(site, event.point, event.type, event.data, event.t) for event in events)
    return in_use(whereabouts([*stored, *(one for one in recent if one is not None)]), retired), True


def is_inside(platform: Platform, zone: str, area: str) -> bool:
    """Whether a zone is the area or lies in it."""
    site = platform.site
    return zone != OUTSIDE and zone in site.zone_parent and area in site.zone_path(zone)
