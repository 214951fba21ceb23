"""The committed stream: a consumer gets every frame once, in order a lane, and says when it is durable.

The consumer stores its positions in one transaction with what it did with the frames, then calls `commit`.
Gateways keep frames until then, and send again what is missing (docs/decisions/0001-end-to-end-commit.md).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import msgspec
import structlog

from backbone import metrics, topics
from backbone.bus import Bus
from backbone.frames import Frame, FrameError, decode
from community.site.profile import Lane

MAX_BUFFERED_BYTES = 64_000_000
RESEND_EVERY_MS = 1_000
POISON_TRIES = 3
SAMPLE_BYTES = 512
log = structlog.get_logger()


class Position(NamedTuple):
    """How far a consumer is with a gateway: all frames of `epoch` up to these numbers."""

    epoch: int = 0
    urgent: int = 0
    bulk: int = 0

    def of(self, lane: Lane) -> int:
        """The number reached in a lane."""
        return self.urgent if lane is Lane.URGENT else self.bulk

    def moved(self, lane: Lane, seq: int) -> "Position":
        """This position with a lane at `seq`."""
        return self._replace(urgent=seq) if lane is Lane.URGENT else self._replace(bulk=seq)


class Verdict(StrEnum):
    """What a frame is to a consumer at a position."""

    ACCEPT = "accepted"
    DUPLICATE = "duplicate"
    GAP = "gap"


def decide(position: Position, lane: Lane, epoch: int, seq: int, previous: int) -> tuple[Verdict, Position]:
    """Whether a frame is the next one, and the position if it is taken.

    A higher epoch is a new numbering: both lanes start over.
    """
    if epoch < position.epoch:
        return Verdict.DUPLICATE, position
    if epoch > position.epoch:
        position = Position(epoch)
    if seq <= position.of(lane):
        return Verdict.DUPLICATE, position
    if previous > position.of(lane):
        return Verdict.GAP, position
    return Verdict.ACCEPT, position.moved(lane, seq)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A frame in its turn."""

    gateway: str
    lane: Lane
    frame: Frame
    received: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A payload that was no frame of ours."""

    source: str
    reason: str
    sample: bytes
    at: int


@dataclass(slots=True)
class _LaneState:
    queue: deque[tuple[Delivery, int, Position]] = field(default_factory=deque)
    asked_at: int = -RESEND_EVERY_MS
    poisoned: int = 0


class Stream:
    """The frames of a site's gateways for one consumer.

    `positions` are those of everything `batch` has given out; a gateway the consumer never heard of starts at zero.
    Memory is bounded: at `max_buffered_bytes` the socket is not read until the consumer has caught up.
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
    ) -> None:
        self._bus = bus
        self._site = site
        self._consumer = consumer
        self._now = now
        self._refuse = refuse
        self._limit = max_buffered_bytes
        self._read = {gateway: positions.get(gateway, Position()) for gateway in gateways}
        self._given = dict(self._read)
        self._durable = dict(self._read)
        self._lanes = {(gateway, lane): _LaneState() for gateway in self._read for lane in Lane}
        self._buffered_bytes = 0
        self._buffered_readings = 0
        self._urgent_waiting = 0
        self._reading = True
        self._arrived = asyncio.Event()

    def start(self) -> None:
        """Subscribe, and tell the gateways the positions now and after every reconnect."""
        self._bus.subscribe(topics.all_frames(self._site), self._on_frame)
        self._bus.on_connect(self._on_connect)

    @property
    def positions(self) -> Mapping[str, Position]:
        """Positions of everything given out by `batch`: what to store beside it."""
        return dict(self._given)

    @property
    def buffered_readings(self) -> int:
        """Readings that wait here."""
        return self._buffered_readings

    def commit(self, positions: Mapping[str, Position]) -> None:
        """Tell the gateways what is durable now."""
        for gateway, position in positions.items():
            if self._durable.get(gateway) != position:
                self._durable[gateway] = position
                self._publish(gateway)

    async def batch(self, *, max_readings: int, max_wait_s: float) -> list[Delivery]:
        """Frames in turn, urgent ones first; maybe none after `max_wait_s`.

        Returns at once when an urgent frame waits; bulk may linger up to `max_wait_s` for a fuller batch.
        """
        if not self._urgent_waiting and self._buffered_readings < max_readings:
            try:
                async with asyncio.timeout(max_wait_s):
                    while not self._urgent_waiting and self._buffered_readings < max_readings:
                        self._arrived.clear()
                        await self._arrived.wait()
            except TimeoutError:
                pass
        taken = self._take(max_readings)
        if not self._reading and self._buffered_bytes < self._limit // 2:
            self._reading = True
            self._bus.resume_reading()
        return taken

    def _take(self, max_readings: int) -> list[Delivery]:
        taken: list[Delivery] = []
        readings = 0
        for lane in (Lane.URGENT, Lane.BULK):
            for gateway in self._read:
                queue = self._lanes[gateway, lane].queue
                while queue and (readings < max_readings or not taken):
                    delivery, size, position = queue.popleft()
                    taken.append(delivery)
                    readings += delivery.frame.t.size
                    self._buffered_bytes -= size
                    self._urgent_waiting -= lane is Lane.URGENT
                    given = self._given[gateway]
                    given = given if given.epoch >= position.epoch else Position(position.epoch)
                    self._given[gateway] = given.moved(lane, position.of(lane))
        self._buffered_readings -= readings
        return taken

    def _on_connect(self) -> None:
        for gateway in self._read:
            self._publish(gateway)

    def _publish(self, gateway: str, resend: Mapping[str, int] | None = None) -> None:
        position = self._durable[gateway]
        body: dict[str, object] = {"epoch": position.epoch, "urgent": position.urgent, "bulk": position.bulk}
        if resend:
            body["resend"] = resend
        self._bus.publish(
            topics.committed(self._site, gateway, self._consumer), msgspec.json.encode(body), retain=resend is None
        )

    def _on_frame(self, topic: str, payload: bytes) -> None:
        source = topics.parse_frames(topic)
        if source is None or source.gateway not in self._read:
            self._refused(topic, "a gateway the site file does not name", payload)
            return
        state = self._lanes[source.gateway, source.lane]
        try:
            frame = decode(payload)
        except FrameError as error:
            self._refused(topic, str(error), payload)
            state.poisoned += 1
            return
        position = self._read[source.gateway]
        verdict, moved = decide(position, source.lane, frame.epoch, frame.seq, frame.previous)
        if verdict is Verdict.GAP and state.poisoned >= POISON_TRIES:
            # What lies between was refused each time it came: step over it, or nothing after it would ever arrive.
            log.error("stepped over frames that cannot be read", gateway=source.gateway, lane=source.lane, after=moved)
            verdict, moved = Verdict.ACCEPT, moved.moved(source.lane, frame.seq)
        metrics.frames.labels(self._consumer, verdict.value).inc()
        if verdict is Verdict.GAP:
            self._ask_again(source.gateway, source.lane, state, moved)
        elif verdict is Verdict.ACCEPT:
            state.poisoned = 0
            self._read[source.gateway] = moved
            self._queue(Delivery(source.gateway, source.lane, frame, self._now()), len(payload), moved, state)

    def _queue(self, delivery: Delivery, size: int, position: Position, state: _LaneState) -> None:
        state.queue.append((delivery, size, position))
        self._buffered_bytes += size
        self._buffered_readings += delivery.frame.t.size
        self._urgent_waiting += delivery.lane is Lane.URGENT
        self._arrived.set()
        if self._reading and self._buffered_bytes > self._limit:
            self._reading = False
            self._bus.pause_reading()

    def _ask_again(self, gateway: str, lane: Lane, state: _LaneState, position: Position) -> None:
        now = self._now()
        if abs(now - state.asked_at) < RESEND_EVERY_MS:
            return
        state.asked_at = now
        self._publish(gateway, {lane.value: position.of(lane) + 1})

    def _refused(self, source: str, reason: str, payload: bytes) -> None:
        metrics.frames.labels(self._consumer, "refused").inc()
        self._refuse(Refusal(source, reason, payload[:SAMPLE_BYTES], self._now()))
