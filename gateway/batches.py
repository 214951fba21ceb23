"""Readings become frames: urgent news at once, a frame a message; urgent repeats and bulk by number or age.

Detectors repeat every few seconds that all is well. Such a repeat waits until the spool is next made durable or ticks
(at most 50 ms), so that it shares a frame; whatever changed leaves at once, and takes along what waits: a lane keeps
its order.
"""

from typing import Protocol

from backbone.frames import FrameBuilder, FrameEvent
from community.site.profile import Lane


class FrameStore(Protocol):
    """Takes what a builder holds as the next frame of a lane."""

    def put(self, lane: Lane, builder: FrameBuilder, now: int) -> None:
        """Seal the builder's content under the lane's next number."""
        ...


class Batches:
    """The sink of the pipeline."""

    def __init__(self, store: FrameStore, *, bulk_readings: int, bulk_age_ms: int) -> None:
        self._store = store
        self._limit = bulk_readings
        self._age_ms = bulk_age_ms
        self._urgent = FrameBuilder()
        self._bulk = FrameBuilder()
        self._bulk_since: int | None = None
        self._last: dict[str, tuple[float, int]] = {}
        self._news = False

    def add(self, point: str, t: int, x: float, q: int, urgent: bool) -> None:
        """One reading."""
        if not urgent:
            self._bulk.add(point, t, x, q)
            return
        self._urgent.add(point, t, x, q)
        if self._last.get(point) != (x, q):
            self._last[point] = (x, q)
            self._news = True

    def add_event(self, event: FrameEvent, urgent: bool) -> None:
        """One event."""
        (self._urgent if urgent else self._bulk).add_event(event)
        self._news = self._news or urgent

    def end(self, now: int) -> None:
        """A message is complete."""
        if self._news or len(self._urgent) >= self._limit:
            self._let_urgent_go(now)
        waiting = len(self._bulk)
        if waiting >= self._limit:
            self._let_bulk_go(now)
        elif waiting and self._bulk_since is None:
            self._bulk_since = now

    def flush_aged(self, now: int) -> None:
        """Let urgent repeats go, and bulk readings that waited long enough; a clock set back lets them go too."""
        self._let_urgent_go(now)
        if self._bulk_since is not None and not 0 <= now - self._bulk_since < self._age_ms:
            self._let_bulk_go(now)

    def flush(self, now: int) -> None:
        """Let all go."""
        self._let_urgent_go(now)
        self._let_bulk_go(now)

    def _let_urgent_go(self, now: int) -> None:
        self._news = False
        if len(self._urgent):
            self._store.put(Lane.URGENT, self._urgent, now)

    def _let_bulk_go(self, now: int) -> None:
        if len(self._bulk):
            self._store.put(Lane.BULK, self._bulk, now)
        self._bulk_since = None
