"""Gateways that go and come back: their status becomes an event people see."""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec
import structlog
from sqlalchemy import Connection

from backbone import topics
from backbone.bus import Bus
from backbone.database.outbox import Relay, append
from community.site.site import Site
from rules.writer import Writer

log = structlog.get_logger()


class _Status(msgspec.Struct):
    online: bool


_decoder = msgspec.json.Decoder(_Status)


class GatewayWatch:
    """Compares each status with the one before; the first one only counts when it says offline."""

    def __init__(self, bus: Bus, site: Site, writer: Writer, relay: Relay, now: Callable[[], int]) -> None:
        self._bus = bus
        self._site = site
        self._writer = writer
        self._relay = relay
        self._now = now
        self._online: dict[str, bool] = {}
        self._changes: asyncio.Queue[tuple[str, bool, int]] = asyncio.Queue()

    def use(self, site: Site) -> None:
        """The site file changed."""
        self._site = site

    def start(self) -> None:
        """Subscribe."""
        self._bus.subscribe(topics.status(self._site.id, "+"), self._on_status)

    async def run(self) -> None:
        """Record changes until cancelled."""
        while True:
            gateway, online, at = await self._changes.get()
            change = "online" if online else "offline"
            await self._writer.do(partial(self._record, gateway, online, change, at))
            log.info("gateway", gateway=gateway, change=change)
            self._relay.wake()

    def _record(self, gateway: str, online: bool, change: str, at: int, c: Connection) -> None:
        document = {"id": gateway, "gateway": gateway, "online": online}
        append(c, "rules", self._site.id, "gateway", change, gateway, document, at)

    def _on_status(self, topic: str, payload: bytes) -> None:
        gateway = topics.gateway_of(topic)
        if gateway not in self._site.gateways:
            return
        try:
            online = _decoder.decode(payload).online
        except msgspec.MsgspecError:
            log.warning("not a status", topic=topic)
            return
        before = self._online.get(gateway, True)
        self._online[gateway] = online
        if online != before:
            self._changes.put_nowait((gateway, online, self._now()))
