"""What outputs have read lately, so that a plan can switch back what it switched, and nothing else.

Stored with the stream's positions: after a restart it is known what a pump was before the emergency.
"""

import msgspec
import numpy as np
from sqlalchemy import Connection

from backbone.database.checkpoints import load_checkpoint, save_checkpoint
from community.site.site import Site
from rules.detect.model import UNKNOWN, Batch
from rules.part import Part

MOST_CHANGES = 8
"""Kept of each output: an interlock, a plan and hands may all have moved it since the emergency began."""
Changes = tuple[tuple[int, float], ...]
_decoder = msgspec.msgpack.Decoder(dict[str, Changes])


class OutputValues:
    """The latest changes of a site's outputs, by what they read."""

    def __init__(self, site: Site) -> None:
        self._changes: dict[str, Changes] = {}
        self._changed = False
        self.use(site)

    def use(self, site: Site) -> None:
        """Go on with a changed site; the places of points in a batch are that site's."""
        self._site = site.id
        self._point_of = {place: point.id for place, point in enumerate(site.points.values()) if point.output}
        self._is_output = np.zeros(len(site.points), dtype=np.bool_)
        self._is_output[list(self._point_of)] = True

    def load(self, c: Connection) -> None:
        """Go on from what is stored."""
        state = load_checkpoint(c, f"outputs:{self._site}")
        self._changes = {} if state is None else _decoder.decode(state)

    def take(self, batch: Batch) -> None:
        """The readings of some frames."""
        if not self._point_of:
            return
        wanted = np.flatnonzero(self._is_output.take(batch.p) & ((batch.q & UNKNOWN) == 0))
        for i in wanted.tolist():
            point, t, x = self._point_of[int(batch.p[i])], int(batch.t[i]), float(batch.x[i])
            known = self._changes.get(point, ())
            if not known or (x != known[-1][1] and t > known[-1][0]):
                self._changes[point] = (*known, (t, x))[-MOST_CHANGES:]
                self._changed = True

    def value_at(self, point: str, at: int) -> float | None:
        """What an output read just before a time (Unix ms); None when nothing is known of then."""
        earlier = [x for t, x in self._changes.get(point, ()) if t < at]
        return earlier[-1] if earlier else None

    def part(self) -> Part:
        """What they have read, for the transaction of the positions."""
        changes, changed = dict(self._changes) if self._changed else {}, self._changed
        self._changed = False

        def store(c: Connection) -> None:
            if changed:
                save_checkpoint(c, f"outputs:{self._site}", msgspec.msgpack.encode(changes))

        def give_back() -> None:
            self._changed |= changed

        return Part(store, give_back)
