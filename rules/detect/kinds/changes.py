"""Changes of a value counted in a window: a contact that chatters, a pump that starts too often.

Over when the window has passed; not while the last reading says nothing.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from math import isnan

import numpy as np
import numpy.typing as npt

from rules.detect.compiled import At, Compiled
from rules.detect.kinds.at_points import AtPoints, Readings, column, column_ms
from rules.detect.model import NEVER, earlier, places
from rules.detect.phases import Phases

_NO_TIME = -NEVER


class Changes(AtPoints):
    """The last value and the times of the last changes, oldest first."""

    def __init__(self, compiled: Compiled, rows: Sequence[At], phases: Phases) -> None:
        super().__init__(compiled, rows, phases)
        self._count = column(rows, "count", np.intp).tolist()
        self._within_ms = column_ms(rows, "within").tolist()
        self._last = np.full(self.n, np.nan)
        self._lost = np.zeros(self.n, dtype=np.bool_)
        """The last reading said nothing."""
        self._times = np.full((self.n, max(self._count)), _NO_TIME, dtype=np.int64)
        for row, spot in enumerate(self.spot.tolist()):
            phases.on_lapse[spot] = partial(self._window_passed, row)

    def columns(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """The arrays of state, (rows, …), by name."""
        return {"last": self._last, "lost": self._lost, "times": self._times}

    def take(self, readings: Readings) -> None:
        """Take known readings, one a row."""
        row, t, x, q = readings
        last = self._last.take(row)
        changed = x != last
        self._last[row] = x
        for place in places(changed | self._lost.take(row) | ~self.are_calm(row)).tolist():
            its = row.item(place)
            self.phases.place = self.told_at.item(its)
            self._look(its, t.item(place), changed.item(place) and not isnan(last.item(place)), q.item(place))

    def lose(self, readings: Readings) -> None:
        """Take readings that say nothing, one a row."""
        self.settle(readings.row, readings.t)
        self._lost[readings.row] = True
        super().lose(readings)

    def adopt(self, spot: int, since: int) -> None:
        """The changes of an alarm that stands came at `since`, as far as is known."""
        row = self.row_of(spot)
        if row is not None:
            self.phases.lapse[spot] = since + self._within_ms[row]

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`."""
        earlier(self._times, by)

    def _look(self, row: int, t: int, changed: bool, q: int) -> None:
        phases, spot = self.phases, self.spot.item(row)
        count, times = self._count[row], self._times[row]
        at = max(t, times.item(-1))
        phases.settle(spot, at)
        if changed:
            times[:-1] = times[1:]
            times[-1] = at
        ends = times.item(-count) + self._within_ms[row]
        was_lost = self._lost.item(row)
        self._lost[row] = False
        if changed and ends > at:
            phases.lapse[spot] = NEVER
            phases.observe(spot, at, True, count, q)
            phases.lapse[spot] = ends
        elif was_lost and phases.is_true(spot) and phases.lapse.item(spot) == NEVER:
            phases.observe(spot, at, ends > at, count, q)
            phases.lapse[spot] = ends if ends > at else NEVER
        else:
            phases.observe(spot, at, phases.is_true(spot), count, q)

    def _window_passed(self, row: int, at: int) -> None:
        if not self._lost.item(row):
            self.phases.observe(self.spot.item(row), at, False)
