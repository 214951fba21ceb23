"""Bytes of a connection become packets: whole, in order, and never more kept than the limit."""

import pytest
from gmqtt.mqtt.utils import pack_variable_byte_integer
from hypothesis import given
from hypothesis import strategies as st

from backbone.mqtt_wire import InFlight, MalformedPacketError, PacketHead, PacketSplitter, packet_head

LIMIT = 300
Packet = tuple[int, bytes]
packets = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=1000)), max_size=8)


def wire(packet: Packet) -> bytes:
    command, body = packet
    return bytes([command]) + bytes(pack_variable_byte_integer(len(body))) + body


@given(packets, st.lists(st.integers(1, 400), min_size=1, max_size=20))
def test_however_it_arrives_each_packet_comes_once_and_large_ones_are_cut(sent: list[Packet], steps: list[int]) -> None:
    data = b"".join(wire(packet) for packet in sent)
    splitter, found, at, turn = PacketSplitter(LIMIT), [], 0, 0
    while at < len(data):
        step = steps[turn % len(steps)]
        found += splitter.feed(data[at : at + step])
        at, turn = at + step, turn + 1
    assert found == [(command, body[:LIMIT]) for command, body in sent]


@given(st.integers(1, 50_000))
def test_no_more_than_the_limit_is_held(step: int) -> None:
    splitter = PacketSplitter(LIMIT)
    data = wire((0x30, bytes(100_000))) + wire((0xD0, b""))
    found = []
    for at in range(0, len(data), step):
        found += splitter.feed(data[at : at + step])
        assert len(splitter._buffer) <= LIMIT + 5
    assert found == [(0x30, bytes(LIMIT)), (0xD0, b"")]


@pytest.mark.parametrize(
    ("data", "head"),
    [
        (b"", None),
        (b"\x30", None),
        (b"\x30\x00", PacketHead(2, 0)),
        (b"\x30\x7f", PacketHead(2, 127)),
        (b"\x30\x80", None),
        (b"\x30\x80\x01", PacketHead(3, 128)),
        (b"\x30\xff\xff\xff\x7f", PacketHead(5, 268_435_455)),
    ],
)
def test_heads(data: bytes, head: PacketHead | None) -> None:
    assert packet_head(data) == head
    assert packet_head(b"xyz" + data, 3) == (None if head is None else PacketHead(head.start + 3, head.size))


def test_a_length_of_five_bytes_is_no_mqtt() -> None:
    with pytest.raises(MalformedPacketError):
        packet_head(b"\x30\xff\xff\xff\xff\x01")


@given(st.lists(st.tuples(st.sampled_from(["push", "remove"]), st.integers(1, 5), st.binary(max_size=9))))
def test_what_is_on_its_way_is_counted_in_bytes(steps: list[tuple[str, int, bytes]]) -> None:
    known: dict[int, bytes] = {}
    in_flight = InFlight()
    for step, number, package in steps:
        if step == "push":
            in_flight.push_message(number, package)
            known[number] = package
        else:
            in_flight.remove_message_by_mid(number)
            known.pop(number, None)
        assert (len(in_flight), in_flight.numbers) == (len(known), frozenset(known))
        assert in_flight.size_bytes == sum(map(len, known.values()))
    in_flight.clear()
    assert (len(in_flight), in_flight.size_bytes) == (0, 0)
