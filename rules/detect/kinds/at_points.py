"""What kinds of condition at a point share: which readings concern them, in which order, and what becomes of a verdict.

State is kept in arrays with one place a row, so that a batch costs a few array operations and not a loop. A batch in
which rows have several readings is cut into rounds in which each has one, so that a kind looks at one reading a row, in
order, whatever the batching. Where a kind keeps whether it is true, that is the phase of its spot: an alarm that stands
is true.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rules.detect.compiled import At, Compiled
from rules.detect.levels import Fanout
from rules.detect.model import Batch, Bits, Flags, Index, Times, Values, places
from rules.detect.phases import Phases

HELD_INTERVALS = 3
"""A value stands for so many expected intervals of its sensor; after that nothing is known."""


class Readings(NamedTuple):
    """Readings (n,) of different rows: row, Unix ms, value, quality bits."""

    row: Index
    t: Times
    x: Values
    q: Bits

    def where(self, flags: Flags) -> "Readings":
        """Those with the flag."""
        place = places(flags)
        return self if place.size == flags.size else self.at(place)

    def at(self, place: Index) -> "Readings":
        """Those at some places."""
        return Readings(self.row.take(place), self.t.take(place), self.x.take(place), self.q.take(place))


class AtPoints:
    """The conditions of one kind; `rows` are sorted by point."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        self.phases = phases
        self.n = len(rows)
        self.spot = np.array([row.spot for row in rows], dtype=np.intp)
        self.held_ms = np.array([max(HELD_INTERVALS * row.every_ms, 1) for row in rows], dtype=np.int64)
        self.points = [row.point for row in rows]
        self._row_of = {row.spot: place for place, row in enumerate(rows)}
        self.told_at = np.zeros(self.n, dtype=np.intp)
        """Where in the batch the reading stands that a row is looked at by, as `Phases.place`; 0 between batches."""

    def columns(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """The arrays of state, (rows, …), by name."""
        return {}

    def take(self, readings: Readings) -> None:
        """Take known readings, one a row."""
        raise NotImplementedError

    def lose(self, readings: Readings) -> None:
        """Take readings that say nothing, one a row: running delays stop, and all else stays as it is.

        Kinds that judge a window leave them out instead: the window says what it says, or that it knows too little.
        """
        no = np.zeros(readings.row.size, dtype=np.bool_)
        self.judge(readings.row, readings.t, no, readings.x, readings.q, no)

    def tick(self, now: Times) -> None:
        """Every reading of each row made before its `now` (rows,) was given."""

    def adopt(self, spot: int, since: int) -> None:
        """An alarm of the spot stands since then, and nothing is known of what led to it."""

    def refresh(self) -> None:
        """Derive from the restored state what is not stored."""

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`; windows that are cut into steps move by whole ones."""

    def evaluate(self, readings: Readings, position: Index, without: Flags | None, *, alone: bool) -> None:
        """Take readings (n,) of a batch, in order, and where in it they stand; `alone`: there is one a row.

        `without` (n,) marks those that say nothing, None when all are known.
        """
        if alone:
            self._take(readings, without)
            return
        for part in _rounds(readings.row):
            its = readings.at(part)
            self.told_at[its.row] = 2 * position.take(part) + 1
            self._take(its, None if without is None else without.take(part))

    def _take(self, readings: Readings, without: Flags | None) -> None:
        if without is None or not without.any():
            self.take(readings)
            return
        self.lose(readings.where(without))
        if not without.all():
            self.take(readings.where(~without))

    def judge(self, row: Index, t: Times, truth: Flags, value: Values, quality: Bits, known: Flags) -> None:
        """What different rows (n,) are at `t`; where not `known`, nothing can be said."""
        phases, spot = self.phases, self.spot.take(row)
        for place in phases.looked_at(spot, truth, known):
            says = truth.item(place) if known.item(place) else None
            phases.place = self.told_at.item(row.item(place))
            phases.observe(spot.item(place), t.item(place), says, value.item(place), quality.item(place))

    def settle(self, row: Index, t: Times) -> None:
        """End what ends by `t` (n,) at different rows (n,)."""
        phases, spot = self.phases, self.spot.take(row)
        for place in phases.ending(spot, t):
            phases.place = self.told_at.item(row.item(place))
            phases.settle(spot.item(place), t.item(place))

    def are_true(self, row: Index) -> Flags:
        """Which rows are true so far."""
        return self.phases.are_true(self.spot.take(row))

    def are_calm(self, row: Index) -> Flags:
        """At which rows nothing changes but by a verdict to the contrary."""
        return self.phases.are_calm(self.spot.take(row))

    def row_of(self, spot: int) -> int | None:
        """The row of a spot, None for those of other kinds."""
        return self._row_of.get(spot)


class Spread:
    """Which readings of a batch concern which kind: found for all of them at once, since each is asked for few."""

    def __init__(self, kinds: Sequence[AtPoints], n_points: int) -> None:
        self._kinds = kinds
        # rows of all kinds are numbered one kind after the other
        begins = np.cumsum([0, *(kind.n for kind in kinds)]).tolist()
        points = np.array([point for kind in kinds for point in kind.points], dtype=np.intp)
        self._row = np.argsort(points, kind="stable")
        self._fanout = Fanout(points.take(self._row).tolist(), n_points)
        self._numbers = np.arange(len(kinds), dtype=np.uint8)
        self._kind = np.repeat(self._numbers, [kind.n for kind in kinds]).take(self._row)
        self._row_of_kind = self._row - np.array(begins[:-1], dtype=np.intp).take(self._kind)
        self._last_place = np.zeros(points.size, dtype=np.intp)
        self._told_at = np.zeros(points.size, dtype=np.intp)
        for kind, begin, end in zip(kinds, begins, begins[1:], strict=False):
            kind.told_at = self._told_at[begin:end]

    def evaluate(self, batch: Batch, unknown: Flags | None) -> None:
        """Take a batch; `unknown` (n,) marks readings that say nothing, None when all are known."""
        position, place = self._fanout.rows(batch.p)
        if position is None:
            position = places(place < self._row.size)
            place = place.take(position)
        if not place.size:
            return
        kind = self._kind.take(place)
        by_kind = np.argsort(kind, kind="stable")
        position, place = position.take(by_kind), place.take(by_kind)
        row, row_of_kind = self._row.take(place), self._row_of_kind.take(place)
        t, x, q = batch.t.take(position), batch.x.take(position), batch.q.take(position)
        without = None if unknown is None else unknown.take(position)
        alone = self._are_alone(row)
        self._told_at[row] = 2 * position + 1
        ends = kind.take(by_kind).searchsorted(self._numbers, side="right").tolist()
        for its, first, end in zip(self._kinds, [0, *ends], ends, strict=False):
            if first < end:
                part = slice(first, end)
                readings = Readings(row_of_kind[part], t[part], x[part], q[part])
                its.evaluate(readings, position[part], None if without is None else without[part], alone=alone)
        self._told_at[row] = 0

    def _are_alone(self, row: Index) -> bool:
        place = np.arange(row.size)
        self._last_place[row] = place
        return not places(self._last_place.take(row) != place).size


def _rounds(row: Index) -> Iterator[Index]:
    """Parts of a batch with one reading a row, in the order of each row's readings."""
    by_row = np.argsort(row, kind="stable")
    ordered = row.take(by_row)
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    count = np.diff(np.append(first, row.size))
    for turn in range(int(count.max())):
        yield by_row.take(first[count > turn] + turn)


def turned(ring: npt.NDArray[Any], steps: Times) -> npt.NDArray[Any]:
    """A ring (rows, n), by step modulo n, whose steps bear numbers that are lower by `steps` (rows,) than before."""
    n = ring.shape[1]
    return np.take_along_axis(ring, (np.arange(n) + steps[:, None]) % n, 1)


def column(rows: Sequence[At], name: str, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """A field of the rows' part of the site file, as an array."""
    return np.array([getattr(row.when, name) for row in rows], dtype=dtype)


def column_ms(rows: Sequence[At], name: str) -> Times:
    """A duration of the rows' part of the site file, in ms, at least 1."""
    return np.array([max(round(getattr(row.when, name) * 1000), 1) for row in rows], dtype=np.int64)
