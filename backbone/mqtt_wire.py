"""gmqtt's client with bounds it does not have itself.

Its own reading loop copies the whole of a half-received packet for every 64 kB that arrive: 60 MB from somebody take
it 18 s of processor. This one is linear, keeps no more of a packet than `MAX_INBOUND_BYTES`, and can be held, which a
pause of the transport cannot promise: the stream reader underneath resumes the transport whenever it is drained.
What was published and not yet acknowledged is counted in bytes, so that a publisher can stop in time.

Reaches into gmqtt's private parts; pyproject.toml holds its minor version fast.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
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
READ_BYTES = 65_536
A_TURN = 32
"""Packets of one connection that are handed over before the others get a turn: an alarm on a connection of its own
must not wait for the hundreds of temperatures that one read brings."""
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
_LENGTH_BYTES = 4


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
            found.append((buffer[at], bytes(buffer[head.start : end])))
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
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            if held and not self._transport.is_closing():
                self._transport.write(b"".join(held))


class _Protocol(MQTTProtocol):  # type: ignore[misc]  # gmqtt has no types
    """Reads while `may_read` is set; the stream reader below stops the socket when nobody takes from it."""

    def __init__(self, *args: Any, may_read: asyncio.Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._may_read = may_read
        self._packets: list[tuple[int, bytes]] = []
        self._at = 0
        """So many of them are handed over."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Write through what can gather."""
        super().connection_made(transport)
        self._transport = _Gathering(transport)

    def data_received(self, data: bytes) -> None:
        """Take it, and have the kernel acknowledge it now, not up to 40 ms later.

        A broker without TCP_NODELAY on its side (rumqttd; Mosquitto unless told) holds a small message back until what
        it sent before is acknowledged: an alarm would wait behind the PUBACK of some other message. Linux forgets the
        option, so it is set after each chunk.
        """
        super().data_received(data)
        if _QUICKACK is not None:
            with contextlib.suppress(OSError):
                self._transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    async def _read_loop(self) -> None:
        await self._connected.wait()
        splitter = PacketSplitter()
        while self._connected.is_set():
            await self._may_read.wait()
            try:
                data = await self.read(READ_BYTES)
                if not data:
                    return  # its end: a TLS connection that is being closed reads as empty until it is gone
                packets = splitter.feed(data)
            except ConnectionResetError:
                return
            except MalformedPacketError:
                self._transport.abort()
                return
            self._packets, self._at = packets, 0
            while self._at < len(self._packets):
                if self._at:
                    await asyncio.sleep(0)
                self._hand_over(A_TURN)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; what it brought is not."""
        self._hand_over(len(self._packets))
        super().connection_lost(exc)

    def _hand_over(self, most: int) -> None:
        packets = self._packets[self._at : self._at + most]
        self._at += len(packets)
        with self._transport.held():
            for command, body in packets:
                self._connection.put_package(Package(command, body))


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
    """One connection to a broker; reads while `may_read` is set."""

    def __init__(self, client_id: str, **options: Any) -> None:
        self.in_flight = InFlight()
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.answered: asyncio.Future[None] | None = None
        """Done when the last message so far may be acknowledged."""
        super().__init__(client_id, persistent_storage=self.in_flight, **options)

    @property
    def full(self) -> bool:
        """Whether so much is on its way, or waits for the socket, that nothing should be added."""
        return (
            len(self.in_flight) >= MAX_IN_FLIGHT
            or self.in_flight.size_bytes >= MAX_IN_FLIGHT_BYTES
            or self._connection._transport.get_write_buffer_size() >= MAX_IN_FLIGHT_BYTES
        )

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
                may_read=self.may_read,
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
