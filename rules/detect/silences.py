"""Silent points: no word from the device for longer than its limit.

Found by the clock, or by the gap before the next reading. Time during which nobody listened is not held against a
point: after `listen(now)` it has one expected interval (at least ten seconds) to speak.
"""

from functools import partial

import numpy as np

from community.alarms import Cause
from rules.detect.compiled import Compiled
from rules.detect.model import NEVER, Index, Times, earlier, places
from rules.detect.phases import Phases

_LEAST_GRACE_MS = 10_000
_NEVER_HEARD = -1


class Silences:
    """`last` (points,): when each point was last heard (ms), -1: not yet."""

    def __init__(self, compiled: Compiled, phases: Phases) -> None:
        n = len(compiled.points)
        rows = compiled.silences
        self._phases = phases
        self._spot = np.array([s.spot for s in rows], dtype=np.intp)
        self._point = np.array([s.point for s in rows], dtype=np.intp)
        self._limit = np.array([s.limit_ms for s in rows], dtype=np.int64)
        self._grace = np.maximum(compiled.every_ms, _LEAST_GRACE_MS)
        self._shortest = np.full(n, NEVER, dtype=np.int64)
        np.minimum.at(self._shortest, self._point, self._limit)
        self._rows_of: dict[int, list[int]] = {}
        for row, silence in enumerate(rows):
            self._rows_of.setdefault(silence.point, []).append(row)
        self.last = np.full(n, _NEVER_HEARD, dtype=np.int64)
        self.listening_since = 0
        self._patience = self._shortest.copy()
        """How long each point may be silent (ms); below all times while it is, so that its next word is looked at."""
        for silence in rows:
            name = compiled.points[silence.point]
            phases.causes[silence.spot] = partial(self._causes, silence.spot, silence.point, name)

    def listen(self, now: int) -> None:
        """Listening begins, or begins again, at `now`."""
        self.listening_since = now
        self.last[self.last == _NEVER_HEARD] = now

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`."""
        earlier(self.last, by)
        self.listening_since -= by

    def heard_until(self) -> int:
        """When any point was heard last (ms); -1: none was."""
        return int(self.last.max(initial=_NEVER_HEARD))

    def take_over(self, other: "Silences", now: int) -> None:
        """Listening goes on as it was; points that are new have been listened to since `now`."""
        self.listening_since = other.listening_since
        self.last[self.last == _NEVER_HEARD] = now

    def refresh(self) -> None:
        """Derive from the restored phases which points are silent."""
        self._patience[:] = self._shortest
        for point in self._rows_of:
            self._note(point)

    def evaluate(self, p: Index, t: Times, given: Index | None = None) -> None:
        """Points (n,) that spoke at `t` (n,), in order; `given` (n,): their places in the batch, None: all of it."""
        if not self._rows_of or not p.size:
            return
        # conservative: the gap since the last batch is at least the gap since the reading before
        suspicious = places(t - self.last.take(p) > self._patience.take(p))
        if suspicious.size:
            marked = np.zeros(self.last.size, dtype=np.bool_)
            marked[p.take(suspicious)] = True
            for place in places(marked.take(p)).tolist():
                self._phases.place = 2 * (place if given is None else given.item(place)) + 1
                self._heard(p.item(place), t.item(place))
        np.maximum.at(self.last, p, t)

    def tick(self, now: Times) -> None:
        """Find the points that are silent at `now` (points,)."""
        if not self._rows_of:
            return
        limits = self._limits()
        for row in np.flatnonzero((limits < now.take(self._point)) & ~self._phases.are_true(self._spot)).tolist():
            self._phases.observe(self._spot.item(row), limits.item(row), True)
            self._note(self._point.item(row))

    def _causes(self, spot: int, point: int, name: str, truth: bool, _at: int) -> tuple[Cause, ...]:
        """When it was last heard, or heard again."""
        heard = self.last.item(point) if truth else self._phases.fell_at.item(spot)
        return (Cause(name, heard, None),) if heard > 0 else ()

    def _limits(self) -> Times:
        floor = self.listening_since + self._grace.take(self._point)
        limits: Times = np.maximum(self.last.take(self._point) + self._limit, floor)
        return limits

    def _heard(self, point: int, t: int) -> None:
        for row in self._rows_of.get(point, ()):
            spot = self._spot.item(row)
            limit = max(self.last.item(point) + self._limit.item(row), self.listening_since + self._grace.item(point))
            if t > limit and not self._phases.is_true(spot):
                self._phases.observe(spot, limit, True)
            self._phases.observe(spot, t, False)
        self.last[point] = max(t, self.last.item(point))
        self._note(point)

    def _note(self, point: int) -> None:
        silent = any(self._phases.is_true(self._spot.item(row)) for row in self._rows_of[point])
        self._patience[point] = -NEVER if silent else self._shortest.item(point)
