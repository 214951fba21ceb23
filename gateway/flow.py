"""Which frame of a lane goes next: a live cursor, and one for each consumer that lags behind it.

Brokers keep little for who reads slowly, so the live cursor may be paced by the slowest of the consumers that follow
it. One that holds the others up for longer than its lane allows is left behind: it is sent what it lacks by a cursor of
its own, and when it moves and is near again the live cursor waits for it, lest everything be sent twice from then on.

Pure: it knows numbers and times, no frames. What is asked of it happens in this order: `reset` on (re)connect,
`commit` and `resend` as consumers speak, then `next_from` / `sent` until it has nothing to say.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

PATIENCE_MS = 5_000
LONGEST_PATIENCE_MS = 60_000
GREETING_MS = 1_000
NEAR_WINDOWS = 4
NO_END = 2**62


class Window(NamedTuple):
    """How far a cursor may be ahead of what its consumer has committed; one frame may always be."""

    frames: int
    size: int
    """Bytes."""
    hold_up_ms: int = 0
    """How long a consumer may hold the live cursor up; 0: not at all, the fastest paces it."""
    patience_ms: int = PATIENCE_MS
    """A consumer that has not moved for this long although more was sent is sent it again …"""
    longest_patience_ms: int = LONGEST_PATIENCE_MS
    """… and again after twice as long, up to this."""


class _Sent(NamedTuple):
    seq: int
    size: int


@dataclass(slots=True)
class Cursor:
    """A reader of the spool: everything up to `at` was sent."""

    at: int
    in_flight: deque[_Sent] = field(default_factory=deque)
    """Sent and not committed by the consumer that paces this cursor."""
    size: int = 0
    """Bytes in flight."""

    def committed(self, seq: int) -> None:
        """The pacing consumer has everything up to `seq`."""
        while self.in_flight and self.in_flight[0].seq <= seq:
            self.size -= self.in_flight.popleft().size
        self.at = max(self.at, seq)

    def within(self, window: Window) -> bool:
        """Whether one more may be sent."""
        return len(self.in_flight) < window.frames and (not self.in_flight or self.size < window.size)


@dataclass(slots=True)
class _Consumer:
    committed: int = 0
    cursor: Cursor | None = None
    """Its catch-up cursor, while it lags."""
    waiting_since: int | None = None
    """Since when it owes a commit."""
    patience_ms: int = 0
    asked: int | None = None
    greeted: int = -GREETING_MS
    left_behind: bool = False
    """It stood still for too long; nobody waits for it until it moves."""


class LaneFlow:
    """The sending side of one lane."""

    def __init__(self, committed: Mapping[str, int], window: Window) -> None:
        self._window = window
        self._consumers = {name: _Consumer(seq, patience_ms=window.patience_ms) for name, seq in committed.items()}
        self.live = Cursor(self.fastest)

    @property
    def fastest(self) -> int:
        """How far the consumer that is furthest has committed."""
        return max(consumer.committed for consumer in self._consumers.values())

    @property
    def slowest(self) -> int:
        """Up to here all have committed."""
        return min(consumer.committed for consumer in self._consumers.values())

    def committed_by(self, name: str) -> int:
        """How far a consumer has committed."""
        return self._consumers[name].committed

    def reset(self, now: int) -> None:
        """A new connection: what was in flight counts as lost."""
        self.live = Cursor(self.fastest)
        for consumer in self._consumers.values():
            consumer.waiting_since = None
            consumer.patience_ms = self._window.patience_ms
            consumer.asked = None
            self._catch_up(consumer, consumer.committed, now)

    def restart(self, now: int) -> None:
        """A new numbering: nobody has anything of it."""
        for consumer in self._consumers.values():
            consumer.committed = 0
        self.reset(now)

    def commit(self, name: str, seq: int, now: int) -> None:
        """A consumer has durably done everything up to `seq`; lower than before: it went back, and is believed."""
        consumer = self._consumers[name]
        if seq < consumer.committed:
            consumer.committed = seq
            self._catch_up(consumer, seq, now)
            return
        moved = seq > consumer.committed
        consumer.committed = seq
        if consumer.cursor is not None:
            consumer.cursor.committed(seq)
        self._drop_finished(consumer)
        self.live.committed(self._pace)
        if moved:
            consumer.left_behind = False
            consumer.patience_ms = self._window.patience_ms
            consumer.asked = None
            consumer.waiting_since = now if self._owes(consumer) else None

    def greet(self, name: str, now: int) -> None:
        """A consumer says its unchanged position again: it (re)connected, and what was in flight may be lost."""
        consumer = self._consumers[name]
        if self._owes(consumer) and now - consumer.greeted >= GREETING_MS:
            consumer.greeted = now
            self._catch_up(consumer, consumer.committed, now)

    def resend(self, name: str, first: int, now: int) -> None:
        """A consumer misses `first` and what follows.

        A frame that is on its way already is not sent twice, unless the consumer asks for it again.
        """
        consumer = self._consumers[name]
        wanted = max(first - 1, consumer.committed)
        cursor = consumer.cursor
        on_its_way = cursor is not None and wanted < cursor.at and any(sent.seq == first for sent in cursor.in_flight)
        if (cursor is not None and wanted >= cursor.at) or (on_its_way and consumer.asked != first):
            consumer.asked = first
            return
        consumer.asked = first
        self._catch_up(consumer, wanted, now)

    def check_patience(self, now: int) -> None:
        """Send again to whoever stands still although more was sent; nobody holds the others up for long."""
        for consumer in self._consumers.values():
            if not self._owes(consumer) or consumer.waiting_since is None:
                continue
            if self._holds_up(consumer) and not 0 <= now - consumer.waiting_since < self._window.hold_up_ms:
                consumer.left_behind = True
                if consumer.cursor is None:
                    self._catch_up(consumer, consumer.committed, now)
                    self.live.committed(self._pace)
                continue
            if not 0 <= now - consumer.waiting_since < consumer.patience_ms:
                consumer.patience_ms = min(self._window.longest_patience_ms, consumer.patience_ms * 2)
                self._catch_up(consumer, consumer.committed, now)

    def may_send(self) -> Iterable[Cursor]:
        """Cursors with room in their window, the live one first."""
        if self.has_room(self.live):
            yield self.live
        for consumer in self._consumers.values():
            cursor = consumer.cursor
            if cursor is not None and cursor.within(self._window):
                yield cursor

    def has_room(self, cursor: Cursor) -> bool:
        """Whether the cursor may send one more."""
        if not cursor.within(self._window):
            return False
        if cursor is self.live:
            return not any(self._is_near(consumer) for consumer in self._consumers.values())
        return cursor.at < self.live.at

    def sent(self, cursor: Cursor, seq: int, size: int, now: int) -> None:
        """The frame `seq` of so many bytes was handed to the broker from this cursor."""
        cursor.at = seq
        cursor.in_flight.append(_Sent(seq, size))
        cursor.size += size
        for consumer in self._consumers.values():
            if consumer.waiting_since is None and self._owes(consumer):
                consumer.waiting_since = now
            if consumer.cursor is cursor:
                consumer.waiting_since = now if consumer.waiting_since is None else consumer.waiting_since
                self._drop_finished(consumer)

    def at_rest(self) -> list[tuple[int, int]]:
        """Ranges `(after, upto)` of frames on their way to nobody: each consumer has them or was not sent them."""
        under_way = sorted(
            (c.committed, c.cursor.at if c.cursor is not None else self.live.at) for c in self._consumers.values()
        )
        ranges, after = [], under_way[0][1]
        for committed, sent in under_way[1:]:
            if committed > after:
                ranges.append((after, committed))
            after = max(after, sent)
        return [*ranges, (after, NO_END)]

    @property
    def _pace(self) -> int:
        """What was committed by those who pace the live cursor."""
        if not self._window.hold_up_ms:
            return self.fastest
        return min((c.committed for c in self._consumers.values() if c.cursor is None), default=self.fastest)

    def _is_near(self, consumer: _Consumer) -> bool:
        """Whether it will soon have caught up, if the live cursor waits."""
        if not self._window.hold_up_ms or consumer.cursor is None or consumer.left_behind:
            return False
        return self.live.at - consumer.cursor.at <= NEAR_WINDOWS * self._window.frames

    def _holds_up(self, consumer: _Consumer) -> bool:
        """Whether the live cursor waits for this consumer, and for no faster one."""
        if self._is_near(consumer):
            return True
        waits = consumer.cursor is None and not self.live.within(self._window)
        return waits and consumer.committed == self._pace < self.fastest

    def _catch_up(self, consumer: _Consumer, at: int, now: int) -> None:
        consumer.cursor = Cursor(at) if at < self.live.at else None
        consumer.waiting_since = now if self._owes(consumer) else None

    def _drop_finished(self, consumer: _Consumer) -> None:
        """Once it reaches the live cursor, the live frames continue where it ended."""
        if consumer.cursor is not None and consumer.cursor.at >= self.live.at:
            consumer.cursor = None

    def _owes(self, consumer: _Consumer) -> bool:
        return consumer.committed < self.live.at
