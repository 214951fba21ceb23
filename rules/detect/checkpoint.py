"""A detector's state as bytes, and back, also into a detector of a changed site.

The layout names every place of the arrays; it changes with the site file only, and is kept apart from the state, which
is written several times a second.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

from rules.detect.compiled import Compiled
from rules.detect.composites import Composites
from rules.detect.counts import Counts
from rules.detect.kinds.at_points import AtPoints
from rules.detect.levels import Levels
from rules.detect.phases import Phases
from rules.detect.reach import Reach
from rules.detect.silences import Silences

_FAST = 1
_FORMAT = b"anju2"
"""What a state begins with since it is written column by column."""


class CheckpointError(ValueError):
    """Bytes that are no state of a detector, or state and layout that do not belong together."""


class Layout(msgspec.Struct, frozen=True):
    """Names of the places of each table."""

    points: list[str]
    spots: list[str]
    bindings: list[str]
    at_points: dict[str, list[str]] = {}

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """By table: the names of its places."""
        return {
            "points": self.points,
            "spots": self.spots,
            "bindings": self.bindings,
            **self.at_points,
        }


class _State(msgspec.Struct, frozen=True):
    """As it was written before `_FORMAT`; since then without its columns, which follow in the order of `sizes`."""

    layout: int
    columns: dict[str, bytes]
    seen: list[int]
    explained: dict[int, list[int]]
    times: dict[int, list[int]]
    sizes: dict[str, int] = {}
    """Bytes of each column."""
    listening_since: int = 0
    to_judge: tuple[int, tuple[int, ...]] = (0, ())
    """See `Composites.to_judge`."""
    reached: tuple[bytes, ...] = ()
    """The columns of the last tick's reach."""


@dataclass(frozen=True)
class Snapshot:
    """A state as of one moment, not encoded yet: that takes longer, and any thread may do it."""

    head: bytes
    columns: tuple[bytes, ...]

    @cached_property
    def encoded(self) -> bytes:
        """Compressed, column by column: zlib lets other threads run meanwhile."""
        pack = zlib.compressobj(_FAST)
        pieces = [pack.compress(piece) for piece in (len(self.head).to_bytes(4, "little"), self.head, *self.columns)]
        return b"".join((_FORMAT, *pieces, pack.flush()))


@dataclass(frozen=True)
class Parts:
    """Where the state is."""

    compiled: Compiled
    phases: Phases
    levels: Levels
    silences: Silences
    counts: Counts
    at_points: Mapping[str, AtPoints]
    composites: Composites

    @cached_property
    def layout(self) -> bytes:
        """The encoded layout."""
        keys = [s.key for s in self.compiled.spots]
        points = self.compiled.points
        rows = Layout(
            list(points),
            keys,
            [f"{keys[b.spot]}|{points[b.point]}" for b in self.compiled.bindings],
            {kind: [keys[row.spot] for row in self.compiled.at_points[kind]] for kind in self.at_points},
        )
        return zlib.compress(msgspec.msgpack.encode(rows))

    @cached_property
    def digest(self) -> int:
        """Tells one layout from another."""
        return zlib.crc32(self.layout)

    @cached_property
    def columns(self) -> Mapping[str, tuple[str, npt.NDArray[np.generic]]]:
        """Every array of state and the table its places belong to."""
        p, v = self.phases, self.levels.votes
        n = len(self.compiled.bindings)
        return {
            "phase": ("spots", p.phase),
            "since": ("spots", p.since),
            "due": ("spots", p.due),
            "left": ("spots", p.left),
            "lapse": ("spots", p.lapse),
            "value": ("spots", p.value),
            "quality": ("spots", p.quality),
            "rose_at": ("spots", p.rose_at),
            "fell_at": ("spots", p.fell_at),
            "fell_value": ("spots", p.fell_value),
            "fell_quality": ("spots", p.fell_quality),
            "truth": ("bindings", self.levels.inside[:n]),
            "known": ("spots", p.known),
            "heard_until": ("bindings", v.heard_until[:n]),
            "held_until": ("bindings", v.held_until[:n]),
            "spoke_at": ("bindings", v.spoke_at[:n]),
            "vote_quality": ("bindings", v.quality[:n]),
            "heard": ("points", self.silences.last),
            **{
                f"{kind}.{name}": (kind, column)
                for kind, state in self.at_points.items()
                for name, column in state.columns().items()
            },
        }


def snapshot(parts: Parts, reach: Reach | None) -> Snapshot:
    """The state as it is now, with the last tick's reach: a copy, which is all that detection has to wait for."""
    columns = {name: column.tobytes() for name, (_, column) in parts.columns.items()}
    sequences = parts.levels.sequences
    sizes = {name: len(column) for name, column in columns.items()}
    head = _State(
        layout=parts.digest,
        columns={},
        seen=sorted(sequences.seen),
        explained=sequences.explained,
        times=parts.counts.times,
        sizes=sizes,
        listening_since=parts.silences.listening_since,
        to_judge=parts.composites.to_judge,
        reached=() if reach is None else tuple(times.tobytes() for times in reach),
    )
    return Snapshot(msgspec.msgpack.encode(head), tuple(columns.values()))


def _decoded(state: bytes) -> _State:
    if not state.startswith(_FORMAT):
        return msgspec.msgpack.decode(zlib.decompress(state), type=_State)
    text = memoryview(zlib.decompress(memoryview(state)[len(_FORMAT) :]))
    at = 4 + int.from_bytes(text[:4], "little")
    head = msgspec.msgpack.decode(text[4:at], type=_State)
    columns: dict[str, bytes] = {}
    for name, size in head.sizes.items():
        columns[name], at = bytes(text[at : at + size]), at + size
    return msgspec.structs.replace(head, columns=columns)


def layout_of(layout: bytes) -> Layout:
    """What the places of a state mean.

    Raises:
        CheckpointError: the bytes cannot be read.
    """
    try:
        return msgspec.msgpack.decode(zlib.decompress(layout), type=Layout)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise CheckpointError(f"not a layout: {error}") from error


def restore(parts: Parts, state: bytes, layout: bytes) -> Reach | None:
    """Put the state back; conditions that did not exist then start afresh. The reach that is still to be minded.

    Raises:
        CheckpointError: the bytes cannot be read, or do not belong together.
    """
    names = layout_of(layout)
    try:
        old = _decoded(state)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise CheckpointError(f"not a checkpoint: {error}") from error
    if old.layout != zlib.crc32(layout):
        raise CheckpointError("state and layout are of different versions")
    moves = _moves(parts, names) if layout != parts.layout else _stay(names)
    for name, (table, column) in parts.columns.items():
        before, after = moves[table]
        saved = np.frombuffer(old.columns.get(name, b""), dtype=column.dtype)
        width = column.size // len(column) if len(column) else 1
        if saved.size == len(names.tables.get(table, ())) * width:
            column[after] = saved.reshape(-1, *column.shape[1:])[before]
    binding = dict(zip(*(m.tolist() for m in moves["bindings"]), strict=True))
    spot = dict(zip(*(m.tolist() for m in moves["spots"]), strict=True))
    parts.levels.sequences.seen = {binding[b] for b in old.seen if b in binding}
    parts.levels.sequences.explained = {binding[b]: times for b, times in old.explained.items() if b in binding}
    parts.counts.times = {spot[s]: times for s, times in old.times.items() if s in spot}
    parts.silences.listening_since = old.listening_since
    since, spots = old.to_judge
    parts.composites.to_judge = since, tuple(spot[s] for s in spots if s in spot)
    reached = [np.frombuffer(times, dtype=np.int64) for times in old.reached]
    of_these = layout == parts.layout and all(times.size == len(parts.compiled.sources) for times in reached)
    return Reach(*reached) if reached and of_these else None


_Move = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def _moves(parts: Parts, names: Layout) -> dict[str, _Move]:
    now = msgspec.msgpack.decode(zlib.decompress(parts.layout), type=Layout)
    return {table: _move(names.tables.get(table, ()), rows) for table, rows in now.tables.items()}


def _stay(names: Layout) -> dict[str, _Move]:
    """The places of an unchanged site: a restart, which should not take long."""
    return {table: (np.arange(len(rows)),) * 2 for table, rows in names.tables.items()}


def _move(old: Sequence[str], new: Sequence[str]) -> _Move:
    places = {name: place for place, name in enumerate(new)}
    pairs = [(place, places[name]) for place, name in enumerate(old) if name in places]
    columns = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]
