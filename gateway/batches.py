"""Readings become frames: urgent ones at once, a frame a message; bulk by number or age."""

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

    def add(self, point: str, t: int, x: float, q: int, urgent: bool) -> None:
        """One reading."""
        (self._urgent if urgent else self._bulk).add(point, t, x, q)

    def add_event(self, event: FrameEvent, urgent: bool) -> None:
        """One event."""
        (self._urgent if urgent else self._bulk).add_event(event)

    def end(self, now: int) -> None:
        """A message is complete."""
        if len(self._urgent):
            self._store.put(Lane.URGENT, self._urgent, now)
        waiting = len(self._bulk)
        if waiting >= self._limit:
            self.flush(now)
        elif waiting and self._bulk_since is None:
            self._bulk_since = now

    def flush_aged(self, now: int) -> None:
        """Let bulk readings go that waited long enough; a clock set back lets them go too."""
        if self._bulk_since is not None and not 0 <= now - self._bulk_since < self._age_ms:
            self.flush(now)

    def flush(self, now: int) -> None:
        """Let all bulk readings go."""
        if len(self._bulk):
            self._store.put(Lane.BULK, self._bulk, now)
        self._bulk_since = None
