"""Running hours and starts, counted from the stream: stored with the positions, so that no reading counts twice."""

import numpy as np
from sqlalchemy import Connection

from backbone.database.upkeep import load_usage, save_usage
from community.site.site import Site
from community.usage import Usage, count
from rules.detect.model import UNKNOWN, Batch
from rules.part import Part


class Meters:
    """The counters of a site's schedules."""

    def __init__(self, site: Site) -> None:
        self._site = site.id
        named = {
            counter.point for row in site.file.schedules for counter in (row.running, row.starts) if counter is not None
        }
        self._point_of = {place: point for place, point in enumerate(site.points) if point in named}
        self._is_counted = np.zeros(len(site.points), dtype=np.bool_)
        self._is_counted[list(self._point_of)] = True
        self._usage: dict[str, Usage] = {}
        self._changed = False

    def load(self, c: Connection) -> None:
        """Go on from what is stored."""
        self._usage = load_usage(c, self._site)

    def take(self, batch: Batch) -> None:
        """Count the readings of some frames."""
        if not self._point_of:
            return
        wanted = np.flatnonzero(self._is_counted.take(batch.p) & ((batch.q & UNKNOWN) == 0))
        for i in wanted.tolist():
            point = self._point_of[int(batch.p[i])]
            before = self._usage.get(point, Usage())
            after = count(before, int(batch.t[i]), float(batch.x[i]))
            if after is not before:
                self._usage[point] = after
                self._changed = True

    def part(self) -> Part:
        """What was counted until now, for the transaction of the positions."""
        usage, changed = dict(self._usage) if self._changed else {}, self._changed
        self._changed = False

        def give_back() -> None:
            self._changed |= changed

        return Part(lambda c: save_usage(c, self._site, usage) if changed else None, give_back)
