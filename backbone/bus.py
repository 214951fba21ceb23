"""The MQTT connection of a service: one place that connects, reconnects and subscribes again.

Durability is the caller's: `publish` says whether the message was handed to a connected broker, no more. What must not
be lost is kept by its owner (spool, outbox, positions) and sent again after `on_connect`.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import gmqtt
import structlog

from backbone import metrics
from backbone.broker_access import KEEPALIVE_S, BrokerAccess, Message
from backbone.broker_address import BrokerAddress
from backbone.handlers import Handler, Handlers
from backbone.mqtt_wire import WireClient
from backbone.settings import Settings

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 5.0
STEADY_S = 10.0
"""A connection that lasted so long was a good one: its loss is answered at once."""
ASK_AGAIN_S = 2.0
GRANTED_S = 4.0
"""A broker that does not even answer a subscription for so long is left for the next: a node of a cluster that has lost
its leader may never answer, and alarms wait. Twice as long each time in a row, for one that is only busy …"""
LONGEST_GRANTED_S = 16.0
"""… up to this."""
LOOK_S = 0.5
FAREWELL_S = 1.0
_REFUSED = 0x80

log = structlog.get_logger()


class Bus:
    """An MQTT 3.1.1 client that stays connected. Handlers run on the loop and must not block.

    `url` may name several brokers of one cluster, with commas: a connection that is lost, or cannot be made, is tried
    at the next.

    With `session` the broker keeps QoS 1 messages for `client_id` while this client is away, and a message is
    acknowledged only when what its handlers returned is done: a reader that dies before it made the message durable
    gets it again.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        *,
        ca: Path | None = None,
        cert: Path | None = None,
        key: Path | None = None,
        will: Message | None = None,
        session: bool = False,
    ) -> None:
        self._access = BrokerAccess(url, client_id, ca=ca, cert=cert, key=key, will=will, session=session)
        self._name = client_id
        self._session = session
        self._handlers = Handlers(client_id)
        self._connect_callbacks: list[Callable[[], None]] = []
        self._disconnect_callbacks: list[Callable[[], None]] = []
        self._client: WireClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._paused = False
        self._refused: set[str] = set()
        """Topic filters the broker has not granted; said once."""
        self._granted_s = GRANTED_S
        self._said_away = False
        self._why_away: str | None = None
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

    @property
    def _address(self) -> BrokerAddress:
        return self._access.address

    @classmethod
    def of_platform(
        cls, settings: Settings, client_id: str, *, will: Message | None = None, url: str | None = None
    ) -> "Bus":
        """To the platform's broker, as the settings say; `url`: to this one of several."""
        ca, cert, key = settings.mqtt_ca, settings.mqtt_cert, settings.mqtt_key
        return cls(url or settings.broker_url, client_id, ca=ca, cert=cert, key=key, will=will)

    @property
    def unacknowledged(self) -> int:
        """QoS 1 messages the broker has not acknowledged yet."""
        return len(self._client.in_flight) if self._client is not None else 0

    @property
    def unacknowledged_bytes(self) -> int:
        """What these messages amount to."""
        return self._client.in_flight.size_bytes if self._client is not None else 0

    @property
    def in_flight(self) -> frozenset[int]:
        """The packet numbers of these messages; who remembers them can tell later whether all were acknowledged."""
        return self._client.in_flight.numbers if self._client is not None else frozenset()

    @property
    def deaf(self) -> str | None:
        """Why messages may not arrive now: no connection, or a subscription without the broker's consent."""
        if self._client is None:
            why = f": {self._why_away}" if self._why_away else ""
            return f"no connection to the broker {self._address.host}:{self._address.port}{why}"
        waiting = [subscription for subscription in self._client.subscriptions if not subscription.acknowledged]
        if waiting:
            return f"the broker {self._address.host}:{self._address.port} has not granted {waiting[0].topic}"
        return None

    @property
    def refused(self) -> frozenset[str]:
        """Topic filters the broker did not grant when it was last asked."""
        return frozenset(self._refused)

    def subscribe(self, topic_filter: str, handler: Handler, *, qos: int = 1) -> None:
        """Have `handler(topic, payload)` called; kept, and subscribed again after every connect."""
        self._handlers.add(topic_filter, handler, qos)
        if self._client is not None:
            self._client.subscribe(topic_filter, qos=qos)

    def unsubscribe(self, topic_filter: str, handler: Handler) -> None:
        """Undo a `subscribe`; what the broker has sent already is not handed over any more."""
        if self._handlers.remove(topic_filter, handler) and self._client is not None:
            self._client.unsubscribe(topic_filter)

    def on_connect(self, callback: Callable[[], None]) -> None:
        """Call back after every connect and subscription."""
        self._connect_callbacks.append(callback)
        if self.connected:
            callback()

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call back when the connection is lost."""
        self._disconnect_callbacks.append(callback)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Hand a message to the broker; False when there is none right now, or it has more than enough to answer."""
        if self._client is None or self._client.full:
            return False
        self._client.send(topic, payload, qos=qos, retain=retain)
        return True

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What is published inside is handed over as one when this is left; nothing may be awaited there.

        A call of the system for each costs sender and broker more than the messages do.
        """
        with self._client.together() if self._client is not None else contextlib.nullcontext():
            yield

    def pause_reading(self) -> None:
        """Stop reading the socket: back-pressure to the broker. What is read already waits, too."""
        self._paused = True
        if self._client is not None:
            self._client.pause_reading()

    def resume_reading(self) -> None:
        """Read the socket again."""
        self._paused = False
        if self._client is not None:
            self._client.resume_reading()

    async def _stay_connected(self) -> None:
        delay_s = FIRST_DELAY_S
        while True:
            began = time.monotonic()
            try:
                await self._one_connection()
            except (OSError, gmqtt.mqtt.handler.MQTTConnectError) as error:
                self._say_away(error)
            except Exception:
                # Whatever it was: a service without its bus is deaf and dumb, so it is tried again.
                metrics.loop_errors.labels(f"bus {self._name}").inc()
                log.exception("connection failed", host=self._address.host, port=self._address.port)
            self._access.turn_to_next()
            if time.monotonic() - began > STEADY_S:
                delay_s = FIRST_DELAY_S
            await asyncio.sleep(delay_s * random.uniform(0.5, 1))  # noqa: S311
            delay_s = min(LONGEST_DELAY_S, delay_s * 2)

    async def _one_connection(self) -> None:
        """From connecting to the loss.

        Raises:
            OSError, MQTTConnectError: there is no broker, or it does not want us.
        """
        client = self._access.new_client()
        client.hand_to(self._on_message, durably=self._session)
        client.on_subscribe = self._on_subscribed
        lost = asyncio.Event()
        client.on_disconnect = lambda *_: lost.set()
        try:
            await self._access.connect(client, lost)
            self._begin(client)
            answered_at = time.monotonic()
            while not lost.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(KEEPALIVE_S / 2 if self._is_answered(client) else LOOK_S):
                        await lost.wait()
                if self._paused:
                    # We do not listen, so its silence does not mean that it is gone.
                    answered_at = time.monotonic()
                    client.heard(answered_at)
                elif self._is_answered(client):
                    answered_at, self._granted_s = time.monotonic(), GRANTED_S
                elif time.monotonic() - answered_at > self._granted_s:
                    log.warning("the broker does not answer subscriptions; leaving it", host=self._address.host)
                    self._granted_s = min(LONGEST_GRANTED_S, self._granted_s * 2)
                    break
            self._end()
        except asyncio.CancelledError:
            if self.connected:
                await self._leave(client)
            raise
        finally:
            self._client = None
            self.connected = False
            metrics.connected.labels(self._name).set(0)
            client.abort()

    def _is_answered(self, client: WireClient) -> bool:
        return all(one.acknowledged or one.topic in self._refused for one in client.subscriptions)

    async def _leave(self, client: WireClient) -> None:
        """Hang up when the broker has what it was sent: closing on its unread answers would reset the connection,
        and it might drop what it has not read yet."""
        client.hand_to(lambda *_: None, durably=self._session)
        client.resume_reading()
        for last_thing in (client.in_flight.wait_empty, client.disconnect):
            with contextlib.suppress(Exception):
                async with asyncio.timeout(FAREWELL_S):
                    await last_thing()

    def _begin(self, client: WireClient) -> None:
        self._client = client
        self.connected = True
        self._said_away = False
        self._why_away = None
        metrics.connected.labels(self._name).set(1)
        if self._paused:
            client.pause_reading()
        for topic_filter, qos in self._handlers.filters():
            client.subscribe(topic_filter, qos=qos)
        log.info("connected to broker", host=self._address.host, port=self._address.port)
        self._call_back(self._connect_callbacks)

    def _end(self) -> None:
        self._client = None
        self.connected = False
        self.reconnects += 1
        log.warning("lost the broker", host=self._address.host, port=self._address.port)
        self._call_back(self._disconnect_callbacks)

    def _call_back(self, callbacks: list[Callable[[], None]]) -> None:
        for callback in callbacks:
            try:
                callback()
            except Exception:
                metrics.loop_errors.labels(f"bus {self._name}").inc()
                log.exception("callback failed", callback=getattr(callback, "__qualname__", repr(callback)))

    def _say_away(self, error: Exception) -> None:
        self._why_away = self._access.why(error)
        if not self._said_away:
            self._said_away = True
            log.warning("no broker", host=self._address.host, port=self._address.port, error=self._why_away)

    def _on_subscribed(self, client: WireClient, mid: int, granted: tuple[int, ...], _properties: object) -> None:
        wanted = [subscription for subscription in client.subscriptions if subscription.mid == mid]
        for subscription, qos in zip(wanted, granted, strict=False):
            if qos < _REFUSED:
                self._refused.discard(subscription.topic)
                continue
            if subscription.topic not in self._refused:
                self._refused.add(subscription.topic)
                log.error("the broker refuses a subscription; asking again", topic_filter=subscription.topic)
            asyncio.get_running_loop().call_later(ASK_AGAIN_S, self._ask_again, client, subscription)

    def _ask_again(self, client: WireClient, subscription: gmqtt.Subscription) -> None:
        """A cluster that has lost a node may refuse for seconds: whoever gave up then would be deaf for good."""
        if self._client is client and subscription in client.subscriptions:
            client.resubscribe(subscription)

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> Sequence[asyncio.Future[None]]:
        self.retained = retained
        work = [asyncio.ensure_future(durable) for durable in self._handlers.hand_over(topic, payload)]
        for one in work:
            one.add_done_callback(partial(self._note_failure, topic))
        return work

    def _note_failure(self, topic: str, work: asyncio.Future[None]) -> None:
        if not work.cancelled() and (error := work.exception()) is not None:
            self._handlers.failed(topic, error)
