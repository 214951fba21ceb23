"""What a detector was told since its state was stored, as bytes, to be told again.

A detector is a function of what it is told, in its order. So a state and what was told since are the state of now,
exactly: delays that ended by the clock included. This costs what was told, not what is known.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from rules.detect.checkpoint import CheckpointError, Layout, layout_of
from rules.detect.columns import Column, packed, unpacked
from rules.detect.engine import Detector
from rules.detect.model import Batch, Index, Occurrence, Transition
from rules.detect.reach import Reach

Call = tuple[str, Batch] | tuple[str, int] | tuple[str, int, Reach | None]
"""The name of a method of `Detector`, and its arguments."""


class _Told(msgspec.Struct, frozen=True, array_like=True):
    """One call; of a batch its columns, of a reach its three."""

    call: str
    number: int = 0
    columns: tuple[bytes, ...] = ()
    events: tuple[Occurrence, ...] = ()
    packed: tuple[Column, ...] = ()
    """Of a large batch; small ones, and those of older programs, have `columns` in their place."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[_Told])
FEW = 256
"""So few readings take a few kB as they are, and packing them as long as an alarm's own statements: 30 µs, not 1."""
_COLUMNS: tuple[type[np.generic], ...] = (np.uint32, np.int64, np.float64, np.uint8)


class Told:
    """A detector, and what it was told since `take` was called last."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self._calls: list[Call] = []
        self.readings = 0
        """How many it was told since."""

    def evaluate(self, batch: Batch) -> list[Transition]:
        """See `Detector.evaluate`; nobody changes the batch afterwards."""
        self._calls.append(("evaluate", batch))
        self.readings += len(batch)
        return self.detector.evaluate(batch)

    def tick(self, now: int, reach: Reach | None) -> list[Transition]:
        """See `Detector.tick`."""
        self._calls.append(("tick", now, reach))
        return self.detector.tick(now, reach)

    def listen(self, now: int) -> None:
        """See `Detector.listen`."""
        self._calls.append(("listen", now))
        self.detector.listen(now)

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`."""
        self._calls.append(("set_back", by))
        self.detector.set_back(by)

    @property
    def calls(self) -> int:
        """How often it was told something since."""
        return len(self._calls)

    def take(self) -> list[Call]:
        """What was told since the last time, for `encoded`."""
        calls, self._calls, self.readings = self._calls, [], 0
        return calls

    def give_back(self, calls: list[Call]) -> None:
        """What was taken could not be stored: it comes before what was told since."""
        self._calls = calls + self._calls
        self.readings += readings_of(calls)


def readings_of(calls: Sequence[Call]) -> int:
    """How many readings were told."""
    return sum(len(call[1]) for call in calls if isinstance(call[1], Batch))


def encoded(calls: Sequence[Call]) -> bytes:
    """The calls as bytes; any thread may do it."""
    return _encoder.encode([_told(call) for call in calls])


def _told(call: Call) -> _Told:
    name, what = call[0], call[1]
    if isinstance(what, Batch):
        columns = (what.p, what.t, what.x, what.q)
        if len(what) <= FEW:
            raw = tuple(
                np.ascontiguousarray(column, dtype=kind).tobytes()
                for column, kind in zip(columns, _COLUMNS, strict=True)
            )
            return _Told(name, 0, raw, tuple(what.occurrences))
        return _Told(name, events=tuple(what.occurrences), packed=tuple(packed(column) for column in columns))
    reach = call[2] if len(call) > 2 else None
    return _Told(name, what, () if reach is None else tuple(times.tobytes() for times in reach))


def tell_again(detector: Detector, told: bytes, layout: bytes) -> None:
    """Have a detector be told once more what one with this layout was told; what follows from it is known already.

    Raises:
        CheckpointError: the bytes cannot be read; nothing was told.
    """
    try:
        calls = _decoder.decode(told)
    except msgspec.MsgspecError as error:
        raise CheckpointError(f"not what a detector was told: {error}") from error
    places = None if layout == detector.layout else _places(detector, layout_of(layout))
    sources = len(detector.compiled.sources)
    for call in calls:
        match call.call:
            case "evaluate":
                detector.evaluate(_batch(call, places))
            case "tick":
                detector.tick(call.number, _reach(call, None if places is None else sources))
            case "listen":
                detector.listen(call.number)
            case _:
                detector.set_back(call.number)


def _places(detector: Detector, before: Layout) -> Index:
    """Where the points of another site file are in this one's; -1: nowhere."""
    now = detector.compiled.point_index
    return np.array([now.get(point, -1) for point in before.points], dtype=np.intp)


def _batch(call: _Told, places: Index | None) -> Batch:
    if call.packed:
        p, t, x, q = (unpacked(column, kind) for column, kind in zip(call.packed, _COLUMNS, strict=True))
    else:
        p, t, x, q = (np.frombuffer(raw, dtype=kind) for raw, kind in zip(call.columns, _COLUMNS, strict=True))
    if places is None:
        return Batch(p.astype(np.intp), t, x, q, call.events)
    at = places.take(p)
    stays = at >= 0
    before = np.concatenate(([0], np.cumsum(stays)))
    events = [
        event._replace(position=before.item(event.position), point=places.item(event.point))
        for event in call.events
        if places.item(event.point) >= 0
    ]
    return Batch(at[stays], t[stays], x[stays], q[stays], events)


def _reach(call: _Told, sources: int | None) -> Reach | None:
    """`sources`: how many there are, where they may be others than then: time passes as for the one that is last."""
    if not call.columns:
        return None
    times: list[npt.NDArray[np.int64]] = [np.frombuffer(raw, dtype=np.int64) for raw in call.columns]
    if sources is not None:
        times = [np.full(sources, row.min(initial=call.number)) for row in times]
    return Reach(*times)
