"""Gateways that go and come back: their status becomes an event people see at once, and an alarm when it lasts."""

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
from rules.respond.responder import Responder
from rules.writer import Writer

log = structlog.get_logger()


class _Status(msgspec.Struct):
    online: bool


_decoder = msgspec.json.Decoder(_Status)


class GatewayWatch:
    """Compares each status with the one before; of the first, only an offline one is news.

    The first one counts for the alarm in either case: the gateway may have come back while nobody listened.
    """

    def __init__(
        self,
        bus: Bus,
        site: Site,
        writer: Writer,
        responder: Responder,
        relay: Relay,
        now: Callable[[], int],
        change_after_s: float,
    ) -> None:
        self._bus = bus
        self._site = site
        self._writer = writer
        self._relay = relay
        self._responder = responder
        self._now = now
        self._change_after_ms = round(change_after_s * 1000)
        self._online: dict[str, bool] = {}
        self._changes: asyncio.Queue[tuple[str, bool, int]] = asyncio.Queue()
        self._recorded: dict[str, bool] = {}
        self._unsettled: dict[str, tuple[bool, int]] = {}
        """Status and since when, of gateways whose alarm is not yet judged by it."""

    def start(self) -> None:
        """Subscribe."""
        self._bus.subscribe(topics.status(self._site.id, "+"), self._on_status)

    async def run(self) -> None:
        """Record changes until cancelled."""
        while True:
            status = await self._next_status()
            if status is not None:
                await self._take(*status)
            for gateway, (online, since) in list(self._unsettled.items()):
                if self._now() - since >= self._change_after_ms:
                    await self._writer.do(partial(self._judge, gateway, online, since))
                    del self._unsettled[gateway]
                    self._relay.wake()

    async def _next_status(self) -> tuple[str, bool, int] | None:
        """The next change; None when a status has stood long enough before one comes."""
        due = min((since for _, since in self._unsettled.values()), default=None)
        wait_s = None if due is None else max(due + self._change_after_ms - self._now(), 0) / 1000
        try:
            return await asyncio.wait_for(self._changes.get(), wait_s)
        except TimeoutError:
            return None

    async def _take(self, gateway: str, online: bool, at: int) -> None:
        before = self._recorded.get(gateway, True)
        self._recorded[gateway] = online
        self._unsettled[gateway] = (online, at)
        if online != before:
            change = "online" if online else "offline"
            await self._writer.do(partial(self._record, gateway, online, change, at))
            log.info("gateway", gateway=gateway, change=change)
            self._relay.wake()

    def _judge(self, gateway: str, online: bool, since: int, c: Connection) -> None:
        self._responder.gateway(c, gateway, online, since, self._now())

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
        before = self._online.get(gateway)
        self._online[gateway] = online
        if online != before:
            self._changes.put_nowait((gateway, online, self._now()))
