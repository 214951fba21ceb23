"""gmqtt's client with bounds it does not have itself.

Its own reading loop copies the whole of a half-received packet for every 64 kB that arrive: 60 MB from somebody take
it 18 s of processor. Here packets are handed over as they arrive, with no task in between: each would cost an alarm a
round of the loop. No more of a packet is kept than `MAX_INBOUND_BYTES`, and reading can be held.
What was published and not yet acknowledged is counted in bytes, so that a publisher can stop in time.

Reaches into gmqtt's private parts; pyproject.toml holds its minor version fast.
"""

import asyncio
import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import gmqtt
from gmqtt.mqtt.connection import MQTTConnection
from gmqtt.mqtt.package import Package
from gmqtt.mqtt.protocol import MQTTProtocol
from gmqtt.storage import PersistentStorage

MAX_INBOUND_BYTES = 1_200_000
"""Above every limit a reader of payloads sets (a frame has at most 1 MB): of a larger packet only this much is kept,
and whoever gets it refuses it as too large."""
MAX_IN_FLIGHT = 20_000
MAX_IN_FLIGHT_BYTES = 64_000_000
A_TURN = 32
"""Packets of one connection that are handed over before the others get a turn: an alarm on a connection of its own
must not wait for the hundreds of temperatures that one read brings."""
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
_LENGTH_BYTES = 4
_PUBACK = b"\x40\x02"
_NUMBER_BYTES = 2
_PUBLISH, _QOS_1, _RETAIN = 0x30, 0x02, 0x01
_MESSAGES = frozenset(
    _PUBLISH | again | qos | kept for again in (0, 0x08) for qos in (0, _QOS_1) for kept in (0, _RETAIN)
)
"""First bytes of messages of QoS 0 and 1. The number of one of QoS 1 takes two bytes, as many as the bit says."""
Take = Callable[[str, bytes, bool], Sequence[asyncio.Future[None]] | None]
"""Takes a message's topic, its payload, and whether the broker had kept it; returns what its work is done with."""


class MalformedPacketError(Exception):
    """The broker sent something that is not MQTT."""


class PacketHead(NamedTuple):
    """Where a packet's body starts, and how many bytes it has."""

    start: int
    size: int


def packet_head(buffer: bytes | bytearray, at: int = 0) -> PacketHead | None:
    """The head of the packet that begins at `at`; None when it has not arrived completely (MQTT 3.1.1, 2.2.3).

    Raises:
        MalformedPacketError: a length of more than four bytes.
    """
    size = shift = 0
    for index in range(at + 1, min(len(buffer), at + 1 + _LENGTH_BYTES)):
        size |= (buffer[index] & 0x7F) << shift
        if buffer[index] < 0x80:
            return PacketHead(index + 1, size)
        shift += 7
    if len(buffer) > at + _LENGTH_BYTES:
        raise MalformedPacketError
    return None


def _length(size: int) -> bytes:
    """As it stands in a packet's head (MQTT 3.1.1, 2.2.3)."""
    found = bytearray()
    while size > 0x7F:
        found.append(size & 0x7F | 0x80)
        size >>= 7
    found.append(size)
    return bytes(found)


class PacketSplitter:
    """Bytes in, packets out; what is too large comes out cut to `limit` bytes."""

    def __init__(self, limit: int = MAX_INBOUND_BYTES) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._skip = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """First byte and body of every packet that is complete now.

        Raises:
            MalformedPacketError: a length that cannot be.
        """
        found: list[tuple[int, bytes]] = []
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        buffer, at = self._buffer, 0
        buffer += data
        while (head := packet_head(buffer, at)) is not None:
            kept = min(head.size, self._limit)
            end = head.start + kept
            if len(buffer) < end:
                break
            with memoryview(buffer) as arrived:
                found.append((buffer[at], bytes(arrived[head.start : end])))
            surplus = min(head.size - kept, len(buffer) - end)
            self._skip = head.size - kept - surplus
            at = end + surplus
        del buffer[:at]
        return found


class _Gathering:
    """A transport that gathers what is written while it is held: one packet of the network for all of it.

    One read brings several messages, and each is acknowledged: a system call each, here and at the broker, would cost
    more than all else that is done with them.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write it now, or when what is held is let go."""
        if self._held is None:
            self._transport.write(data)
        else:
            self._held.append(data)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold what is written inside; nothing may be awaited there."""
        if self._held is not None:
            yield
            return
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            if held and not self._transport.is_closing():
                self._transport.write(b"".join(held))


class _Protocol(MQTTProtocol):  # type: ignore[misc]  # gmqtt has no types
    """Hands packets over as they arrive, while it is not held: without the stream reader gmqtt reads by."""

    def __init__(self, *args: Any, client: "WireClient", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._client = client
        self._splitter = PacketSplitter()
        self._packets: deque[tuple[int, bytes]] = deque()
        """Arrived and not handed over yet."""
        self._goes_on = False
        self._is_held = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Write through what can gather; nothing reads but `data_received`."""
        super(MQTTProtocol, self).connection_made(transport)
        self._transport = _Gathering(transport)
        self._socket = transport.get_extra_info("socket")

    def set_connection(self, connection: MQTTConnection) -> None:
        """Here packets go."""
        super().set_connection(connection)
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Hand it over, and have the kernel acknowledge it now, not up to 40 ms later.

        A broker without TCP_NODELAY on its side (rumqttd; Mosquitto unless told) holds a small message back until what
        it sent before is acknowledged: an alarm would wait behind the PUBACK of some other message. Linux forgets the
        option, so it is set after each chunk.
        """
        if _QUICKACK is not None:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        try:
            self._packets += self._splitter.feed(data)
        except MalformedPacketError:
            self._transport.abort()
            return
        if not self._goes_on:
            self._go_on()

    def eof_received(self) -> bool:
        """The broker hung up: so do we."""
        return False

    def hold(self) -> None:
        """Hand nothing over, and read no more."""
        self._is_held = True
        self._transport.pause_reading()

    def let_go(self) -> None:
        """Go on, behind whatever the loop does now."""
        self._is_held = False
        self._go_on_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; what it brought is not."""
        while self._packets:
            self._hand_over_one()
        super().connection_lost(exc)

    def _go_on_later(self) -> None:
        if not self._goes_on:
            self._goes_on = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        """A turn's packets; the others get theirs before the rest."""
        self._goes_on = False
        if self._connection is None:
            return
        most = A_TURN
        with self._transport.held():
            while self._packets and most and not self._is_held:
                self._hand_over_one()
                most -= 1
        if self._is_held:
            return
        if self._packets:
            self._transport.pause_reading()
            self._go_on_later()
        else:
            self._transport.resume_reading()

    def _hand_over_one(self) -> None:
        command, body = self._packets.popleft()
        if command == _PUBACK[0] and len(body) == _NUMBER_BYTES:
            self._connection._last_data_in = time.monotonic()
            self._client.acknowledged(int.from_bytes(body))
        elif command not in _MESSAGES or not self._is_taken(command, body):
            self._connection.put_package(Package(command, body))

    def _is_taken(self, command: int, body: bytes) -> bool:
        """Take a message apart (MQTT 3.1.1, 3.3) and hand it over; False: it is none, and gmqtt has words for that.

        What gmqtt does for a message takes longer than most that is done with it.
        """
        asks = command & _QOS_1
        at = 2 + int.from_bytes(body[:2])
        if at == 2 or len(body) < at + asks:
            return False
        try:
            topic = body[2:at].decode()
        except UnicodeDecodeError:
            return False
        self._connection._last_data_in = time.monotonic()
        self._client.take(topic, body[at + asks :], bool(command & _RETAIN), body[at : at + asks])
        return True


@dataclass(slots=True)
class _Answer:
    packet: bytes
    owed: int
    """So much has to be done before it goes out."""


class _Answers:
    """Acknowledgements, in the order of the messages (MQTT 3.1.1, 4.6): rumqttd hangs up otherwise.

    What is done at once is acknowledged by one packet of the network.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._waiting: deque[_Answer] = deque()
        self._is_due = False

    def owe(self, packet: bytes, work: Sequence[asyncio.Future[None]]) -> None:
        """Acknowledge it when this is done, even if it failed; what is cancelled the broker shall send again."""
        answer = _Answer(packet, len(work))
        self._waiting.append(answer)
        for one in work:
            one.add_done_callback(partial(self._done, answer))
        if not work:
            self._go_out()

    def _done(self, answer: _Answer, work: asyncio.Future[None]) -> None:
        if work.cancelled():
            return
        answer.owed -= 1
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._go_out)

    def _go_out(self) -> None:
        self._is_due = False
        body = b""
        while self._waiting and not self._waiting[0].owed:
            body += _PUBACK + self._waiting.popleft().packet
        if body:
            self._send(body)


class InFlight(PersistentStorage):  # type: ignore[misc]
    """What the broker has not acknowledged, with its size."""

    def __init__(self) -> None:
        super().__init__()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._messages)

    def __bool__(self) -> bool:
        # gmqtt replaces a storage that is false, as an empty one would be, by its own.
        return True

    @property
    def numbers(self) -> frozenset[int]:
        """Their packet numbers."""
        return frozenset(self._messages)

    def push_message(self, mid: int, raw_package: bytes) -> None:
        """Note a message as on its way."""
        self._forget(mid)
        self.size_bytes += len(raw_package)
        super().push_message(mid, raw_package)

    def remove_message_by_mid(self, mid: int) -> None:
        """The broker has it."""
        self._forget(mid)
        super().remove_message_by_mid(mid)

    def clear(self) -> None:
        """A connection begins with nothing on its way."""
        self.size_bytes = 0
        super().clear()

    def _forget(self, mid: int) -> None:
        known = self._messages.get(mid)
        if known is not None:
            self.size_bytes -= len(known)


class WireClient(gmqtt.Client):  # type: ignore[misc]
    """One connection to a broker."""

    def __init__(self, client_id: str, **options: Any) -> None:
        self.in_flight = InFlight()
        self._answers = _Answers(self._send)
        self._take: Take = lambda *_: None
        self._durably = False
        super().__init__(client_id, persistent_storage=self.in_flight, **options)

    def hand_to(self, take: Take, *, durably: bool) -> None:
        """From now on messages go there, and are acknowledged as they come.

        `durably`: when all that `take` returns is done; None: never, the broker shall keep it.
        """
        self._take, self._durably = take, durably

    def take(self, topic: str, payload: bytes, retained: bool, packet: bytes) -> None:
        """A message came; its packet number, which is to be acknowledged, is empty at QoS 0."""
        if packet and not self._durably:
            self._send(_PUBACK + packet)
        work = self._take(topic, payload, retained)
        if packet and self._durably and work is not None:
            self._answers.owe(packet, work)

    def send(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        """Publish a message of QoS 0 or 1 (MQTT 3.1.1, 3.3)."""
        name = topic.encode()
        number = self._package_handler.id_generator.next_id() if qos else 0
        numbered = number.to_bytes(_NUMBER_BYTES) if qos else b""
        size = _length(2 + len(name) + len(numbered) + len(payload))
        head = bytes((_PUBLISH | qos << 1 | retain,))
        packet = b"".join((head, size, len(name).to_bytes(2), name, numbered, payload))
        self._send(packet)
        if qos:
            self.in_flight.push_message(number, packet)

    def acknowledged(self, number: int) -> None:
        """The broker has a message of QoS 1."""
        self._package_handler.id_generator.free_id(number)
        self.in_flight.remove_message_by_mid(number)

    def together(self) -> contextlib.AbstractContextManager[None]:
        """What is sent inside goes out as one; nothing may be awaited there."""
        held: contextlib.AbstractContextManager[None] = self._connection._transport.held()
        return held

    @property
    def full(self) -> bool:
        """Whether so much is on its way, or waits for the socket, that nothing should be added."""
        return (
            len(self.in_flight) >= MAX_IN_FLIGHT
            or self.in_flight.size_bytes >= MAX_IN_FLIGHT_BYTES
            or self._connection._transport.get_write_buffer_size() >= MAX_IN_FLIGHT_BYTES
        )

    def pause_reading(self) -> None:
        """Hand nothing over, and read no more, until `resume_reading`."""
        self._connection._protocol.hold()

    def resume_reading(self) -> None:
        """Read again."""
        self._connection._protocol.let_go()

    def heard(self, at: float) -> None:
        """Have the broker count as alive at `at` (monotonic): while nothing is read, silence is no sign of death."""
        self._connection._last_data_in = at

    def abort(self) -> None:
        """Drop the connection, if there is one, without a word."""
        if self._connection is not None:
            self._connection._keep_connection_callback.cancel()
            self._connection._transport.abort()

    async def _create_connection(
        self, host: str, port: int, ssl: Any, clean_session: bool, keepalive: int
    ) -> MQTTConnection:
        """As gmqtt does it, with our protocol."""
        self._exit_reconnecting_state()
        self._package_handler.clear_topics_aliases()
        self._connack_received.clear()
        self._connection_lost.clear()
        _, protocol = await asyncio.get_running_loop().create_connection(
            partial(
                _Protocol,
                client=self,
                connection_state=self._connection_state,
                id_generator=self._package_handler.id_generator,
            ),
            host,
            port,
            ssl=ssl,
        )
        return MQTTConnection(
            protocol._transport,
            protocol,
            clean_session,
            keepalive,
            package_handler=self._package_handler,
            logger=self._logger,
        )

    def _send(self, body: bytes) -> None:
        if not self._connection.is_closing():
            self._connection.send_package(body)
