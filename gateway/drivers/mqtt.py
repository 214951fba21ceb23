"""Sensors that speak MQTT: every message is looked up, decoded and passed on; what cannot be is counted."""

from collections.abc import Callable
from typing import Protocol

import structlog

from gateway.decoders.decoded import DecodeError
from gateway.readings import Pipeline
from gateway.refusals import Refusals
from gateway.routing import Routes

MAX_PAYLOAD_BYTES = 256 * 1024

log = structlog.get_logger()


class SensorBus(Protocol):
    """What is needed of the connection to the sensors' broker."""

    retained: bool

    def subscribe(self, topic_filter: str, handler: Callable[[str, bytes], None], *, qos: int = 1) -> None:
        """Have messages handed over."""
        ...


class MqttDriver:
    """Subscribes to the routes' filters on the sensors' broker."""

    def __init__(
        self, bus: SensorBus, routes: Routes, pipeline: Pipeline, refusals: Refusals, now: Callable[[], int]
    ) -> None:
        self._bus = bus
        self._routes = routes
        self._pipeline = pipeline
        self._refusals = refusals
        self._now = now
        self.messages = 0

    def start(self) -> None:
        """Subscribe; the bus keeps it so."""
        for topic_filter in self._routes.filters:
            self._bus.subscribe(topic_filter, self.on_message)

    def on_message(self, topic: str, payload: bytes) -> None:
        """One message; nothing in it stops the next one."""
        route = self._routes.of(topic)
        now = self._now()
        if route is None:
            if not self._routes.is_noise(topic):
                self.messages += 1
                self._refusals.count(topic, "unknown device", now)
            return
        reader = route.reader
        if reader is None:
            return
        self.messages += 1
        if len(payload) > MAX_PAYLOAD_BYTES:
            self._refusals.count(topic, f"payload over {MAX_PAYLOAD_BYTES // 1024} KiB", now)
            return
        try:
            decoded = route.decode(payload)
            if self._bus.retained and not route.current and decoded.at is None:
                # It may be from yesterday, and old news must not raise an alarm.
                self._refusals.count(topic, "retained, its age unknown", now)
                return
            self._pipeline.accept(reader, decoded, topic, now)
        except DecodeError as error:
            reader.error = str(error)
            self._refusals.count(topic, str(error), now)
        except Exception:
            # One device's message must not end the reading of all others.
            self._refusals.count(topic, "unexpected error, see the log", now)
            log.exception("message failed", topic=topic)
