"""Which frame of a lane goes next: a live cursor paced by the fastest consumer, and one for each that lags.

Pure: it knows numbers and times, no frames. What is asked of it happens in this order: `reset` on (re)connect,
`commit` and `resend` as consumers speak, then `next_from` / `sent` until it has nothing to say.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

PATIENCE_MS = 5_000
"""A consumer that has not moved for this long although more was sent is sent it again …"""
LONGEST_PATIENCE_MS = 60_000
"""… and again after twice as long, up to this."""
GREETING_MS = 1_000


class Window(NamedTuple):
    """How far a cursor may be ahead of what its consumer has committed; one frame may always be."""

    frames: int
    size: int
    """Bytes."""


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
    patience_ms: int = PATIENCE_MS
    asked: int | None = None
    greeted: int = -GREETING_MS


class LaneFlow:
    """The sending side of one lane."""

    def __init__(self, committed: Mapping[str, int], window: Window) -> None:
        self._consumers = {name: _Consumer(seq) for name, seq in committed.items()}
        self._window = window
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
            consumer.patience_ms = PATIENCE_MS
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
        self.live.committed(self.fastest)
        self._drop_finished(consumer)
        if moved:
            consumer.patience_ms = PATIENCE_MS
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
        """Send again to whoever stands still although more was sent."""
        for consumer in self._consumers.values():
            if not self._owes(consumer) or consumer.waiting_since is None:
                continue
            if not 0 <= now - consumer.waiting_since < consumer.patience_ms:
                consumer.patience_ms = min(LONGEST_PATIENCE_MS, consumer.patience_ms * 2)
                self._catch_up(consumer, consumer.committed, now)

    def may_send(self) -> Iterable[Cursor]:
        """Cursors with room in their window, the live one first."""
        if self.live.within(self._window):
            yield self.live
        for consumer in self._consumers.values():
            cursor = consumer.cursor
            if cursor is not None and cursor.within(self._window):
                yield cursor

    def has_room(self, cursor: Cursor) -> bool:
        """Whether the cursor may send one more."""
        if not cursor.within(self._window):
            return False
        return cursor is self.live or cursor.at < self.live.at

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

    def _catch_up(self, consumer: _Consumer, at: int, now: int) -> None:
        consumer.cursor = Cursor(at) if at < self.live.at else None
        consumer.waiting_since = now if self._owes(consumer) else None

    def _drop_finished(self, consumer: _Consumer) -> None:
        """Once it reaches the live cursor, the live frames continue where it ended."""
        if consumer.cursor is not None and consumer.cursor.at >= self.live.at:
            consumer.cursor = None

    def _owes(self, consumer: _Consumer) -> bool:
        return consumer.committed < self.live.at
