"""Which handlers a message is for: MQTT filters and who wants what they take in."""

from collections.abc import Awaitable, Callable, Iterator

import structlog

from backbone import metrics
from backbone.topics import matches

Handler = Callable[[str, bytes], Awaitable[None] | None]
"""Called with topic and payload; what it returns, if anything, is done when its work is."""
KNOWN_TOPICS = 20_000
log = structlog.get_logger()


class Handlers:
    """The subscriptions of one connection, named `name` in metrics."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows: list[tuple[str, Handler, int]] = []
        self._routes: dict[str, tuple[Handler, ...]] = {}

    def add(self, topic_filter: str, handler: Handler, qos: int) -> None:
        """From now on."""
        self._rows.append((topic_filter, handler, qos))
        self._routes.clear()

    def remove(self, topic_filter: str, handler: Handler) -> bool:
        """No more; True when nobody else wants the filter."""
        self._rows = [row for row in self._rows if row[:2] != (topic_filter, handler)]
        self._routes.clear()
        return all(known != topic_filter for known, _, _ in self._rows)

    def filters(self) -> Iterator[tuple[str, int]]:
        """What to subscribe to, and at which QoS."""
        return ((topic_filter, qos) for topic_filter, _, qos in self._rows)

    def hand_over(self, topic: str, payload: bytes) -> list[Awaitable[None]]:
        """Call the handlers; what their work is done with, if they say so."""
        pending = []
        for handler in self._routes.get(topic) or self._route(topic):
            try:
                if (durable := handler(topic, payload)) is not None:
                    pending.append(durable)
            except Exception as error:
                self.failed(topic, error)
        return pending

    def failed(self, topic: str, error: BaseException) -> None:
        """A handler raised; the others and the next message are not concerned."""
        metrics.loop_errors.labels(f"bus {self._name}").inc()
        log.error("handler failed", topic=topic, exc_info=error)

    def _route(self, topic: str) -> tuple[Handler, ...]:
        if len(self._routes) >= KNOWN_TOPICS:
            self._routes.clear()
        handlers = tuple(dict.fromkeys(row[1] for row in self._rows if matches(row[0], topic)))
        self._routes[topic] = handlers
        return handlers
