"""The ingest service: frames in, readings in the historian, then the commit that lets gateways forget them.

While the historian is away nothing is committed: the stream stops reading at its limit, frames wait at the gateways,
and alarms, which are another consumer's, are not concerned.
"""

import asyncio
from collections.abc import Callable

import structlog

from backbone.bus import Bus
from backbone.database.database import Database
from backbone.historian.port import Historian
from backbone.lived_time import LivedTime
from backbone.room import Room
from backbone.site_watch import Take
from backbone.steady import wall_ms
from backbone.stream import Stream
from community.site.site import Site
from ingest import counters
from ingest.again import Again
from ingest.housekeeping import keep_house, newest_reading
from ingest.keeper import Keeper, Stopped
from ingest.settings import IngestSettings
from ingest.validate import CONSUMER

log = structlog.get_logger()


async def run(
    settings: IngestSettings,
    site: Site,
    historian: Historian,
    database: Database,
    stop: asyncio.Event,
    *,
    follow: Callable[[Take], None] | None = None,
    wall: Callable[[], int] = wall_ms,
) -> None:
    """Run until `stop`. The historian and the database stay open: they are the caller's.

    `follow` is given what takes a changed site file; `wall` is the machine's clock (Unix ms).
    """
    room = Room.beside_state(settings)
    async with Keeper(settings, site, historian, database, stop, room, wall) as keeper:
        try:
            positions = await keeper.positions()
            await keeper.take_up()
            bus = Bus.of_platform(settings, f"anju-ingest-{site.id}")
            stream = Stream(bus, site.id, site.gateways, CONSUMER, positions, now=wall, refuse=keeper.refuse)
            stream.start()
            again = Again(database, site.id, wall)
            lived = LivedTime(
                settings.data_dir / "ingest-lived", lambda: newest_reading(historian, keeper.site), wall=wall
            )
            consumer = Consumer(settings, stream, keeper, again)
            if follow is not None:
                follow(consumer.take)
            async with bus, asyncio.TaskGroup() as group:
                beside = [
                    group.create_task(
                        keep_house(historian, lambda: keeper.site, settings.keep_days, wall, lived, room),
                        name="housekeeping",
                    ),
                    group.create_task(again.run(), name="set aside"),
                ]
                log.info("ingest is listening", gateways=len(site.gateways), points=len(site.points))
                await consumer.run(stop)
                for task in beside:
                    task.cancel()
        except* Stopped:
            log.warning("stopped while the historian was away; what was not written will be sent again")


class Consumer:
    """The loop: batch after batch, keep it, then commit it. A changed site comes into force between two."""

    def __init__(self, settings: IngestSettings, stream: Stream, keeper: Keeper, again: Again) -> None:
        self._settings = settings
        self._stream = stream
        self._keeper = keeper
        self._again = again
        self._changed: tuple[Site, asyncio.Future[None]] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`.

        Raises:
            Stopped: told to stop while the historian was away.
        """
        settings, stream, keeper = self._settings, self._stream, self._keeper
        committed = dict(stream.positions)
        while not stop.is_set():
            if self._changed is not None:
                await self._swap(*self._changed)
                committed = {**stream.positions, **committed}
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
            if self._again.due:
                await keeper.take_up()
                self._again.done()
            counters.buffered_readings.set(stream.buffered_readings)

    async def take(self, site: Site) -> None:
        """Have a changed site come into force; what was set aside for its new points is taken up.

        Raises:
            Exception: it cannot come into force; the old one stays.
        """
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._changed = (site, taken)
        await taken

    async def _swap(self, site: Site, taken: asyncio.Future[None]) -> None:
        self._changed = None
        try:
            await self._keeper.use(site)
            self._stream.admit(site.gateways, await self._keeper.positions())
            await self._keeper.take_up()
        except Stopped:
            taken.cancel()
            raise
        except Exception as error:
            log.exception("a changed site file could not be taken")
            taken.set_exception(error)
        else:
            log.info("ingest is listening", gateways=len(site.gateways), points=len(site.points))
            taken.set_result(None)
