"""A bus on which nothing moves by itself."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

Handler = Callable[[str, bytes], Awaitable[None] | None]


class Published(NamedTuple):
    """What was handed to it."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class StillBus:
    """The face of `backbone.bus.Bus`, without a broker."""

    unacknowledged, unacknowledged_bytes = 0, 0

    def __init__(self, *, retained: bool = False) -> None:
        self.retained = retained
        self.connected = True
        self.full = False
        """It has more than enough to answer, and takes nothing."""
        self.paused = False
        self.filters: dict[str, int] = {}
        """Subscriptions with their QoS."""
        self.published: list[Published] = []
        self._handler: Handler = lambda *_: None
        self._callbacks: list[Callable[[], None]] = []

    def subscribe(self, topic_filter: str, handler: Handler, *, qos: int = 1) -> None:
        self.filters[topic_filter] = qos
        self._handler = handler

    def unsubscribe(self, topic_filter: str, _handler: Handler) -> None:
        del self.filters[topic_filter]

    def on_connect(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)
        if self.connected:
            callback()

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """It is never lost."""

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        if not self.connected or self.full:
            return False
        self.published.append(Published(topic, payload, qos, retain))
        return True

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def hear(self, topic: str, payload: bytes) -> None:
        """A message arrives."""
        self._handler(topic, payload)

    def reconnect(self) -> None:
        """The connection is there again."""
        self.connected = True
        for callback in self._callbacks:
            callback()
