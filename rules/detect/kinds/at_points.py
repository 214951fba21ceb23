"""What kinds of condition at a point share: which readings concern them, in which order, and what becomes of a verdict.

State is kept in arrays with one place a row, so that a batch costs a few array operations and not a loop. A batch is
cut into rounds in which every row has one reading, so that a kind looks at one reading a row, in order, whatever the
batching. Where a kind keeps whether it is true, that is the phase of its spot: an alarm that stands is true.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rules.detect.compile import At, Compiled
from rules.detect.levels import Fanout
from rules.detect.model import Batch, Bits, Flags, Index, Times, Values
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
        if flags.all():
            return self
        return self.at(np.flatnonzero(flags))

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
        self._row_of = {row.spot: place for place, row in enumerate(rows)}
        self._fanout = Fanout([row.point for row in rows], len(compiled.points))
        self._last_place = np.zeros(self.n, dtype=np.intp)
        self._told_at = np.zeros(self.n, dtype=np.intp)
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

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`; windows that are cut into steps move by whole ones."""

    def evaluate(self, batch: Batch, unknown: Flags | None) -> None:
        """Take a batch; `unknown` (n,) marks readings that say nothing, None when all are known."""
        position, row = self._fanout.rows(batch.p)
        if position is None:
            position = np.flatnonzero(row < self.n)
            row = row.take(position)
        if not row.size:
            return
        readings = Readings(row, batch.t.take(position), batch.x.take(position), batch.q.take(position))
        without = None if unknown is None else unknown.take(position)
        for part in self._rounds(row):
            its = readings if part is None else readings.at(part)
            self._told_at[its.row] = 2 * (position if part is None else position.take(part)) + 1
            if without is None:
                self.take(its)
                continue
            lost = without if part is None else without.take(part)
            if lost.any():
                self.lose(its.where(lost))
            if not lost.all():
                self.take(its.where(~lost))
        self._told_at[row] = 0

    def judge(self, row: Index, t: Times, truth: Flags, value: Values, quality: Bits, known: Flags) -> None:
        """What different rows (n,) are at `t`; where not `known`, nothing can be said."""
        self.phases.observe_all(self.spot.take(row), t, truth, value, quality, known, self._told_at.take(row))

    def settle(self, row: Index, t: Times) -> None:
        """End what ends by `t` (n,) at different rows (n,)."""
        self.phases.settle_all(self.spot.take(row), t, self._told_at.take(row))

    def are_true(self, row: Index) -> Flags:
        """Which rows are true so far."""
        return self.phases.are_true(self.spot.take(row))

    def row_of(self, spot: int) -> int | None:
        """The row of a spot, None for those of other kinds."""
        return self._row_of.get(spot)

    def _rounds(self, row: Index) -> Iterator[Index | None]:
        """Parts of a batch with one reading a row, in the order of each row's readings; None: the whole is such."""
        place = np.arange(row.size)
        self._last_place[row] = place
        if (self._last_place.take(row) == place).all():
            yield None
            return
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
