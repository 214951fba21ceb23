"""News by every node of a cluster of brokers at once, beside the connection that keeps it.

A cluster that has lost a node elects leaders for its queues, seconds in which nothing of QoS 1 is passed on; one that
has lost its majority passes nothing of it on at all. At QoS 0 a node hands a message to whoever listens at it, without
any queue. So what must not wait goes once more by a connection to each node that says and hears nothing else: as long
as one node lives that both sides are at, it arrives. Whoever hears it several times takes it once, by its number.
"""

import contextlib
from collections.abc import Sequence
from types import TracebackType

from backbone.bus import Bus
from backbone.handlers import Handler
from backbone.settings import Settings


class Ways:
    """A connection to each node, which it does not leave for another; none where there is one broker."""

    def __init__(self, buses: Sequence[Bus] = ()) -> None:
        self.buses = tuple(buses)
        self._opened = contextlib.AsyncExitStack()

    @classmethod
    def of_platform(cls, settings: Settings, client_id: str) -> "Ways":
        """To the platform's brokers, as the settings say."""
        nodes = settings.broker_url.split(",")
        if len(nodes) == 1:
            return cls()
        return cls([Bus.of_platform(settings, f"{client_id}-way-{n}", url=one) for n, one in enumerate(nodes)])

    async def __aenter__(self) -> "Ways":
        for bus in self.buses:
            await self._opened.enter_async_context(bus)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.__aexit__(kind, error, trace)

    def publish(self, topic: str, payload: bytes) -> None:
        """Say it by every way that is open. Nobody answers: what must arrive is said by others as well."""
        for bus in self.buses:
            bus.publish(topic, payload, qos=0)

    def subscribe(self, topic_filter: str, handler: Handler) -> None:
        """Have `handler(topic, payload)` called, once a way; what a broker kept is no news, and is passed over."""
        for bus in self.buses:
            bus.subscribe(topic_filter, _News(bus, handler), qos=0)


class _News:
    """A handler of what is said now."""

    def __init__(self, bus: Bus, handler: Handler) -> None:
        self._bus = bus
        self._handler = handler

    def __call__(self, topic: str, payload: bytes) -> None:
        if not self._bus.retained:
            self._handler(topic, payload)
