"""Sensors that speak MQTT: every message is looked up, decoded and passed on; what cannot be is counted.

Two ears: one hears everybody, the other, on a connection of its own, only the devices with urgent points. A broker
queues a client's messages in one row, and what is behind thousands of temperatures comes late or is dropped.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

from community.losses import LossReason
from gateway.copies import Copies
from gateway.decoders.conversation import Turn
from gateway.decoders.decoded import DecodeError
from gateway.event_time import NO_ABSENCE, Absence
from gateway.floods import Floods, Held
from gateway.loss_ledger import LossLedger
from gateway.readings import Pipeline
from gateway.refusals import Refusals
from gateway.routing import Routes, Talk

MAX_PAYLOAD_BYTES = 256 * 1024
FLOOD = "more messages than a device may send; the last ones are read once a second"

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


@dataclass(eq=False)
class _Ear:
    """A connection to the sensors' broker, and since when it could not be reached last."""

    bus: SensorBus
    urgent: bool
    away_since: int = 0
    absence: Absence = NO_ABSENCE


class MqttDriver:
    """Subscribes to the routes' filters on the sensors' broker."""

    def __init__(
        self,
        bus: SensorBus,
        pipeline: Pipeline,
        refusals: Refusals,
        now: Callable[[], int],
        durable: Callable[[], Awaitable[None] | None],
        losses: LossLedger | None = None,
        *,
        urgent_bus: SensorBus | None = None,
        floods: Floods | None = None,
    ) -> None:
        """Hears nobody until `listen`.

        `urgent_bus`: a second connection to the same broker, for urgent devices; `floods`: None lets all speak.
        """
        self._bus = bus
        self._everybody = _Ear(bus, urgent=False)
        self._urgent = _Ear(urgent_bus, urgent=True) if urgent_bus is not None else None
        self._copies = Copies()
        self._floods = floods
        self._routes = Routes((), ())
        self._pipeline = pipeline
        self._refusals = refusals
        self._now = now
        self._durable = durable
        self._losses = losses if losses is not None else LossLedger()
        self._states: dict[str, object] = {}
        """What is remembered of the parties of conversations."""
        self._heard: _Ear = self._everybody
        """By which the message came that is being read."""
        self._retained = False
        self.messages = 0

    def start(self) -> None:
        """Keep account of the connections, and ask after each whoever has to be asked."""
        for ear in self._ears():
            ear.bus.on_connect(lambda ear=ear: self._back(ear))  # type: ignore[misc]
            ear.bus.on_disconnect(lambda ear=ear: self._gone(ear))  # type: ignore[misc]

    def listen(self, routes: Routes) -> None:
        """Listen to these devices; filters that stay are not touched, so that nothing on its way is missed."""
        before, self._routes = self._routes, routes
        _resubscribe(self._bus, self.on_message, before.filters, routes.filters)
        if self._urgent is not None:
            _resubscribe(self._urgent.bus, self.on_urgent, before.urgent_filters, routes.urgent_filters)
        self._states = {party: state for party, state in self._states.items() if party in routes.talks}
        for party, talk in routes.talks.items():
            if party not in before.talks or talk.readers != before.talks[party].readers:
                self._greet(talk)

    def _ears(self) -> tuple[_Ear, ...]:
        return (self._everybody,) if self._urgent is None else (self._everybody, self._urgent)

    def _back(self, ear: _Ear) -> None:
        ear.absence = Absence(ear.away_since, self._now())
        if not ear.urgent:
            for talk in self._routes.talks.values():
                self._greet(talk)

    def _gone(self, ear: _Ear) -> None:
        ear.away_since = self._now()
        self._copies.forget()

    def on_message(self, topic: str, payload: bytes) -> Awaitable[None] | None:
        """One message; nothing in it stops the next one.

        What is returned is done when its readings are in the spool. The broker keeps a message until then, so a
        gateway that is killed in between reads it again. Garbage waits too: acknowledgements keep the order of
        the messages (MQTT 3.1.1, 4.6).
        """
        self._hear(self._everybody, topic, payload)
        return self._durable()

    def on_urgent(self, topic: str, payload: bytes) -> Awaitable[None] | None:
        """The same of an urgent device, on the connection of its own."""
        assert self._urgent is not None
        self._hear(self._urgent, topic, payload)
        return self._durable()

    def read_held(self) -> None:
        """Once a second: what devices that speak without pause said last."""
        if self._floods is not None:
            for held in self._floods.release():
                self._retained = held.retained
                self._read(held.topic, held.payload)

    def _hear(self, ear: _Ear, topic: str, payload: bytes) -> None:
        if (
            self._urgent is not None
            and self._routes.is_urgent(topic)
            and self._copies.is_copy(topic, payload, first_way=ear.urgent, now_s=time.monotonic())
        ):
            return
        self._heard, self._retained = ear, ear.bus.retained
        device = self._routes.speaker(topic) if self._floods is not None else None
        if device is None or self._floods is None or self._floods.may_speak(device, time.monotonic()):
            self._read(topic, payload)
        else:
            self._flooded(self._floods, device, Held(topic, payload, self._retained))

    def _flooded(self, floods: Floods, device: str, message: Held) -> None:
        if len(message.payload) > MAX_PAYLOAD_BYTES:
            message = message._replace(payload=b"")
        now, lost = self._now(), floods.hold(device, message)
        self._refusals.count(message.topic, FLOOD, now)
        if lost:
            known = device if device in self._routes.devices else ""
            self._losses.note(LossReason.FLOOD, first=now, last=now, count=lost, now=now, device=known)

    def _greet(self, talk: Talk) -> None:
        self._take(talk, talk.conversation.greet(self._states.get(talk.party), talk.party, self._now()), talk.party)

    def _converse(self, talk: Talk, topic: str, payload: bytes) -> None:
        now = self._now()
        self.messages += 1
        if len(payload) > MAX_PAYLOAD_BYTES:
            self._refusals.count(topic, f"payload over {MAX_PAYLOAD_BYTES // 1024} KiB", now)
        elif self._retained:
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
                self._pipeline.accept(reader, report.decoded, topic, now, absence=self._heard.absence)
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
            if self._retained and not route.current:
                # It may be from yesterday, and old news must not raise an alarm.
                if decoded.at is None:
                    self._refusals.count(topic, "retained, its age unknown", now)
                    return
                decoded.stored = True
            self._pipeline.accept(reader, decoded, topic, now, absence=self._heard.absence)
        except DecodeError as error:
            reader.error = str(error)
            self._refusals.count(topic, str(error), now)
        except Exception:
            # One device's message must not end the reading of all others.
            self._refusals.count(topic, "unexpected error, see the log", now)
            log.exception("message failed", topic=topic)


def _resubscribe(
    bus: SensorBus,
    handler: Callable[[str, bytes], Awaitable[None] | None],
    before: Iterable[str],
    after: Iterable[str],
) -> None:
    old, new = frozenset(before), frozenset(after)
    for topic_filter in after:
        if topic_filter not in old:
            bus.subscribe(topic_filter, handler)
    for topic_filter in before:
        if topic_filter not in new:
            bus.unsubscribe(topic_filter, handler)
