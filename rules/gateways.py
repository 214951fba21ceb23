"""Gateways that go and come back, and what troubles them: their status becomes an event people see."""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec
import structlog
from sqlalchemy import Connection

from backbone import topics
from backbone.bus import Bus
from backbone.database.outbox import append
from community.site.site import Site
from rules.writer import Writer

log = structlog.get_logger()


class _Status(msgspec.Struct):
    online: bool
    problem: str | None = None


_decoder = msgspec.json.Decoder(_Status)


class GatewayWatch:
    """Compares each status with the one before; the first one only counts when it says offline."""

    def __init__(self, bus: Bus, site: Site, writer: Writer, now: Callable[[], int]) -> None:
        self._bus = bus
        self._site = site
        self._writer = writer
        self._now = now
        self._online: dict[str, bool] = {}
        self._problem: dict[str, str | None] = {}
        self._changes: asyncio.Queue[tuple[str, str, _Status, int]] = asyncio.Queue()

    def start(self) -> None:
        """Subscribe."""
        self._bus.subscribe(topics.status(self._site.id, "+"), self._on_status)

    async def run(self) -> None:
        """Record changes until cancelled."""
        while True:
            gateway, change, status, at = await self._changes.get()
            await self._writer.do(partial(self._record, gateway, change, status, at))
            log.info("gateway", gateway=gateway, change=change, problem=status.problem)

    def _record(self, gateway: str, change: str, status: _Status, at: int, c: Connection) -> None:
        document = {"id": gateway, "gateway": gateway, "online": status.online, "problem": status.problem}
        append(c, "rules", self._site.id, "gateway", change, gateway, document, at)

    def _on_status(self, topic: str, payload: bytes) -> None:
        gateway = topics.gateway_of(topic)
        if gateway not in self._site.gateways:
            return
        try:
            status = _decoder.decode(payload)
        except msgspec.MsgspecError:
            log.warning("not a status", topic=topic)
            return
        before = self._online.get(gateway, True)
        self._online[gateway] = status.online
        if status.online != before:
            self._tell(gateway, "online" if status.online else "offline", status)
        if status.online and status.problem != self._problem.get(gateway):
            self._problem[gateway] = status.problem
            self._tell(gateway, "troubled" if status.problem else "recovered", status)

    def _tell(self, gateway: str, change: str, status: _Status) -> None:
        self._changes.put_nowait((gateway, change, status, self._now()))
