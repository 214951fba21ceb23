"""How far in event time conditions may be taken: no further than all readings are known that could change them.

A condition watches points of one or several sources (a gateway's lane), and each of these is known up to a time of its
own. While all are live that is now; a gateway that sends what an outage held back is known up to what came of it.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from rules.detect.compiled import Compiled
from rules.detect.model import Index, Times


class Reach(NamedTuple):
    """Up to when (Unix ms) each of `Compiled.sources` (n,) is taken to be known."""

    delays: Times
    """For delays, and for windows that end a truth by themselves."""
    windows: Times
    """For what is judged over a window, such as a mean."""
    silences: Times
    """For who has not spoken."""


class Until(NamedTuple):
    """The same for `delays` (spots,), `windows` (spots,) and `silences` (points,)."""

    delays: Times
    windows: Times
    silences: Times


class Reaches:
    """Finds it for each condition: the least of its sources."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled

    def everywhere(self, now: int) -> Until:
        """Everything made before `now` is known."""
        spots = np.broadcast_to(np.int64(now), len(self._compiled.spots))
        return Until(spots, spots, np.broadcast_to(np.int64(now), len(self._compiled.points)))

    def until(self, reach: Reach) -> Until:
        """Only so much is known."""
        return Until(
            self._of_spots(reach.delays), self._of_spots(reach.windows), reach.silences.take(self._compiled.source_of)
        )

    def alike(self, one: int, other: int) -> bool:
        """Whether two spots have the same sources, so that what is known of one is known of the other."""
        groups, _ = self._groups
        return groups.item(one) == groups.item(other)

    def _of_spots(self, times: Times) -> Times:
        groups, members = self._groups
        least = np.array([times.take(places).min() for places in members], dtype=np.int64)
        return least.take(groups)

    @cached_property
    def _groups(self) -> tuple[Index, list[Index]]:
        """Spots by the set of their sources (spots,), and what these sets are. Made when it is first asked for."""
        place, source_of = self._compiled.point_index, self._compiled.source_of.tolist()
        found: dict[frozenset[int], int] = {}
        of_spot = [
            found.setdefault(frozenset([source_of[place[point]] for point in spot.points]), len(found))
            for spot in self._compiled.spots
        ]
        return np.array(of_spot, dtype=np.intp), [np.array(sorted(sources), dtype=np.intp) for sources in found]
