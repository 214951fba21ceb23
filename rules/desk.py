"""The desk where commands leave and replies come in, and the clock of open plans.

A command is durable before it is sent. It is sent again until it is answered or has expired: gateways carry each id out
once, so a repeat has no effect, and a restart of any process on the way loses nothing.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import msgspec
import structlog
from sqlalchemy import Connection

from backbone import metrics, topics
from backbone.bus import Bus
from backbone.ways import Ways
from community.clock_set import moved_command
from community.commands import Reply
from community.site.site import Site
from rules.respond.orders import Order
from rules.respond.responder import Responder
from rules.writer import Writer

LOOK_EVERY_S = 1.0
FIRST_REPEAT_MS = 1_000
LONGEST_REPEAT_MS = 15_000
MOST_REPLIES, FEW_REPLIES = 10_000, 100
log = structlog.get_logger()
_replies = msgspec.json.Decoder(Reply)


@dataclass(slots=True)
class _Sent:
    order: Order
    next_at: int
    repeat_ms: int = FIRST_REPEAT_MS


class Desk:
    """Commands of open plans, their replies and their deadlines."""

    def __init__(
        self, bus: Bus, ways: Ways, site: Site, writer: Writer, responder: Responder, now: Callable[[], int]
    ) -> None:
        self._bus = bus
        self._ways = ways
        self._site = site
        self._writer = writer
        self._responder = responder
        self._now = now
        self._waiting: dict[str, _Sent] = {}
        self._replies: dict[tuple[str, str], Reply] = {}
        self._taken: deque[tuple[str, str]] = deque(maxlen=FEW_REPLIES)
        """The last ones: they come by several ways, and each would be a transaction."""
        self._wake = asyncio.Event()

    def start(self) -> None:
        """Subscribe to replies, and to what people do with plans."""
        for wire in (self._bus, self._ways):
            wire.subscribe(topics.reply(self._site.id, "+", "+"), self._on_reply)
        for kind in ("plan", "suppression"):
            self._bus.subscribe(topics.event(self._site.id, kind), lambda _topic, _payload: self._wake.set())
        self._bus.on_connect(self._repeat_all)

    def send(self, orders: Iterable[Order]) -> None:
        """Send commands that are durable now."""
        for order in orders:
            sent = self._waiting.setdefault(order.id, _Sent(order, 0))
            self._publish(sent)

    def clock_set(self, by: int) -> None:
        """The clock shows so many ms more: what waits for its answer expires, and is sent again, as it would have."""
        for sent in self._waiting.values():
            sent.order = sent.order._replace(command=moved_command(sent.order.command, by))
            sent.next_at += by

    async def run(self) -> None:
        """Look after open plans until cancelled."""
        self.send(await self._writer.do(lambda c: self._responder.pending(c, self._now())))
        while True:
            self._wake.clear()
            await self._take_replies()
            given = await self._writer.do(self._look)
            self.send(order for order in given if order.id not in self._waiting)
            self._repeat_due()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()

    def _look(self, c: Connection) -> list[Order]:
        """Look after the plans; then all that waits for an answer, what people commanded included."""
        self._responder.look_after(c, self._now())  # what it orders is pending from here on
        return self._responder.pending(c, self._now())

    async def _take_replies(self) -> None:
        while self._replies:
            (gateway, identifier), reply = next(iter(self._replies.items()))
            first = await self._writer.do(partial(self._answered, identifier, gateway, reply))
            del self._replies[gateway, identifier]
            self._taken.append((gateway, identifier))
            if first:
                self._waiting.pop(identifier, None)

    def _answered(self, identifier: str, gateway: str, reply: Reply, c: Connection) -> bool:
        return self._responder.answered(c, identifier, gateway, reply, self._now())

    def _on_reply(self, topic: str, payload: bytes) -> None:
        try:
            reply = _replies.decode(payload)
        except msgspec.MsgspecError as error:
            metrics.loop_errors.labels("rules replies").inc()
            log.warning("not a reply", topic=topic, error=str(error))
            return
        key = topics.gateway_of(topic), topics.last_level(topic)
        if len(self._replies) < MOST_REPLIES and key not in self._taken:
            self._replies[key] = reply
            self._wake.set()

    def _repeat_all(self) -> None:
        for sent in self._waiting.values():
            sent.next_at, sent.repeat_ms = 0, FIRST_REPEAT_MS
        self._repeat_due()

    def _repeat_due(self) -> None:
        now = self._now()
        for identifier, sent in list(self._waiting.items()):
            if now >= sent.order.command.expires:
                del self._waiting[identifier]
            elif now >= sent.next_at:
                self._publish(sent)

    def _publish(self, sent: _Sent) -> None:
        order, now = sent.order, self._now()
        topic = topics.command(self._site.id, order.gateway, order.id)
        body = msgspec.json.encode(order.command)
        self._ways.publish(topic, body)
        self._bus.publish(topic, body)
        sent.next_at = now + sent.repeat_ms
        sent.repeat_ms = min(sent.repeat_ms * 2, LONGEST_REPEAT_MS)
