"""Gateways that go and come back, and what troubles them: an event people see at once, and an alarm when it lasts.

An interlock's output that does not obey is an alarm at once.
"""

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
from rules.respond.responder import Responder
from rules.writer import Writer

log = structlog.get_logger()


class _Interlock(msgspec.Struct):
    outputs: dict[str, str] = {}


class _Status(msgspec.Struct):
    online: bool
    problem: str | None = None
    interlocks: dict[str, _Interlock] = {}

    @property
    def outputs(self) -> dict[str, str]:
        """By point: `set`, `setting`, or why it does not obey; of all tripped interlocks."""
        return {point: state for row in self.interlocks.values() for point, state in row.outputs.items()}


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
        now: Callable[[], int],
        change_after_s: float,
    ) -> None:
        self._bus = bus
        self._site = site
        self._writer = writer
        self._responder = responder
        self._now = now
        self._change_after_ms = round(change_after_s * 1000)
        self._heard: dict[str, _Status] = {}
        self._changes: asyncio.Queue[tuple[str, _Status, int]] = asyncio.Queue()
        self._recorded: dict[str, _Status] = {}
        self._unsettled: dict[str, tuple[bool, int]] = {}
        """Status and since when, of gateways whose alarm is not yet judged by it."""

    def use(self, site: Site) -> None:
        """The site file changed."""
        self._site = site

    def clock_set(self, by: int) -> None:
        """The clock shows so many ms more."""
        self._unsettled = {gateway: (online, since + by) for gateway, (online, since) in self._unsettled.items()}

    def start(self) -> None:
        """Subscribe."""
        self._bus.subscribe(topics.status(self._site.id, "+"), self._on_status)

    async def run(self) -> None:
        """Record changes until cancelled."""
        while True:
            change = await self._next_change()
            if change is not None:
                await self._take(*change)
            for gateway, (online, since) in list(self._unsettled.items()):
                if self._now() - since >= self._change_after_ms:
                    await self._writer.do(partial(self._judge, gateway, online, since))
                    del self._unsettled[gateway]

    async def _next_change(self) -> tuple[str, _Status, int] | None:
        """The next change; None when a status has stood long enough before one comes."""
        due = min((since for _, since in self._unsettled.values()), default=None)
        wait_s = None if due is None else max(due + self._change_after_ms - self._now(), 0) / 1000
        try:
            async with asyncio.timeout(wait_s):
                return await self._changes.get()
        except TimeoutError:
            return None

    async def _take(self, gateway: str, status: _Status, at: int) -> None:
        before = self._recorded.get(gateway)
        self._recorded[gateway] = status
        if before is None or status.online != before.online:
            self._unsettled[gateway] = (status.online, at)
        # the will says nothing of outputs: what did not obey before still does not
        if status.online and (before is None or not before.online or status.outputs != before.outputs):
            await self._writer.do(partial(self._judge_outputs, gateway, status.outputs, at))
        for change in _changes(before or _Status(online=True), status):
            await self._writer.do(partial(self._record, gateway, change, status, at))
            log.info("gateway", gateway=gateway, change=change, problem=status.problem)

    def _judge(self, gateway: str, online: bool, since: int, c: Connection) -> None:
        self._responder.gateway(c, gateway, online, since, self._now())

    def _judge_outputs(self, gateway: str, outputs: dict[str, str], at: int, c: Connection) -> None:
        self._responder.interlock_outputs(c, gateway, outputs, at)

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
        if status != self._heard.get(gateway):
            self._heard[gateway] = status
            self._changes.put_nowait((gateway, status, self._now()))


def _changes(before: _Status, status: _Status) -> list[str]:
    changes = []
    if status.online != before.online:
        changes.append("online" if status.online else "offline")
    if status.online and status.problem != before.problem:
        changes.append("troubled" if status.problem else "recovered")
    return changes
