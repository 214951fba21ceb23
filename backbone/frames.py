"""Frames: how readings travel. Columnar; JSON is the open form, MessagePack with raw columns the compact one.

The two are told apart by the first byte: JSON starts with `{`, the compact form with a MessagePack map.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

MAX_FRAME_BYTES = 1_000_000
MOST_KNOWN_BYTES = 4_000_000
"""Of lists of points that are remembered; as text they take about three times as much."""

FloatColumn = npt.NDArray[np.float64]
TimeColumn = npt.NDArray[np.int64]
QualityColumn = npt.NDArray[np.uint8]
IndexColumn = npt.NDArray[np.uint32]


class FrameError(ValueError):
    """A payload that is no frame; the message says what is wrong, for the quarantine."""


class FrameEvent(msgspec.Struct, frozen=True):
    """Something that happened at a point and is no number: a credential shown, a tamper warning."""

    point: str
    t: int
    type: str
    data: dict[str, Any] = {}


class Frame(msgspec.Struct, frozen=True, eq=False):
    """A numbered batch of readings of one gateway's lane.

    `p` indexes `points` (n,), `t` Unix ms (n,), `x` values (n,), `q` quality bits (n,). `prev` is the number of
    the frame before it in the gateway's spool: a consumer that has that one misses nothing in between.
    """

    epoch: int
    seq: int
    sent: int
    points: tuple[str, ...]
    p: IndexColumn
    t: TimeColumn
    x: FloatColumn
    q: QualityColumn
    events: tuple[FrameEvent, ...] = ()
    prev: int = -1
    """-1: not given, the frame numbered one less."""

    @property
    def previous(self) -> int:
        """The number of the frame this one follows."""
        return self.seq - 1 if self.prev < 0 else self.prev


class _JsonFrame(msgspec.Struct, omit_defaults=True):
    v: int
    epoch: int
    seq: int
    sent: int
    points: msgspec.Raw
    p: list[int]
    t: list[int]
    x: list[float | None]
    q: list[int]
    t0: int = 0
    events: tuple[FrameEvent, ...] = ()
    prev: int = -1


class _CompactFrame(msgspec.Struct, omit_defaults=True):
    v: int
    epoch: int
    seq: int
    sent: int
    points: msgspec.Raw
    p: bytes
    t: bytes
    x: bytes
    q: bytes
    t0: int = 0
    events: tuple[FrameEvent, ...] = ()
    prev: int = -1


_P, _T, _X, _Q = (np.dtype(kind) for kind in ("<u4", "<i8", "<f8", "u1"))
_json_decoder = msgspec.json.Decoder(_JsonFrame)
_json_encoder = msgspec.json.Encoder()
_compact_decoder = msgspec.msgpack.Decoder(_CompactFrame)
_compact_encoder = msgspec.msgpack.Encoder()


class _Index(NamedTuple):
    """A column of indices that lie in its frame's list of points."""

    raw: bytes
    column: IndexColumn


_NO_INDEX = _Index(b"", np.zeros(0, dtype=np.uint32))


class _PointList:
    """The points of frames, and the index of the last one: most often the next has the same."""

    __slots__ = ("index", "names", "raw")

    def __init__(self, names: Sequence[str], raw: bytes) -> None:
        self.names = tuple(names)
        self.raw = raw
        self.index = _NO_INDEX


class _PointLists:
    """Lists of points that were decoded before: a gateway names the same points in frame after frame.

    Equal bytes give the very same tuple, so what readers derive from a list can be kept by it. Bounded in bytes.
    """

    def __init__(self, decode: Callable[[msgspec.Raw], list[str]]) -> None:
        self._decode = decode
        self._known: dict[bytes, _PointList] = {}
        self._begins: dict[bytes, _PointList] = {}
        """By its first bytes, the last list that began so: to hash a whole one takes longer than to compare two."""
        self._bytes = 0

    def of(self, raw: msgspec.Raw, *, remember: bool) -> _PointList:
        """The list that these bytes are.

        Raises:
            msgspec.MsgspecError: it is none.
        """
        key = bytes(raw)
        begins = key[:_BEGINNING]
        found = self._begins.get(begins)
        if found is not None and found.raw == key:
            return found
        found = self._known.get(key)
        if found is None:
            found = _PointList(self._decode(raw), key)
            if not remember:
                return found
            self._bytes += len(key)
            if self._bytes > MOST_KNOWN_BYTES:
                self._known.clear()
                self._begins.clear()
                self._bytes = len(key)
            self._known[key] = found
        self._begins[begins] = found
        return found


_BEGINNING = 64
_json_lists = _PointLists(msgspec.json.Decoder(list[str]).decode)
_compact_lists = _PointLists(msgspec.msgpack.Decoder(list[str]).decode)


def encode_compact(frame: Frame) -> bytes:
    """The form gateways send: raw little-endian columns in MessagePack."""
    return _compact_encoder.encode(
        _CompactFrame(
            v=1,
            epoch=frame.epoch,
            seq=frame.seq,
            sent=frame.sent,
            points=msgspec.Raw(_compact_encoder.encode(frame.points)),
            p=frame.p.astype(_P, copy=False).tobytes(),
            t=frame.t.astype(_T, copy=False).tobytes(),
            x=frame.x.astype(_X, copy=False).tobytes(),
            q=frame.q.astype(_Q, copy=False).tobytes(),
            events=frame.events,
            prev=frame.prev,
        )
    )


def encode_json(frame: Frame) -> bytes:
    """The documented, open form; a NaN is written as null."""
    t0 = int(frame.t[0]) if frame.t.size else 0
    return _json_encoder.encode(
        _JsonFrame(
            v=1,
            epoch=frame.epoch,
            seq=frame.seq,
            sent=frame.sent,
            points=msgspec.Raw(_json_encoder.encode(frame.points)),
            p=frame.p.tolist(),
            t=(frame.t - t0).tolist(),
            x=frame.x.tolist(),
            q=frame.q.tolist(),
            t0=t0,
            events=frame.events,
            prev=frame.prev,
        )
    )


def decode(payload: bytes, *, remember: bool = True) -> Frame:
    """A frame from either form; columns are read-only arrays.

    `remember` its list of points, for who reads frame after frame and has the memory.

    Raises:
        FrameError: too large, not a frame, another version, columns of unequal length, or an index beyond `points`.
    """
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameError(f"{len(payload)} bytes; a frame has at most {MAX_FRAME_BYTES}")
    try:
        frame = (_from_json if payload[:1] == b"{" else _from_compact)(payload, remember)
    except FrameError:
        raise
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise FrameError(f"not a frame: {error}") from error
    if frame.seq < 1 or frame.epoch < 0:
        raise FrameError(f"epoch {frame.epoch}, seq {frame.seq}: numbers start at 0 and 1")
    return frame


def _from_json(payload: bytes, remember: bool) -> Frame:
    row = _json_decoder.decode(payload)
    _check_version(row.v)
    x = np.array([np.nan if v is None else v for v in row.x] if None in row.x else row.x, dtype=np.float64)
    points = _json_lists.of(row.points, remember=remember).names
    p = np.array(row.p, dtype=np.uint32)
    t = np.array(row.t, dtype=np.int64) + row.t0
    return _framed(row, points, _checked(p, points), t, x, np.array(row.q, dtype=np.uint8))


def _from_compact(payload: bytes, remember: bool) -> Frame:
    row = _compact_decoder.decode(payload)
    _check_version(row.v)
    listed = _compact_lists.of(row.points, remember=remember)
    if listed.index.raw != row.p:
        listed.index = _Index(row.p, _checked(np.frombuffer(row.p, _P), listed.names))
    t = np.frombuffer(row.t, _T)
    if row.t0:
        t = t + row.t0
    return _framed(row, listed.names, listed.index.column, t, np.frombuffer(row.x, _X), np.frombuffer(row.q, _Q))


def _checked(p: IndexColumn, points: Sequence[str]) -> IndexColumn:
    if p.size and int(p.max()) >= len(points):
        raise FrameError(f"index {int(p.max())} in p, but points has {len(points)}")
    return p


def _framed(
    row: "_JsonFrame | _CompactFrame",
    points: tuple[str, ...],
    p: IndexColumn,
    t: TimeColumn,
    x: FloatColumn,
    q: QualityColumn,
) -> Frame:
    if not (len(p) == len(x) == len(q) == len(t)):
        raise FrameError(f"columns differ in length: p {p.size}, t {t.size}, x {x.size}, q {q.size}")
    return Frame(row.epoch, row.seq, row.sent, points, p, t, x, q, row.events, row.prev)


def _check_version(version: int) -> None:
    if version != 1:
        raise FrameError(f"frame version {version}; this program reads version 1")


@dataclass(slots=True)
class FrameBuilder:
    """Gathers readings for one lane until they are sealed into a frame."""

    _index: dict[str, int] = field(default_factory=dict)
    _p: list[int] = field(default_factory=list)
    _t: list[int] = field(default_factory=list)
    _x: list[float] = field(default_factory=list)
    _q: list[int] = field(default_factory=list)
    _events: list[FrameEvent] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._t) + len(self._events)

    def add(self, point: str, t: int, x: float, q: int) -> None:
        """One reading."""
        self._p.append(self._index.setdefault(point, len(self._index)))
        self._t.append(t)
        self._x.append(x)
        self._q.append(q)

    def add_event(self, event: FrameEvent) -> None:
        """One event."""
        self._events.append(event)

    def seal(self, *, epoch: int, seq: int, sent: int, prev: int = -1) -> Frame:
        """The frame of all that was added; the builder is empty again."""
        frame = Frame(
            epoch,
            seq,
            sent,
            tuple(self._index),
            np.array(self._p, dtype=np.uint32),
            np.array(self._t, dtype=np.int64),
            np.array(self._x, dtype=np.float64),
            np.array(self._q, dtype=np.uint8),
            tuple(self._events),
            prev,
        )
        self._index = {}
        self._p, self._t, self._x, self._q, self._events = [], [], [], [], []
        return frame
