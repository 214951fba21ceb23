"""A sink that remembers, and a bus that only says whether the message was retained."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from backbone.frames import FrameEvent


@dataclass
class Remembered:
    """What the pipeline gave."""

    readings: list[tuple[str, int, float, int, bool]] = field(default_factory=list)
    events: list[tuple[FrameEvent, bool]] = field(default_factory=list)
    ends: int = 0

    def add(self, point: str, t: int, x: float, q: int, urgent: bool) -> None:
        self.readings.append((point, t, x, q, urgent))

    def add_event(self, event: FrameEvent, urgent: bool) -> None:
        self.events.append((event, urgent))

    def end(self, _now: int) -> None:
        self.ends += 1


@dataclass
class StillBus:
    """As much of a bus as the MQTT driver needs to be handed messages."""

    retained: bool = False
    filters: list[str] = field(default_factory=list)
    published: list[tuple[str, bytes]] = field(default_factory=list)

    def subscribe(
        self, topic_filter: str, _handler: Callable[[str, bytes], Awaitable[None] | None], *, qos: int = 1
    ) -> None:
        assert qos == 1
        self.filters.append(topic_filter)

    def unsubscribe(self, topic_filter: str, _handler: Callable[[str, bytes], Awaitable[None] | None]) -> None:
        self.filters.remove(topic_filter)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        assert not retain
        self.published.append((topic, payload))
        return True

    def on_connect(self, callback: Callable[[], None]) -> None:
        callback()

    def on_disconnect(self, callback: Callable[[], None]) -> None: ...
