"""The historian's housekeeping, beside the writing: a piece at a time, and never in its way for long."""

import asyncio
import time
from collections.abc import Callable

import structlog

from backbone import metrics
from backbone.historian.port import Historian, HistorianError

LOOK_EVERY_S = 60.0
log = structlog.get_logger()


async def keep_house(historian: Historian, now: Callable[[], int]) -> None:
    """Tidy until cancelled. After each piece it rests as long as the piece took: others need the processor too."""
    failing = False
    while True:
        began = time.monotonic()
        more = False
        try:
            more = await asyncio.to_thread(historian.tidy, now())
        except HistorianError as error:
            metrics.loop_errors.labels("ingest housekeeping").inc()
            if not failing:
                log.warning("the history cannot be put in order; trying again", reason=str(error))
            failing = True
        else:
            failing = False
        await asyncio.sleep(time.monotonic() - began if more else LOOK_EVERY_S)
