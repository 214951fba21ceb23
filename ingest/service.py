"""The ingest service: frames in, readings in the historian, then the commit that lets gateways forget them.

While the historian is away nothing is committed: the stream stops reading at its limit, frames wait at the gateways,
and alarms, which are another consumer's, are not concerned.
"""

import asyncio

import structlog

from backbone.bus import Bus
from backbone.database.database import Database
from backbone.historian.port import Historian
from backbone.stream import Stream
from community.site.site import Site
from ingest import counters
from ingest.housekeeping import keep_house
from ingest.keeper import Keeper, Stopped
from ingest.settings import IngestSettings
from ingest.validate import CONSUMER

log = structlog.get_logger()


async def run(
    settings: IngestSettings, site: Site, historian: Historian, database: Database, stop: asyncio.Event
) -> None:
    """Run until `stop`. The historian and the database stay open: they are the caller's."""
    async with Keeper(settings, site, historian, database, stop) as keeper:
        try:
            positions = await keeper.positions()
            await keeper.take_up()
            bus = Bus(settings.broker_url, f"anju-ingest-{site.id}", ca=settings.mqtt_ca)
            stream = Stream(bus, site.id, site.gateways, CONSUMER, positions, now=keeper.now, refuse=keeper.refuse)
            stream.start()
            async with bus, asyncio.TaskGroup() as group:
                housekeeping = group.create_task(
                    keep_house(historian, site, settings.keep_days, keeper.now), name="housekeeping"
                )
                log.info("ingest is listening", gateways=len(site.gateways), points=len(site.points))
                await _consume(settings, stream, keeper, stop)
                housekeeping.cancel()
        except* Stopped:
            log.warning("stopped while the historian was away; what was not written will be sent again")


async def _consume(settings: IngestSettings, stream: Stream, keeper: Keeper, stop: asyncio.Event) -> None:
    """Batch after batch: keep it, then commit it."""
    committed = dict(stream.positions)
    while not stop.is_set():
        deliveries = await stream.batch(
            max_readings=settings.ingest_max_readings, max_wait_s=settings.ingest_max_wait_s, hurry=False
        )
        moved = {name: position for name, position in stream.positions.items() if committed[name] != position}
        if deliveries or moved:
            await keeper.keep(deliveries, moved)
            committed |= moved
            stream.commit(moved)
        else:
            await keeper.record_refusals()
        counters.buffered_readings.set(stream.buffered_readings)
