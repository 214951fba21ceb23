"""The newest reading of every point, in memory: asked for all the time, and dear to look up in a growing file."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from backbone.frames import FloatColumn, QualityColumn, TimeColumn

NEVER = np.iinfo(np.int64).min
PointColumn = npt.NDArray[np.int32]


class Newest(NamedTuple):
    """Columns (n,) of the points' numbers and their newest readings."""

    p: npt.NDArray[np.intp]
    t: TimeColumn
    x: FloatColumn
    q: QualityColumn


class Latest:
    """By point number. Complete for readings at or after `known_from`; older ones may be missing."""

    def __init__(self) -> None:
        self._t: TimeColumn = np.empty(0, dtype=np.int64)
        self._x: FloatColumn = np.empty(0, dtype=np.float64)
        self._q: QualityColumn = np.empty(0, dtype=np.uint8)
        self.known_from: int = int(np.iinfo(np.int64).max)

    def observe(self, p: PointColumn, t: TimeColumn, x: FloatColumn, q: QualityColumn) -> None:
        """Readings in the order they were written; of equal times the last one stays."""
        if not p.size:
            return
        self._grow(int(p.max()) + 1)
        np.maximum.at(self._t, p, t)
        newest = t == self._t[p]
        points = p[newest]
        self._x[points] = x[newest]
        self._q[points] = q[newest]

    def since(self, since: int) -> Newest:
        """Every point with a reading at or after `since` (which must not be before `known_from`)."""
        p = np.flatnonzero(self._t >= since)
        return Newest(p, self._t[p], self._x[p], self._q[p])

    def _grow(self, size: int) -> None:
        more = size - self._t.size
        if more > 0:
            self._t = np.concatenate([self._t, np.full(more, NEVER, dtype=np.int64)])
            self._x = np.concatenate([self._x, np.zeros(more)])
            self._q = np.concatenate([self._q, np.zeros(more, dtype=np.uint8)])
