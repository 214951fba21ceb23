"""The bus over real brokers, and over servers that misbehave: bounded, patient, and back in time."""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from backbone.bus import Bus
from backbone.mqtt_wire import A_TURN, MAX_IN_FLIGHT_BYTES, MAX_INBOUND_BYTES
from backbone.settings import Settings
from backbone.ways import Ways
from tests import servers
from tests.waiting import until

CONNACK = b"\x20\x02\x00\x00"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def bad_broker(serve: Serve) -> AsyncIterator[str]:
    """A server on loopback that is no good broker; its URL."""
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1024)
    try:
        yield f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()


async def test_a_paused_reader_is_handed_little_more_and_then_all_of_it(mosquitto: servers.Broker) -> None:
    """12 MB wait at the broker and in the socket, not here; QoS 1 brings them when reading goes on."""
    heard: list[int] = []
    async with Bus(mosquitto.url, "reader") as reader, Bus(mosquitto.url, "writer") as writer:
        reader.subscribe("x", lambda _topic, payload: heard.append(int.from_bytes(payload[:4])))
        await until(lambda: reader.connected and writer.connected, "both")
        writer.publish("x", bytes(4))
        await until(lambda: heard, "the first message")
        reader.pause_reading()
        for number in range(1, 601):
            assert writer.publish("x", number.to_bytes(4) + bytes(20_000))
        await until(lambda: writer.unacknowledged == 0, "the broker to have them")
        assert len(heard) < 100
        reader.resume_reading()
        await until(lambda: len(heard) == 601, "the rest")
        assert heard == list(range(601))
        assert reader.reconnects == 0


async def test_a_large_payload_is_cut_where_every_reader_refuses_it_anyway(mosquitto: servers.Broker) -> None:
    sizes: list[int] = []
    async with Bus(mosquitto.url, "reader") as reader, Bus(mosquitto.url, "writer") as writer:
        reader.subscribe("x", lambda _topic, payload: sizes.append(len(payload)))
        await until(lambda: reader.connected and writer.connected, "both")
        for size in (1_000_000, 30_000_000, 5):
            writer.publish("x", bytes(size))
        await until(lambda: len(sizes) == 3, "the message behind the large one")
        assert sizes[0] == 1_000_000
        assert 1_100_000 < sizes[1] <= MAX_INBOUND_BYTES
        assert sizes[2] == 5


async def test_what_is_published_together_arrives_in_its_order_though_a_handler_answers_meanwhile(
    broker: servers.Broker,
) -> None:
    heard: list[tuple[int, int]] = []
    async with Bus(broker.url, "reader") as reader, Bus(broker.url, "writer") as writer:

        def on_message(_topic: str, payload: bytes) -> None:
            heard.append((payload[0], len(payload)))
            with reader.together():
                reader.publish("y", payload[:1])

        answers: list[int] = []
        reader.subscribe("x", on_message)
        writer.subscribe("y", lambda _topic, payload: answers.append(payload[0]))
        await until(lambda: reader.connected and writer.connected, "both")
        await until(lambda: reader.deaf is None and writer.deaf is None, "both subscriptions")
        sizes = [1, 100, 125, 200, 16_383, 16_384, 200_000]
        with writer.together():
            for number, size in enumerate(sizes):
                assert writer.publish("x", bytes((number,)) + bytes(size - 1), qos=number % 2)
        await until(lambda: len(heard) == len(sizes), "all of them")
        assert heard == list(enumerate(sizes))
        await until(lambda: answers == [number for number, _ in heard], "the answers")
        await until(lambda: writer.unacknowledged == 0, "the acknowledgements")


async def test_a_broker_that_takes_nothing_bounds_what_is_on_its_way() -> None:
    """Neither messages nor memory pile up behind a broker that greets and then reads no more."""
    closing = asyncio.Event()

    async def greets_and_sleeps(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CONNACK)
        await closing.wait()

    async with bad_broker(greets_and_sleeps) as url, Bus(url, "writer") as bus:
        await until(lambda: bus.connected, "the greeting")
        sent = 0
        while bus.publish("x", bytes(1_000_000)):
            sent += 1
            assert sent <= MAX_IN_FLIGHT_BYTES // 1_000_000 + 1
        assert sent > 10
        assert bus.unacknowledged == sent
        closing.set()


async def test_hundreds_of_messages_of_one_connection_let_others_have_a_turn() -> None:
    """An alarm comes by a connection of its own, and must not wait for all that one read of another brings."""
    messages = 20 * A_TURN

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(CONNACK + b"\x30\x03\x00\x01x" * messages)
        await reader.read()

    heard, at_its_turn = 0, []

    def hear(_topic: str, _payload: bytes) -> None:
        nonlocal heard
        heard += 1
        if heard == 1:
            asyncio.get_running_loop().call_soon(lambda: at_its_turn.append(heard))

    async with bad_broker(serve) as url, Bus(url, "listener") as bus:
        bus.subscribe("x", hear)
        await until(lambda: heard == messages, "all of them")
    assert at_its_turn[0] <= A_TURN


async def test_what_a_connection_brought_is_heard_although_it_is_lost() -> None:
    """It is reset while the first of its messages are being handed over."""
    messages, begun, heard = 20 * A_TURN, asyncio.Event(), []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        if begun.is_set():  # the first connection is the one that counts
            return
        writer.write(CONNACK + b"\x30\x03\x00\x01x" * messages)
        await begun.wait()
        at_once = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()

    def hear(_topic: str, payload: bytes) -> None:
        heard.append(payload)
        begun.set()

    async with bad_broker(serve) as url, Bus(url, "listener") as bus:
        bus.subscribe("x", hear)
        await until(lambda: bus.reconnects > 0, "the loss")
        assert len(heard) == messages


@pytest.mark.parametrize("greeting", [b"", CONNACK, b"\x20\x02\x00\x05", b"\x30\xff\xff\xff\xff\xff"])
async def test_a_broker_that_hangs_up_is_tried_again_but_not_hammered(greeting: bytes) -> None:
    """Before greeting, after it, with a refusal, with nonsense: the pauses grow all the same."""
    calls: list[float] = []

    async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(time.monotonic())
        await reader.readexactly(2)
        writer.write(greeting)
        await writer.drain()
        writer.close()

    async with bad_broker(hangs_up) as url, Bus(url, "caller") as bus:
        await until(lambda: len(calls) >= 5, "five calls")
        assert calls[4] - calls[0] >= (0.1 + 0.2 + 0.4 + 0.8) / 2
        assert not bus.publish("x", b"") or bus.connected


async def test_the_bus_is_entered_while_the_broker_is_away_and_subscribes_when_it_comes(
    mosquitto: servers.Broker,
) -> None:
    heard: list[bytes] = []
    mosquitto.process.kill()
    async with Bus(mosquitto.url, "early") as bus:
        bus.subscribe("x/+", lambda _topic, payload: heard.append(payload))
        assert not bus.connected
        assert not bus.publish("x/y", b"lost")
        await asyncio.to_thread(mosquitto.process.start, lambda: servers.listening(mosquitto.port))
        await until(lambda: bus.connected, "the broker")
        assert bus.publish("x/y", b"found")
        await until(lambda: heard == [b"found"], "the message")


async def test_what_a_callback_or_a_handler_throws_ends_nothing(broker: servers.Broker) -> None:
    heard: list[bytes] = []

    def fails(*_: object) -> None:
        raise RuntimeError("a mistake")

    bus = Bus(broker.url, "sturdy")
    bus.on_connect(fails)
    bus.on_disconnect(fails)

    def speaks() -> None:
        assert bus.publish("x", b"again")

    bus.on_connect(speaks)
    bus.subscribe("x", fails)
    bus.subscribe("x", lambda _topic, payload: heard.append(payload))
    async with bus:
        await until(lambda: heard == [b"again"], "its own message")
        broker.process.kill()
        await until(lambda: not bus.connected, "the loss")
        await asyncio.to_thread(broker.process.start, lambda: servers.listening(broker.port))
        await until(lambda: heard == [b"again"] * 2, "the message after the reconnect")
        assert bus.reconnects == 1


async def test_small_messages_do_not_wait_for_delayed_acknowledgements(mosquitto: servers.Broker) -> None:
    async with Bus(mosquitto.url, "prompt") as bus:
        await until(lambda: bus.connected, "the broker")
        assert bus._client is not None
        connection = bus._client._connection._transport.get_extra_info("socket")
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_two_of_a_name_live_side_by_side(broker: servers.Broker) -> None:
    """Client ids are made unique: a service that is started twice does not throw itself out."""
    heard: list[bytes] = []
    async with Bus(broker.url, "twin") as one, Bus(broker.url, "twin") as other:
        one.subscribe("x", lambda _topic, payload: heard.append(payload))
        await until(lambda: one.connected and other.connected, "both")
        other.publish("x", b"hello")
        await until(lambda: heard, "the message")
        assert (one.reconnects, other.reconnects) == (0, 0)


async def test_what_was_published_last_is_sent_before_the_end(broker: servers.Broker) -> None:
    heard: list[bytes] = []
    async with Bus(broker.url, "listener") as listener:
        listener.subscribe("x", lambda _topic, payload: heard.append(payload))
        await until(lambda: listener.connected, "the listener")
        async with Bus(broker.url, "leaving") as leaving:
            await until(lambda: leaving.connected, "the other")
            for number in range(100):
                leaving.publish("x", bytes([number]))
        await until(lambda: len(heard) == 100, "all of it")


async def test_in_a_session_answers_go_out_in_the_order_of_the_messages(embedded_broker: servers.Broker) -> None:
    """rumqttd hangs up on who acknowledges out of order, and a slow handler is no reason to."""
    slow = asyncio.Event()
    done: list[int] = []

    async def slowly(number: int) -> None:
        await slow.wait()
        done.append(number)

    def handler(_topic: str, payload: bytes) -> Awaitable[None] | None:
        if payload[0] % 2 == 0:
            return slowly(payload[0])
        done.append(payload[0])
        return None

    async with (
        Bus(embedded_broker.url, "durable", session=True) as bus,
        Bus(embedded_broker.url, "writer") as writer,
    ):
        bus.subscribe("x", handler)
        await until(lambda: bus.connected and writer.connected, "both")
        for number in range(20):
            writer.publish("x", bytes([number]))
        await until(lambda: len(done) == 10, "the quick ones")
        slow.set()
        await until(lambda: len(done) == 20, "the slow ones")
        writer.publish("x", bytes([21]))
        await until(lambda: done[-1] == 21, "the one after")
        assert bus.reconnects == 0


async def test_what_a_session_was_sent_and_did_not_take_is_there_for_its_next_life(mosquitto: servers.Broker) -> None:
    """Whoever leaves acknowledges nothing on the way out."""
    heard: list[bytes] = []
    async with Bus(mosquitto.url, "writer") as writer:
        async with Bus(mosquitto.url, "durable", session=True) as bus:
            bus.subscribe("x", lambda _topic, payload: heard.append(payload))
            await until(lambda: writer.publish("x", b"first") and heard, what="both")
            bus.pause_reading()
            heard.clear()
            for number in range(5):
                writer.publish("x", bytes([number]))
            await until(lambda: writer.unacknowledged == 0, what="the broker to have them")
            assert not any(len(payload) == 1 for payload in heard)
            bus.publish("y", b"")  # its acknowledgement, which the bus waits for as it leaves, comes behind them
        async with Bus(mosquitto.url, "durable", session=True) as bus:
            bus.subscribe("x", lambda _topic, payload: heard.append(payload))
            await until(lambda: {bytes([number]) for number in range(5)} <= set(heard), what="what it left")


async def test_a_way_stays_at_its_node_and_is_back_with_it(tmp_path: Path) -> None:
    """What is said at any node that lives is heard; a node that comes back is heard again."""
    with servers.mosquitto(tmp_path / "a") as a, servers.mosquitto(tmp_path / "b") as b:
        heard: set[bytes] = set()
        settings = Settings(mqtt_url=f"{a.url}, {b.url}")
        hearing, saying = Ways.of_platform(settings, "hearing"), Ways.of_platform(settings, "saying")
        hearing.subscribe("where", lambda _topic, payload: heard.add(payload))
        async with hearing, saying, Bus(a.url, "at-a") as at_a, Bus(b.url, "at-b") as at_b:

            def hears(*nodes: bytes) -> bool:
                at_a.publish("where", b"a", qos=0)
                at_b.publish("where", b"b", qos=0)
                saying.publish("where", b"said")
                return heard == {*nodes, b"said"}

            await until(lambda: hears(b"a", b"b"))
            a.process.kill()
            await until(lambda: not at_a.connected)
            heard.clear()
            await until(lambda: hears(b"b"))
            a.process.start()
            await until(lambda: hears(b"a", b"b"))


async def test_what_a_node_has_kept_is_no_news(mosquitto: servers.Broker) -> None:
    heard: list[bytes] = []
    async with Bus(mosquitto.url, "before") as before:
        await until(lambda: before.publish("door", b"old", retain=True))
        await until(lambda: before.unacknowledged == 0)
        ways = Ways([Bus(mosquitto.url, "way")])
        ways.subscribe("door", lambda _topic, payload: heard.append(payload))
        async with ways:
            await until(lambda: before.publish("door", b"new") and b"new" in heard)
    assert set(heard) == {b"new"}


def test_at_one_broker_there_is_nothing_beside_the_one_connection() -> None:
    assert Ways.of_platform(Settings(mqtt_url="mqtt://127.0.0.1:1883"), "one").buses == ()
