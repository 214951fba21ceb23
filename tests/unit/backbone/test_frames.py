"""Frames: both forms say the same, and what is no frame is refused in words."""

import math
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from backbone.frames import (
    MAX_FRAME_BYTES,
    Frame,
    FrameBuilder,
    FrameError,
    FrameEvent,
    decode,
    encode_compact,
    encode_json,
)

readings = st.lists(
    st.tuples(
        st.sampled_from(["a.x", "b.y", "c.z"]),
        st.integers(0, 2**45),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(0, 255),
    ),
    max_size=30,
)


def built(rows: list[tuple[str, int, float, int]], events: tuple[FrameEvent, ...] = ()) -> Frame:
    builder = FrameBuilder()
    for row in rows:
        builder.add(*row)
    for event in events:
        builder.add_event(event)
    return builder.seal(epoch=3, seq=7, sent=1_790_000_000_123, prev=5)


def rows_of(frame: Frame) -> list[tuple[str, int, float, int]]:
    return [
        (frame.points[p], int(t), float(x), int(q))
        for p, t, x, q in zip(frame.p, frame.t, frame.x, frame.q, strict=True)
    ]


@given(readings)
def test_both_forms_bring_back_what_was_sealed(rows: list[tuple[str, int, float, int]]) -> None:
    event = FrameEvent("door-1.credential", 1_790_000_000_000, "access.denied", {"reason": "unknown"})
    frame = built(rows, (event,))
    for encode in (encode_compact, encode_json):
        back = decode(encode(frame))
        assert rows_of(back) == rows
        assert (back.epoch, back.seq, back.previous, back.sent) == (3, 7, 5, 1_790_000_000_123)
        assert back.events == (event,)


def test_the_documented_example_is_read() -> None:
    frame = decode(
        b'{"v":1,"epoch":3,"seq":10413,"sent":1790000000123,"points":["env-1.temperature","env-1.humidity"],'
        b'"p":[0,1,0],"t":[0,0,1000],"t0":1790000000000,"x":[21.4,48.0,21.5],"q":[0,0,0],'
        b'"events":[{"point":"door-1.credential","t":1,"type":"access.denied","data":{}}]}'
    )
    assert rows_of(frame)[2] == ("env-1.temperature", 1_790_000_001_000, 21.5, 0)
    assert frame.previous == 10412


def test_a_null_is_not_a_number() -> None:
    frame = decode(b'{"v":1,"epoch":1,"seq":1,"sent":1,"points":["a.x"],"p":[0],"t":[1],"x":[null],"q":[0]}')
    assert math.isnan(frame.x[0])


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b"", "not a frame"),
        (b"{", "not a frame"),
        (b"\x80", "not a frame"),
        (b"null", "not a frame"),
        (b'{"v":2,"epoch":1,"seq":1,"sent":1,"points":[],"p":[],"t":[],"x":[],"q":[]}', "version 2"),
        (b'{"v":1,"epoch":1,"seq":0,"sent":1,"points":[],"p":[],"t":[],"x":[],"q":[]}', "numbers start"),
        (b'{"v":1,"epoch":1,"seq":1,"sent":1,"points":["a.x"],"p":[0],"t":[1,2],"x":[1],"q":[0]}', "differ in length"),
        (b'{"v":1,"epoch":1,"seq":1,"sent":1,"points":["a.x"],"p":[1],"t":[1],"x":[1],"q":[0]}', "index 1 in p"),
        (b'{"v":1,"epoch":1,"seq":1,"sent":1,"points":["a.x"],"p":[-1],"t":[1],"x":[1],"q":[0]}', "not a frame"),
        (b'{"v":1,"epoch":1,"seq":1,"sent":1,"points":["a.x"],"p":[0],"t":[1],"x":[1],"q":[300]}', "not a frame"),
        (b"{" + b" " * MAX_FRAME_BYTES, "at most"),
    ],
)
def test_what_is_no_frame_is_refused_in_words(payload: bytes, says: str) -> None:
    with pytest.raises(FrameError, match=says):
        decode(payload)


def test_a_column_of_odd_bytes_is_refused() -> None:
    row = {"v": 1, "epoch": 1, "seq": 1, "sent": 1, "points": ["a.x"]}
    columns = {"p": b"\0\0\0", "t": b"\0" * 8, "x": b"\0" * 8, "q": b"\0"}
    with pytest.raises(FrameError, match="not a frame"):
        decode(msgspec.msgpack.encode({**row, **columns}))


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_decoder(payload: bytes) -> None:
    try:
        frame = decode(payload)
    except FrameError:
        return
    assert frame.t.dtype == np.int64


@pytest.mark.parametrize("encode", [encode_compact, encode_json])
def test_an_index_is_looked_at_though_points_and_index_of_the_frame_before_are_known(
    encode: Callable[[Frame], bytes],
) -> None:
    one = built([("a.x", 1, 2.0, 0), ("b.y", 1, 3.0, 0)])
    for indices in ([0, 1], [1, 0], [1, 1], [0, 1], [0, 1]):
        assert decode(encode(replace(one, p=np.array(indices, np.uint32)))).p.tolist() == indices
    for _ in range(2):
        with pytest.raises(FrameError, match="index 2 in p"):
            decode(encode(replace(one, p=np.array([0, 2], np.uint32))))
    fewer = replace(one, points=("a.x",))
    with pytest.raises(FrameError, match="index 1 in p"):
        decode(encode(fewer))


@pytest.mark.parametrize("encode", [encode_compact, encode_json])
def test_points_named_again_are_the_same_list(encode: Callable[[Frame], bytes]) -> None:
    one = built([("a.x", 1, 2.0, 0), ("b.y", 1, 3.0, 0)])
    assert decode(encode(one)).points is decode(encode(replace(one, seq=one.seq + 1))).points
    other = replace(one, points=tuple(reversed(one.points)))
    assert decode(encode(other)).points == other.points
    rare = replace(one, points=("c.z", "d.z"))
    passing = [decode(encode(rare), remember=False).points for _ in range(2)]
    assert passing[0] == passing[1] == rare.points
    assert passing[0] is not passing[1], "nothing was kept of it"
