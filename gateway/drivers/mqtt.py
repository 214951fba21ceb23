"""Sensors that speak MQTT: every message is looked up, decoded and passed on; what cannot be is counted."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from community.losses import LossReason
from gateway.decoders.conversation import Turn
from gateway.decoders.decoded import DecodeError
from gateway.event_time import NO_ABSENCE, Absence
from gateway.loss_ledger import LossLedger
from gateway.readings import Pipeline
from gateway.refusals import Refusals
from gateway.routing import Routes, Talk

MAX_PAYLOAD_BYTES = 256 * 1024

log = structlog.get_logger()


class SensorBus(Protocol):
    """What is needed of the connection to the sensors' broker."""

    retained: bool

    def subscribe(
        self, topic_filter: str, handler: Callable[[str, bytes], Awaitable[None] | None], *, qos: int = 1
    ) -> None:
        """Have messages handed over."""
        ...

    def unsubscribe(self, topic_filter: str, handler: Callable[[str, bytes], Awaitable[None] | None]) -> None:
        """Have no more of them handed over."""
        ...

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Hand a message to the broker; False when that cannot be done now."""
        ...

    def on_connect(self, callback: Callable[[], None]) -> None:
        """Call back after every connect."""
        ...

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call back when the connection is lost."""
        ...


class MqttDriver:
    """Subscribes to the routes' filters on the sensors' broker."""

    def __init__(
        self,
        bus: SensorBus,
        routes: Routes,
        pipeline: Pipeline,
        refusals: Refusals,
        now: Callable[[], int],
        durable: Callable[[], Awaitable[None] | None],
        losses: LossLedger | None = None,
    ) -> None:
        self._bus = bus
        self._routes = routes
        self._pipeline = pipeline
        self._refusals = refusals
        self._now = now
        self._durable = durable
        self._losses = losses if losses is not None else LossLedger()
        self._states: dict[str, object] = {}
        """What is remembered of the parties of conversations."""
        self._away_since = 0
        self._absence = NO_ABSENCE
        self.messages = 0

    def start(self) -> None:
        """Subscribe; the bus keeps it so."""
        for topic_filter in self._routes.filters:
            self._bus.subscribe(topic_filter, self.on_message)
        self._bus.on_connect(self._back)
        self._bus.on_disconnect(self._gone)

    def replace(self, routes: Routes) -> None:
        """Listen to other devices; filters that stay are not touched, so that nothing on its way is missed."""
        before, self._routes = self._routes, routes
        for topic_filter in routes.filters:
            if topic_filter not in before.filters:
                self._bus.subscribe(topic_filter, self.on_message)
        for topic_filter in before.filters:
            if topic_filter not in routes.filters:
                self._bus.unsubscribe(topic_filter, self.on_message)
        self._states = {party: state for party, state in self._states.items() if party in routes.talks}
        for party, talk in routes.talks.items():
            if party not in before.talks or talk.readers != before.talks[party].readers:
                self._greet(talk)

    def _back(self) -> None:
        self._absence = Absence(self._away_since, self._now())
        for talk in self._routes.talks.values():
            self._greet(talk)

    def _gone(self) -> None:
        self._away_since = self._now()

    def on_message(self, topic: str, payload: bytes) -> Awaitable[None] | None:
        """One message; nothing in it stops the next one.

        What is returned is done when its readings are in the spool. The broker keeps a message until then, so a
        gateway that is killed in between reads it again. Garbage waits too: acknowledgements keep the order of
        the messages (MQTT 3.1.1, 4.6).
        """
        self._read(topic, payload)
        return self._durable()

    def _greet(self, talk: Talk) -> None:
        self._take(talk, talk.conversation.greet(self._states.get(talk.party), talk.party, self._now()), talk.party)

    def _converse(self, talk: Talk, topic: str, payload: bytes) -> None:
        now = self._now()
        self.messages += 1
        if len(payload) > MAX_PAYLOAD_BYTES:
            self._refusals.count(topic, f"payload over {MAX_PAYLOAD_BYTES // 1024} KiB", now)
        elif self._bus.retained:
            self._refusals.count(topic, "retained, its age unknown", now)
        else:
            try:
                self._take(talk, talk.conversation.hear(self._states.get(talk.party), topic, payload, now), topic)
            except DecodeError as error:
                self._refusals.count(topic, str(error), now)
            except Exception:
                self._refusals.count(topic, "unexpected error, see the log", now)
                log.exception("message failed", topic=topic)

    def _take(self, talk: Talk, turn: Turn, topic: str) -> None:
        """Pass on what a turn gave: state, readings, what is to be asked, what is missing."""
        now = self._now()
        self._states[talk.party] = turn.state
        for report in turn.reports:
            if (reader := talk.readers.get(report.address)) is not None:
                self._pipeline.accept(reader, report.decoded, topic, now, absence=self._absence)
            elif report.address not in talk.readers and talk.conversation.behind(report.address):
                self._refusals.count(report.address, "unknown device", now)
        for saying in turn.sayings:
            self._bus.publish(saying.topic, saying.payload, qos=0)
        for problem in turn.problems:
            self._refusals.count(topic, problem, now)
        if turn.missed:
            mine = [reader.device for reader in talk.readers.values() if reader is not None]
            device = mine[0] if len(mine) == 1 else ""
            self._losses.note(LossReason.SEQUENCE_GAP, first=now, last=now, count=turn.missed, now=now, device=device)

    def _read(self, topic: str, payload: bytes) -> None:
        route = self._routes.of(topic)
        now = self._now()
        if route is None:
            if (talk := self._routes.talk_of(topic)) is not None:
                self._converse(talk, topic, payload)
                return
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
            if self._bus.retained and not route.current:
                # It may be from yesterday, and old news must not raise an alarm.
                if decoded.at is None:
                    self._refusals.count(topic, "retained, its age unknown", now)
                    return
                decoded.stored = True
            self._pipeline.accept(reader, decoded, topic, now, absence=self._absence)
        except DecodeError as error:
            reader.error = str(error)
            self._refusals.count(topic, str(error), now)
        except Exception:
            # One device's message must not end the reading of all others.
            self._refusals.count(topic, "unexpected error, see the log", now)
            log.exception("message failed", topic=topic)
