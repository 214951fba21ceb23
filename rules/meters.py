"""Running hours and starts, counted from the stream: stored with the positions, so that no reading counts twice."""

import numpy as np
from sqlalchemy import Connection

from backbone.database.upkeep import load_usage, save_usage
from community.site.site import Site
from community.usage import Usage, count
from rules.detect.model import UNKNOWN, Batch


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

    def save(self, c: Connection) -> None:
        """Store what was counted, in the transaction of the positions; nothing is counted meanwhile."""
        if self._changed:
            save_usage(c, self._site, self._usage)

    def saved(self) -> None:
        """That transaction is committed."""
        self._changed = False
