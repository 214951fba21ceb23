"""Between which limits the last value of each point lies: while it stays there, no comparison comes out otherwise.

All limits of a point cut its values into cells. Most readings stay in the cell of the reading before, and are done with
after one look, however many conditions watch the point.
"""

import numpy as np

from rules.detect.model import Flags, Index, Values, places


class Cells:
    """A closed interval a point, as arrays (points,): everything where nobody compares, nothing until `enter`."""

    def __init__(self, compared: Index, n_points: int) -> None:
        self._compared = compared
        self._low = np.full(n_points, -np.inf)
        self._high = np.full(n_points, np.inf)
        self._minds_unknown = np.zeros(n_points, dtype=np.bool_)
        """A reading that says nothing leaves the cell."""
        self.forget()

    def forget(self) -> None:
        """Have the next reading of each point that is compared looked at."""
        self._low[self._compared], self._high[self._compared] = np.inf, -np.inf
        self._minds_unknown[self._compared] = True

    def left(self, p: Index, x: Values, unknown: Flags | None) -> Index:
        """The places of all readings (n,) of points of which one leaves its cell."""
        leaves = (x < self._low.take(p)) | (x > self._high.take(p))
        if unknown is not None:
            leaves = np.where(unknown, self._minds_unknown.take(p), leaves)
        leaving = places(leaves)
        if not leaving.size:
            return leaving
        points = np.zeros(self._low.size, dtype=np.bool_)
        points[p.take(leaving)] = True
        return places(points.take(p))

    def enter(self, p: Index, low: Values, high: Values, minds_unknown: Flags) -> None:
        """The cells of points (n,); of one that comes twice, the last."""
        self._low[p], self._high[p], self._minds_unknown[p] = low, high, minds_unknown


def around(x: Values, low: Values, high: Values) -> tuple[Values, Values]:
    """The largest closed interval around each value in which it stays inside, or outside, the open one (n,)."""
    inside, beyond = (x > low) & (x < high), x >= high
    begin = np.where(inside, np.nextafter(low, np.inf), np.where(beyond, high, -np.inf))
    end = np.where(inside, np.nextafter(high, -np.inf), np.where(beyond, np.inf, low))
    return begin, end
