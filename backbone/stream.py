"""The committed stream: a consumer gets every frame once, in order a lane, and says when it is durable.

The consumer stores its positions in one transaction with what it did with the frames, then calls `commit`.
Gateways keep frames until then, and send again what is missing (docs/decisions/0001-end-to-end-commit.md).
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
import numpy as np
import structlog
from msgspec.structs import replace

from backbone import metrics, topics
from backbone.bus import Bus
from backbone.deliveries import Deliveries, Delivery
from backbone.frames import Frame, FrameError, decode
from backbone.gap import SAMPLE_BYTES, Gap
from backbone.position import Position, Verdict, decide
from backbone.unset_clock import SET_SINCE_MS, dated
from backbone.ways import Ways
from community.quality import Quality
from community.site.profile import Lane

MAX_BUFFERED_BYTES = 64_000_000
TOLD_AGAIN_S = 1.2
"""After so long gateways listen to the same position again (`GREETING_MS` in gateway/flow.py)."""
UNKNOWN_GATEWAY = "a gateway the site file does not name"
"""Why its frames are refused; it sends them again until the site file names it."""
SAY_AGAIN_MS = 5_000
"""A gateway that sends what is durable has missed the commit; it is told again at most this often."""
MANY_READINGS = 20_000
"""So many are worth a batch at once: while it is worked on, the next ones arrive, and no window stands full."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A payload that was no frame of ours."""

    source: str
    reason: str
    sample: bytes
    at: int


class Stream:
    """The frames of a site's gateways for one consumer.

    `positions` are those of everything `batch` has given out; a gateway the consumer never heard of starts at zero.
    Memory is bounded: at `max_buffered_bytes` the socket is not read until the consumer has caught up.

    With a `bulk_bus` bulk frames come by a connection of their own, which is not read from half of that on: urgent
    ones wait behind none of them, neither at the broker nor in a socket. By `ways` urgent frames come as well, and how
    far they are durable is said.
    """

    def __init__(
        self,
        bus: Bus,
        site: str,
        gateways: Iterable[str],
        consumer: str,
        positions: Mapping[str, Position],
        *,
        now: Callable[[], int],
        refuse: Callable[[Refusal], None],
        max_buffered_bytes: int = MAX_BUFFERED_BYTES,
        bulk_bus: Bus | None = None,
        ways: Ways | None = None,
    ) -> None:
        self._bus = bus
        self._ways = ways or Ways()
        self._bulk_bus = bulk_bus or bus
        self._limits = {self._bulk_bus: max_buffered_bytes // 2} if bulk_bus is not None else {}
        self._limits[bus] = max_buffered_bytes
        self._not_read: set[Bus] = set()
        self._site = site
        self._consumer = consumer
        self._now = now
        self._refuse = refuse
        self._read = {gateway: positions.get(gateway, Position()) for gateway in gateways}
        self._given = dict(self._read)
        self._durable = dict(self._read)
        self._deliveries = Deliveries(self._read)
        self._gaps: dict[tuple[str, Lane], Gap] = {}
        self._unsaid: set[str] = set()
        self._said_at: dict[str, int] = {}
        self._counted = {verdict: metrics.frames.labels(consumer, verdict.value) for verdict in Verdict}
        self._arrived = asyncio.Event()

    def start(self) -> None:
        """Subscribe, and tell the gateways the positions now and after every reconnect."""
        urgent, bulk = (topics.all_frames(self._site, lane) for lane in (Lane.URGENT, Lane.BULK))
        self._bus.subscribe(urgent, self._on_frame)
        self._ways.subscribe(urgent, self._on_news)
        self._bulk_bus.subscribe(bulk, self._on_frame)
        self._bus.on_connect(self._on_connect)
        if self._bulk_bus is not self._bus:
            self._bulk_bus.on_connect(self._on_bulk_connect)

    def admit(self, gateways: Iterable[str], positions: Mapping[str, Position]) -> None:
        """Listen to these gateways too, from these positions on; those that are heard already go on."""
        for gateway in gateways:
            if gateway in self._read:
                continue
            self._read[gateway] = self._given[gateway] = self._durable[gateway] = positions.get(gateway, Position())
            self._deliveries.admit(gateway)
            self._publish(gateway)

    @property
    def positions(self) -> Mapping[str, Position]:
        """Positions of everything given out by `batch`: what to store beside it."""
        return dict(self._given)

    @property
    def waiting(self) -> set[tuple[str, Lane]]:
        """Lanes of which something is here, or asked for, that `batch` has not given out."""
        return self._deliveries.sources | self._gaps.keys()

    @property
    def listening(self) -> bool:
        """Whether frames of both lanes can come."""
        return self._bus.connected and self._bulk_bus.connected

    @property
    def held_back(self) -> bool:
        """Whether so much waits here that a socket is not read."""
        return bool(self._not_read)

    @property
    def buffered_readings(self) -> int:
        """Readings that wait here."""
        return self._deliveries.readings

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """No bulk frames are read inside: what is done there has the processor to itself."""
        if self._bulk_bus is self._bus:
            yield
            return
        self._bulk_bus.pause_reading()
        try:
            yield
        finally:
            if self._bulk_bus not in self._not_read:
                self._bulk_bus.resume_reading()

    def commit(self, positions: Mapping[str, Position]) -> None:
        """Tell the gateways what is durable now."""
        for gateway, position in positions.items():
            before = self._durable.get(gateway)
            if before == position:
                continue
            self._durable[gateway] = position
            self._publish(gateway)
            if before is None or before[:2] != position[:2]:
                self._ways.publish(topics.committed(self._site, gateway, self._consumer), self._said(position))

    async def batch(self, *, max_readings: int, max_wait_s: float, hurry: bool = True) -> list[Delivery]:
        """Frames in turn, urgent ones first; maybe none after `max_wait_s`.

        Returns at once when an urgent frame waits, or many readings; a few may linger up to `max_wait_s` for a fuller
        batch. Without `hurry` urgent frames linger too: for a consumer whose commit costs more than its reader gains.
        """
        if not self._enough(max_readings, hurry):
            try:
                async with asyncio.timeout(max_wait_s):
                    while not self._enough(max_readings, hurry):
                        self._arrived.clear()
                        await self._arrived.wait()
            except TimeoutError:
                pass
        for gateway in tuple(self._unsaid):
            self._publish(gateway)
        return self.take(max_readings)

    def take(self, max_readings: int) -> list[Delivery]:
        """What is here now, in turn; no more when that many readings are reached."""
        taken = self._deliveries.take(max_readings)
        for delivery, position in taken:
            self._give(delivery.gateway, delivery.lane, position)
        self._read_on()
        return [delivery for delivery, _ in taken]

    def _enough(self, max_readings: int, hurry: bool) -> bool:
        full = self._deliveries.readings >= min(max_readings, MANY_READINGS) or self.held_back
        return full or (hurry and self._deliveries.urgent > 0)

    def _read_on(self) -> None:
        for bus in tuple(self._not_read):
            if self._deliveries.bytes < self._limits[bus] // 2:
                self._not_read.discard(bus)
                bus.resume_reading()

    def _give(self, gateway: str, lane: Lane, position: Position) -> None:
        given = self._given[gateway]
        if position.epoch > given.epoch:
            given = Position(position.epoch)
        # A bulk frame of the old numbering may be given out after an urgent one of the new: it moves nothing there.
        if position.epoch == given.epoch:
            self._given[gateway] = given.moved(lane, position.of(lane))

    def _on_connect(self) -> None:
        for gateway in self._read:
            self._publish(gateway)

    def _on_bulk_connect(self) -> None:
        """Said by that connection, behind its subscription; again, since gateways do not listen to it twice at once."""
        self._tell_all(self._bulk_bus)
        asyncio.get_running_loop().call_later(TOLD_AGAIN_S, self._tell_all, self._bulk_bus)

    def _tell_all(self, bus: Bus) -> None:
        for gateway, position in self._durable.items():
            bus.publish(topics.committed(self._site, gateway, self._consumer), self._said(position))

    def _said(self, position: Position, resend: Mapping[str, int] | None = None) -> bytes:
        body: dict[str, object] = {**position._asdict(), "at": self._now()}
        return msgspec.json.encode(body | {"resend": resend} if resend else body)

    def _publish(self, gateway: str, resend: Mapping[str, int] | None = None) -> None:
        topic = topics.committed(self._site, gateway, self._consumer)
        said = self._bus.publish(topic, self._said(self._durable[gateway], resend), retain=resend is None)
        if resend is None:
            self._said_at[gateway] = self._now()
            # While there is no broker nothing is owed: `_on_connect` tells it all.
            (self._unsaid.discard if said or not self._bus.connected else self._unsaid.add)(gateway)

    def _on_news(self, topic: str, payload: bytes) -> None:
        """By one of the ways, which are not held back: when there is no room, it is left to the connection that is."""
        if self._bus not in self._not_read:
            self._on_frame(topic, payload)

    def _on_frame(self, topic: str, payload: bytes) -> None:
        source = topics.parse_frames(topic)
        if source is None or source.gateway not in self._read:
            self._refused(topic, UNKNOWN_GATEWAY, payload)
            return
        lane = source.gateway, source.lane
        try:
            frame = decode(payload)
        except FrameError as error:
            self._refused(topic, str(error), payload)
            if lane in self._gaps:
                self._gaps[lane].answered_badly(payload)
            return
        frame = _with_times_set(frame, self._now())
        verdict, moved = decide(self._read[source.gateway], source.lane, frame.epoch, frame.seq, frame.previous)
        if verdict is Verdict.GAP and self._missing(source, frame, moved):
            self._step_over(topic, source, self._gaps[lane], moved.of(source.lane) + 1, frame.previous)
            verdict, moved = Verdict.ACCEPT, moved.moved(source.lane, frame.seq)
        self._counted[verdict].inc()
        if verdict is Verdict.ACCEPT:
            self._gaps.pop(lane, None)
            self._read[source.gateway] = moved
            self._queue(Delivery(source.gateway, source.lane, frame, self._now()), moved)
        elif verdict is Verdict.DUPLICATE:
            self._remind(source.gateway, source.lane, frame)

    def _queue(self, delivery: Delivery, position: Position) -> None:
        self._deliveries.put(delivery, position)
        self._arrived.set()
        for bus, limit in self._limits.items():
            if self._deliveries.bytes > limit and bus not in self._not_read:
                self._not_read.add(bus)
                bus.pause_reading()

    def _missing(self, source: topics.FrameTopic, frame: Frame, position: Position) -> bool:
        """Ask for what lies between `position` and the frame; True when it is known to be unreadable."""
        gap, now = self._gaps.get((source.gateway, source.lane)), self._now()
        if gap is None or gap.epoch != frame.epoch:
            gap = self._gaps[source.gateway, source.lane] = Gap(frame.epoch, frame.previous, now)
            log.info("frames are missing", gateway=source.gateway, lane=source.lane, after=position.of(source.lane))
            ask = True
        else:
            gap.lowest = min(gap.lowest, frame.previous)
            ask = gap.again(now)
        if gap.is_poison(position.of(source.lane), frame.previous):
            return True
        if ask:
            self._publish(source.gateway, {source.lane.value: position.of(source.lane) + 1})
        return False

    def _step_over(self, topic: str, source: topics.FrameTopic, gap: Gap, first: int, last: int) -> None:
        """What lies between was refused each time it came; waiting for it, nothing after it would ever arrive."""
        log.error(
            "stepped over frames that cannot be read", gateway=source.gateway, lane=source.lane, first=first, last=last
        )
        self._refused(topic, "lost: refused each time it came, stepped over", gap.sample)

    def _remind(self, gateway: str, lane: Lane, frame: Frame) -> None:
        durable = self._durable[gateway]
        if (frame.epoch, frame.seq) > (durable.epoch, durable.of(lane)):
            return
        if not 0 <= self._now() - self._said_at.get(gateway, -SAY_AGAIN_MS) < SAY_AGAIN_MS:
            self._publish(gateway)

    def _refused(self, source: str, reason: str, payload: bytes) -> None:
        metrics.frames.labels(self._consumer, "refused").inc()
        self._refuse(Refusal(source, reason, payload[:SAMPLE_BYTES], self._now()))


def _with_times_set(frame: Frame, now: int) -> Frame:
    """A frame sent by a clock that is not set: its times are so long before `now` as they are before it was sent."""
    if frame.sent >= SET_SINCE_MS:
        return frame
    q = frame.q | np.where(frame.t < SET_SINCE_MS, int(Quality.CLOCK_SUSPECT), 0).astype(np.uint8)
    return replace(dated(frame, now - frame.sent), q=q)
