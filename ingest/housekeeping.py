"""The historian's housekeeping, beside the writing: a piece at a time, and never in its way for long."""

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog

from backbone import metrics
from backbone.historian.port import Historian, HistorianError
from backbone.room import Room
from community.site.profile import Family
from community.site.site import Site

LOOK_EVERY_S = 60.0
FORGET_EVERY_S = 3_600.0
_DAY_MS = 86_400_000
log = structlog.get_logger()


async def keep_house(
    historian: Historian,
    site: Callable[[], Site],
    keep_days: Mapping[Family, float],
    now: Callable[[], int],
    lived: Callable[[], int],
    room: Room,
) -> None:
    """Tidy until cancelled. After each piece it rests as long as the piece took: others need the processor too.

    Args:
        lived: the time that readings are deleted by (Unix ms).
        room: without it nothing is put in order, which takes some; what is to be deleted still is.
    """
    failing = False
    forgot_at = -FORGET_EVERY_S
    while True:
        began = time.monotonic()
        more = False
        try:
            more = not room.lacking and await asyncio.to_thread(historian.tidy, now())
            if not more and keep_days and began - forgot_at >= FORGET_EVERY_S:
                await asyncio.to_thread(lambda: forget_old(historian, site(), keep_days, lived()))
                forgot_at = began
        except HistorianError as error:
            metrics.loop_errors.labels("ingest housekeeping").inc()
            if not failing:
                log.warning("the history cannot be put in order; trying again", reason=str(error))
            failing = True
        else:
            failing = False
        await asyncio.sleep(time.monotonic() - began if more else LOOK_EVERY_S)


def newest_reading(historian: Historian, site: Site) -> int | None:
    """The time of the newest reading that is kept (Unix ms), if there is any."""
    return max((reading.t for reading in historian.latest(site.id, None, 0).values()), default=None)


def forget_old(historian: Historian, site: Site, keep_days: Mapping[Family, float], now: int) -> None:
    """Delete what is older than its family is kept."""
    for family, days in keep_days.items():
        points = [point.id for point in site.points.values() if point.family == family]
        forgotten = historian.forget(site.id, points, now - round(days * _DAY_MS))
        if forgotten:
            log.info("old readings deleted", family=family.value, readings=forgotten, older_than_days=days)
