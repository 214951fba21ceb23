"""The MQTT connection of a service: one place that connects, reconnects and subscribes again.

Durability is the caller's: `publish` says whether the message was handed to a connected broker, no more. What must not
be lost is kept by its owner (spool, outbox, positions) and sent again after `on_connect`.
"""

import asyncio
import contextlib
import random
import ssl
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import gmqtt
import structlog
from gmqtt.mqtt.constants import MQTTv311

from backbone import metrics

Handler = Callable[[str, bytes], Awaitable[None] | None]
"""Called with topic and payload. On a bus with `session`, what it returns is awaited before the acknowledgement."""
CONNECT_S = 5.0
FIRST_DELAY_S = 0.1
KNOWN_TOPICS = 20_000
_NEVER = -2  # gmqtt is not to reconnect by itself: -1 means for ever, 0 once
LONGEST_DELAY_S = 5.0
KEEPALIVE_S = 15
_DEFAULT_PORT = {"mqtt": 1883, "mqtts": 8883}

log = structlog.get_logger()


class BusUrlError(ValueError):
    """A broker URL that cannot be used."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message to publish: the will, mostly."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker URL taken apart."""

    host: str
    port: int
    tls: bool
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "BrokerAddress":
        """From `mqtt://[user:password@]host[:port]` or `mqtts://…`.

        Raises:
            BusUrlError: another scheme, or no host.
        """
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORT or not parts.hostname:
            raise BusUrlError(
                f"'{parts.scheme}://{parts.hostname or ''}' is no broker: write mqtt://host:1883 or mqtts://host:8883"
            )
        return cls(
            parts.hostname,
            parts.port or _DEFAULT_PORT[parts.scheme],
            parts.scheme == "mqtts",
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )


class Bus:
    """An MQTT 3.1.1 client that stays connected. Handlers run on the loop and must not block.

    With `session` the broker keeps QoS 1 messages for `client_id` while this client is away, and a message is
    acknowledged only when what its handler returned is done: a reader that dies before it made the message durable
    gets it again.
    """

    def __init__(
        self, url: str, client_id: str, *, ca: Path | None = None, will: Message | None = None, session: bool = False
    ) -> None:
        self._address = BrokerAddress.parse(url)
        self._name = client_id
        self._session = session
        self._ca = ca
        self._will = will
        self._subscriptions: list[tuple[str, Handler, int]] = []
        self._routes: dict[str, tuple[Handler, ...]] = {}
        self._connect_callbacks: list[Callable[[], None]] = []
        self._disconnect_callbacks: list[Callable[[], None]] = []
        self._client: Any = None
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._paused = False
        self.connected = False
        self.reconnects = 0
        self.retained = False
        """Whether the message that is being handled was kept by the broker: its age is unknown."""

    async def __aenter__(self) -> "Bus":
        self._task = asyncio.create_task(self._stay_connected(), name=f"bus {self._name}")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        if self.connected:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(1):
                    await self._client.disconnect()
        self.connected = False

    @property
    def unacknowledged(self) -> int:
        """QoS 1 messages the broker has not acknowledged yet."""
        return len(self._client._persistent_storage._messages) if self._client is not None else 0

    def subscribe(self, topic_filter: str, handler: Handler, *, qos: int = 1) -> None:
        """Have `handler(topic, payload)` called; kept, and subscribed again after every connect."""
        self._subscriptions.append((topic_filter, handler, qos))
        self._routes.clear()
        if self.connected:
            self._client.subscribe(topic_filter, qos=qos)

    def on_connect(self, callback: Callable[[], None]) -> None:
        """Call back after every connect and subscription."""
        self._connect_callbacks.append(callback)
        if self.connected:
            callback()

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call back when the connection is lost."""
        self._disconnect_callbacks.append(callback)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Hand a message to the broker; False when there is none right now."""
        if not self.connected:
            return False
        self._client.publish(topic, payload, qos=qos, retain=retain)
        return True

    def pause_reading(self) -> None:
        """Stop reading the socket: back-pressure to the broker."""
        self._paused = True
        self._transport("pause_reading")

    def resume_reading(self) -> None:
        """Read the socket again."""
        self._paused = False
        self._transport("resume_reading")

    def _transport(self, method: str) -> None:
        if self.connected:
            with contextlib.suppress(RuntimeError):
                getattr(self._client._connection._transport, method)()

    async def _stay_connected(self) -> None:
        delay_s = FIRST_DELAY_S
        said = False
        while True:
            try:
                await self._connect()
            except (OSError, TimeoutError, gmqtt.mqtt.handler.MQTTConnectError, ssl.SSLError) as error:
                if not said:
                    log.warning(
                        "no broker", host=self._address.host, port=self._address.port, error=str(error) or repr(error)
                    )
                    said = True
                await asyncio.sleep(delay_s * random.uniform(0.5, 1))  # noqa: S311
                delay_s = min(LONGEST_DELAY_S, delay_s * 2)
                continue
            delay_s, said = FIRST_DELAY_S, False
            await self._lost.wait()
            self._note_lost()
            self.reconnects += 1

    async def _connect(self) -> None:
        """A fresh client for each connection: nothing of an old one is replayed behind our back."""
        address = self._address
        will = self._will
        client = gmqtt.Client(
            f"{self._name}-{uuid.uuid4().hex[:8]}" if not self._session else self._name,
            clean_session=not self._session,
            optimistic_acknowledgement=not self._session,
            will_message=gmqtt.Message(will.topic, will.payload, qos=will.qos, retain=will.retain) if will else None,
        )
        client.set_config({"reconnect_retries": _NEVER})
        if address.username:
            client.set_auth_credentials(address.username, address.password)
        self._lost = lost = asyncio.Event()
        client.on_message = self._on_message_durably if self._session else self._on_message
        client.on_disconnect = lambda *_: lost.set()
        context: ssl.SSLContext | bool = False
        if address.tls:
            context = ssl.create_default_context(cafile=str(self._ca) if self._ca else None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        async with asyncio.timeout(CONNECT_S):
            await client.connect(address.host, address.port, ssl=context, keepalive=KEEPALIVE_S, version=MQTTv311)
        self._client = client
        self.connected = True
        metrics.connected.labels(self._name).set(1)
        for topic_filter, _, qos in self._subscriptions:
            client.subscribe(topic_filter, qos=qos)
        log.info("connected to broker", host=address.host, port=address.port)
        if self._paused:
            self._transport("pause_reading")
        for callback in self._connect_callbacks:
            callback()

    def _on_message(self, _client: object, topic: str, payload: bytes, _qos: int, properties: Mapping[str, Any]) -> int:
        self.retained = bool(properties["retain"])
        for handler in self._routes.get(topic) or self._route(topic):
            try:
                handler(topic, payload)
            except Exception:
                metrics.loop_errors.labels(f"bus {self._name}").inc()
                log.exception("handler failed", topic=topic)
        return 0

    async def _on_message_durably(
        self, _client: object, topic: str, payload: bytes, _qos: int, properties: Mapping[str, Any]
    ) -> int:
        self.retained = bool(properties["retain"])
        for handler in self._routes.get(topic) or self._route(topic):
            try:
                if (durable := handler(topic, payload)) is not None:
                    await durable
            except Exception:
                metrics.loop_errors.labels(f"bus {self._name}").inc()
                log.exception("handler failed", topic=topic)
        return 0

    def _route(self, topic: str) -> tuple[Handler, ...]:
        if len(self._routes) >= KNOWN_TOPICS:
            self._routes.clear()
        handlers = tuple(handler for pattern, handler, _ in self._subscriptions if matches(pattern, topic))
        self._routes[topic] = handlers
        return handlers

    def _note_lost(self) -> None:
        self.connected = False
        metrics.connected.labels(self._name).set(0)
        log.warning("lost the broker", host=self._address.host, port=self._address.port)
        for callback in self._disconnect_callbacks:
            callback()


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT filter (`+` one level, `#` the rest) takes in a topic (MQTT 3.1.1, 4.7)."""
    if topic_filter == topic:
        return True
    if topic.startswith("$") and topic_filter[0] in "+#":
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in {"+", levels[index]}:
            return False
    return len(wanted) == len(levels)
