"""Conditions over single values: level, state, the voices of a vote, the start of a sequence.

The common case is that nothing changes: a whole batch is compared with its points' cells at once, and what leaves one
with each limit there. Only for bindings where something may change are the readings looked at one by one, in order.
"""

from collections.abc import Sequence

import numpy as np

from rules.detect.cells import Cells, around
from rules.detect.compiled import Compiled
from rules.detect.model import NEVER, UNKNOWN, Batch, Flags, Index, Occurrence, Sample, Values
from rules.detect.phases import Phases
from rules.detect.sequences import Sequences
from rules.detect.votes import Votes


class Fanout:
    """Which rows of a table sorted by point a batch touches."""

    def __init__(self, points_of_rows: Sequence[int], n_points: int) -> None:
        self.n_rows = len(points_of_rows)
        rows = np.asarray(points_of_rows, dtype=np.intp)
        self._count = np.bincount(rows, minlength=n_points).astype(np.intp)
        self._first = np.concatenate(([0], np.cumsum(self._count)[:-1])).astype(np.intp)
        self._most = int(self._count.max(initial=0))
        self._single = np.where(self._count > 0, self._first, self.n_rows)

    def rows(self, p: Index) -> tuple[Index | None, Index]:
        """Reading positions and rows, pairwise and in reading order.

        Positions None: one row a reading, with row `n_rows` (a spare one) for points that have none.
        """
        if self._most <= 1:
            return None, self._single.take(p)
        count = self._count.take(p)
        position = np.repeat(np.arange(p.size), count)
        start = np.cumsum(count) - count
        return position, np.arange(position.size) + (self._first.take(p) - start).take(position)


class Levels:
    """State of every binding, as arrays (n + 1,); the last place is spare and never true."""

    def __init__(self, compiled: Compiled, phases: Phases) -> None:
        bindings = compiled.bindings
        n = len(bindings)
        points = np.array([b.point for b in bindings], dtype=np.intp)
        self._fanout = Fanout(points.tolist(), len(compiled.points))
        self._cells = Cells(np.unique(points), len(compiled.points))
        self._spot = [b.spot for b in bindings]
        self._of_spot: dict[int, list[int]] = {}
        for binding, spot in enumerate(self._spot):
            self._of_spot.setdefault(spot, []).append(binding)
        self._rise = np.array([b.limits.rise for b in bindings] + [(np.inf, np.inf)], dtype=np.float64)
        self._hold = np.array([b.limits.hold for b in bindings] + [(np.inf, np.inf)], dtype=np.float64)
        self._outside = np.array([b.limits.outside for b in bindings] + [False], dtype=np.bool_)
        self.inside = self._outside.copy()
        """Whether the last known value lies in the limits; that is the condition, or for a band its contrary."""
        self._phases = phases
        self.votes = Votes(compiled, phases)
        self.sequences = Sequences(compiled, phases)
        self._kind = [compiled.spots[b.spot].kind for b in bindings]
        self._spots = np.array(self._spot, dtype=np.intp)
        self._watched = np.array([spot in phases.watched for spot in self._spot], dtype=np.bool_)
        self._peculiar = [i for i, kind in enumerate(self._kind) if kind in {"vote", "sequence"}]
        self._known_matters = np.zeros(n + 1, dtype=np.bool_)
        """The next known value is looked at even if it changes nothing: a delay runs, or stands still."""
        self._unknown_matters = np.zeros(n + 1, dtype=np.bool_)
        """An unknown value would be looked at: a delay runs, or a vote is held."""
        self._marked = np.zeros(n + 1, dtype=np.bool_)
        self.refresh()

    def refresh(self) -> None:
        """Derive from the restored state what the fast path looks at."""
        limits = np.where((self.inside != self._outside)[:, None], self._hold, self._rise)
        self._low, self._high = np.ascontiguousarray(limits[:, 0]), np.ascontiguousarray(limits[:, 1])
        phases, spot, n = self._phases, self._spots, len(self._spot)
        runs = phases.due[spot] < NEVER
        known = phases.known[spot]
        self._unknown_matters[:n] = runs | (self._watched & known)
        self._known_matters[:n] = runs | (phases.left[spot] >= 0) | (self._watched & ~known)
        for binding in self._peculiar:
            self._watch(binding)
        self._cells.forget()

    def adopt(self, spot: int) -> None:
        """Take the values behind a spot to be such as make it true, until they are known; `refresh` afterwards."""
        for binding in self._of_spot.get(spot, ()):
            self.inside[binding] = not self._outside.item(binding)
            if self._kind[binding] == "vote":
                self.votes.adopt(binding)

    def evaluate(self, batch: Batch, unknown: Flags | None) -> None:
        """Take a batch; `unknown` (n,) marks readings that say nothing, None when all are known."""
        places = self._cells.left(batch.p, batch.x, unknown)
        occurrences = [o for o in batch.occurrences if self.sequences.concerns(o)] if batch.occurrences else []
        if not (places.size or occurrences):
            return
        position, row = self._fanout.rows(batch.p.take(places))
        reading = places if position is None else places.take(position)
        x = batch.x.take(reading)
        says_nothing = None if unknown is None else unknown.take(reading)
        hot = ((x > self._low.take(row)) & (x < self._high.take(row))) != self.inside.take(row)
        hot |= self._known_matters.take(row)
        if says_nothing is not None:
            hot = np.where(says_nothing, self._unknown_matters.take(row), hot)
        if occurrences or hot.any():
            self._one_by_one(batch, reading, row, hot, occurrences)
        self._enter_cells(batch.p, reading, row, x, says_nothing)

    def _one_by_one(self, batch: Batch, reading: Index, row: Index, hot: Flags, occurrences: list[Occurrence]) -> None:
        self._marked[row[hot]] = True
        places = np.flatnonzero(self._marked.take(row))
        self._marked[:] = False
        upcoming = iter([*occurrences, Occurrence(len(batch) + 1, -1, 0, "")])
        event = next(upcoming)
        for place, binding in zip(reading[places].tolist(), row[places].tolist(), strict=True):
            while event.position <= place:
                self._phases.place = 2 * event.position
                self.sequences.occurred(event)
                event = next(upcoming)
            self._phases.place = 2 * place + 1
            self._take(binding, Sample(batch.t.item(place), batch.x.item(place), batch.q.item(place)))
        while event.position <= len(batch):
            self._phases.place = 2 * event.position
            self.sequences.occurred(event)
            event = next(upcoming)

    def _enter_cells(self, p: Index, reading: Index, row: Index, x: Values, unknown: Flags | None) -> None:
        """After readings were looked at, at all bindings of their points (n,)."""
        if not row.size:
            return
        low, high = around(x, self._low.take(row), self._high.take(row))
        matters = self._known_matters.take(row)
        if unknown is not None:
            matters |= unknown  # where its next value lies is not known
        low[matters] = np.inf
        begins = np.ones(row.size, dtype=np.bool_)
        np.not_equal(reading[1:], reading[:-1], out=begins[1:])
        first = np.flatnonzero(begins)
        self._cells.enter(
            p.take(reading.take(first)),
            np.maximum.reduceat(low, first),
            np.minimum.reduceat(high, first),
            np.logical_or.reduceat(self._unknown_matters.take(row), first),
        )

    def _take(self, binding: int, sample: Sample) -> None:
        t, x, q = sample
        kind, spot = self._kind[binding], self._spot[binding]
        if q & UNKNOWN:
            if kind == "vote":
                self.votes.lose(binding, t)
            else:
                self._phases.observe(spot, t, None)
        else:
            outside = self._outside.item(binding)
            before = self.inside.item(binding) != outside
            inside = self._low.item(binding) < x < self._high.item(binding)
            self.inside[binding] = inside
            truth = inside != outside
            self._low[binding], self._high[binding] = (self._hold if truth else self._rise)[binding]
            if kind == "vote":
                self.votes.speak(binding, t, truth, q)
            elif kind == "sequence":
                self.sequences.read(binding, sample, before, truth)
            else:
                self._phases.observe(spot, t, truth, x, q)
        self._watch(binding)

    def _watch(self, binding: int) -> None:
        if self._kind[binding] == "vote":
            known, unknown = self.votes.watch(binding)
        else:
            spot = self._spot[binding]
            unknown = self._phases.due.item(spot) < NEVER
            known = unknown or self._phases.left.item(spot) >= 0
            if self._kind[binding] == "sequence":
                known = known or not self.sequences.known(binding)
            if spot in self._phases.watched:
                is_known = self._phases.known.item(spot)
                known, unknown = known or not is_known, unknown or is_known
        self._known_matters[binding] = known
        self._unknown_matters[binding] = unknown
