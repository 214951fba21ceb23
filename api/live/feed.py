"""Where the news comes from: events, frames and gateway states on the bus; what the bus missed, from the outbox."""

import asyncio
import time
from collections.abc import Callable

import structlog

from api.alarms.schemas import show_unrecorded
from api.gateways.schemas import show as show_gateway
from api.live.found import FoundBoard
from api.live.gateways import GatewayBoard, StatusError
from api.live.hub import Hub
from api.live.latest import LatestCache
from api.live.services import ServiceBoard
from api.live.shown import KINDS, EventError, Shown, parse_event, shown_event
from api.live.unrecorded import UnrecordedBoard
from api.services.schemas import show as show_service
from backbone import frames, metrics, topics
from backbone.bus import Bus
from backbone.database import outbox
from backbone.database.database import Database
from backbone.found import FoundError
from backbone.unrecorded import UnrecordedError
from backbone.ways import Ways
from community.site.profile import Lane
from community.site.site import Site

LOOK_EVERY_S, LOOK_ANYHOW_S = 1.0, 3.0
MOST_AT_ONCE = 500
log = structlog.get_logger()


class Feed:
    """Handlers of the bus, and the tasks beside them. A bad message is counted and changes nothing."""

    def __init__(
        self,
        site: Site,
        database: Database,
        hub: Hub,
        latest: LatestCache,
        gateways: GatewayBoard,
        services: ServiceBoard,
        found: FoundBoard,
        unrecorded: UnrecordedBoard,
        now: Callable[[], int],
    ) -> None:
        self._site = site
        self._database = database
        self._hub = hub
        self._latest = latest
        self._gateways = gateways
        self._services = services
        self._found = found
        self._unrecorded = unrecorded
        self._now = now
        self._missed = asyncio.Event()
        self._bus: Bus | None = None
        self._frames = metrics.frames.labels("api", "shown")
        self._bad_frames = metrics.frames.labels("api", "refused")
        self._said_at = 0.0

    def use(self, site: Site) -> None:
        """Tell of another version of the site file from here on."""
        self._site = site

    def subscribe(self, bus: Bus, ways: Ways) -> None:
        """Listen on the bus; and by the ways, that there is something to read."""
        self._bus = bus
        ways.subscribe(topics.event(self._site.id, "+"), lambda _topic, _payload: self._missed.set())
        for lane in Lane:
            bus.subscribe(topics.all_frames(self._site.id, lane), self.on_frame)
        bus.subscribe(topics.event(self._site.id, "+"), self.on_event)
        bus.subscribe(topics.status(self._site.id, "+"), self.on_status)
        bus.subscribe(topics.found(self._site.id, "+"), self.on_found)
        bus.subscribe(topics.unrecorded(self._site.id), self.on_unrecorded)
        ways.subscribe(topics.unrecorded(self._site.id), self._take_unrecorded)
        bus.on_connect(self._missed.set)

    def on_frame(self, topic: str, payload: bytes) -> None:
        """Readings for the latest values. Whoever wants each of them reads the committed stream."""
        source = topics.parse_frames(topic)
        try:
            frame = frames.decode(payload)
        except frames.FrameError as error:
            self._bad_frames.inc()
            self._say("frame refused", topic, error)
            return
        if source is not None:
            self._frames.inc()
            self._latest.take(source.gateway, frame, self._now())
            self._hub.readings_arrived()

    def on_event(self, topic: str, payload: bytes) -> None:
        """A domain event, after it was committed."""
        kind = topics.last_level(topic)
        if kind not in KINDS:
            return
        try:
            self._tell(parse_event(kind, payload))
        except EventError as error:
            self._say("event refused", topic, error)

    def on_status(self, topic: str, payload: bytes) -> None:
        """A gateway's word on itself."""
        gateway = topics.gateway_of(topic)
        try:
            changed = self._gateways.take(gateway, payload)
        except StatusError as error:
            self._say("status refused", topic, error)
            return
        if changed:
            row = show_gateway(self._site.gateways[gateway], self._gateways.status(gateway))
            self._hub.state("gateway", row.model_dump(mode="json"))

    def on_found(self, topic: str, payload: bytes) -> None:
        """The devices a gateway found."""
        gateway = topics.gateway_of(topic)
        if gateway not in self._site.gateways or not payload:
            return
        try:
            self._found.take(gateway, payload)
        except FoundError as error:
            self._say("list of found devices refused", topic, error)

    def on_unrecorded(self, topic: str, payload: bytes) -> None:
        """The alarms that are not on record."""
        self._take_unrecorded(topic, payload, kept=self._bus is not None and self._bus.retained)

    def _take_unrecorded(self, topic: str, payload: bytes, *, kept: bool = False) -> None:
        try:
            if self._unrecorded.take(payload, kept=kept):
                self.unrecorded_changed()
        except UnrecordedError as error:
            self._say("alarms without a record refused", topic, error)

    def unrecorded_changed(self) -> None:
        """There are other alarms without a record to show."""
        self._hub.state("unrecorded", show_unrecorded(self._unrecorded.shown).model_dump(mode="json"))

    def services_changed(self) -> None:
        """The supervisor's file changed."""
        rows = [show_service(state).model_dump(mode="json") for state in self._services.states]
        self._hub.state("services", {"items": rows})

    async def read_missed(self) -> None:
        """After each connect, and now and then, take events from the outbox itself.

        Oftener while there is no broker. One of a cluster that is there may pass nothing on for seconds (elections).
        """
        looked_at = 0.0
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._missed.wait()
            except TimeoutError:
                heard = self._bus is not None and self._bus.connected
                if heard and time.monotonic() - looked_at < LOOK_ANYHOW_S:
                    continue
            looked_at = time.monotonic()
            self._missed.clear()
            try:
                await self._read_outbox()
            except Exception:
                metrics.loop_errors.labels("api outbox").inc()
                log.exception("events cannot be read")

    async def _read_outbox(self) -> None:
        while True:
            rows = await asyncio.to_thread(self._events_since, self._hub.last_event)
            for row in rows:
                self._tell(row)
            if len(rows) < MOST_AT_ONCE:
                return

    def _events_since(self, number: int) -> list[Shown]:
        return events_since(self._database, self._site.id, number, MOST_AT_ONCE)

    def _tell(self, event: Shown) -> None:
        self._hub.event(event.kind, event.number, event.change, event.body)

    def _say(self, what: str, topic: str, error: Exception) -> None:
        """Once a second at most: a flood of garbage must not become a flood of log."""
        metrics.loop_errors.labels("api feed").inc()
        if time.monotonic() - self._said_at >= 1:
            self._said_at = time.monotonic()
            log.warning(what, topic=topic, error=str(error)[:300])


def events_since(database: Database, site: str, number: int, limit: int) -> list[Shown]:
    """Events after `number` from the outbox, oldest first; blocking."""
    with database.read() as connection:
        rows = outbox.events_since(connection, site, number, limit)
    return [shown_event(row.kind, row.id, row.change, row.document) for row in rows if row.kind in KINDS]
