"""The newest reading of every point, fed by frames, seeded from the historian."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
import numpy.typing as npt

from backbone.frames import Frame
from backbone.historian.port import Reading
from community.quality import Quality
from community.site.profile import ValueKind
from community.site.site import Point, Site

MAX_SKEW_MS = 600_000
"""A reading from further in the future would hide all that come after it."""
AHEAD_MS = 5_000
"""A reading dated further ahead than clocks differ gives way to one of the present: that clock was put right since."""
STALE_AFTER = 3
"""Expected intervals without a reading."""
_NEVER = -1
_UNUSABLE = int(Quality.STALE | Quality.COMMUNICATION_FAILURE)
_MOST_NAMES = 300_000
"""In the layouts that are remembered: some tens of megabytes."""

Selection = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest reading of a point. Unknown is None, never a normal value."""

    t: int | None
    x: float | None
    q: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The newest readings of one moment; safe in any thread."""

    index: Mapping[str, int]
    t: npt.NDArray[np.int64]
    x: npt.NDArray[np.float64]
    q: npt.NDArray[np.uint8]

    def of(self, point: Point, now: int, *, online: bool = True) -> Latest:
        """The point's newest reading; fresh only if it is recent, usable, and its gateway is not known to be away."""
        index = self.index.get(point.id)
        if index is None:  # the site file changed since
            return Latest(None, None, 0, fresh=False)
        t, x, q = int(self.t[index]), float(self.x[index]), int(self.q[index])
        if t == _NEVER:
            return Latest(None, None, 0, fresh=False)
        recent = now - t <= STALE_AFTER * point.every_s * 1000
        return Latest(t, None if isnan(x) else x, q, fresh=online and recent and not q & _UNUSABLE)


class LatestCache:
    """Columns over the site's points, in the site file's order. Touched on the event loop only."""

    def __init__(self, site: Site) -> None:
        self._begin(site)

    def _begin(self, site: Site) -> None:
        self.ids: tuple[str, ...] = tuple(site.points)
        self._index = {point: index for index, point in enumerate(self.ids)}
        self._of_gateway = {name: {p.id for p in points} for name, points in site.points_of_gateway.items()}
        n = len(self.ids)
        self._t = np.full(n, _NEVER, dtype=np.int64)
        self._x = np.full(n, np.nan, dtype=np.float64)
        self._q = np.zeros(n, dtype=np.uint8)
        self._events_only = frozenset(p.id for p in site.points.values() if p.kind is ValueKind.EVENT)
        self._layouts: dict[tuple[str, tuple[str, ...]], Selection] = {}
        self._names = 0
        self.changed: Mask = np.zeros(n, dtype=np.bool_)
        """Points with a newer reading since this was last cleared."""

    def use(self, site: Site) -> None:
        """Know the points of another version of the site file; what is known of those that stay is kept."""
        before, t, x, q = self._index, self._t, self._x, self._q
        self._begin(site)
        stays = [point for point in self.ids if point in before]
        here, there = [self._index[point] for point in stays], [before[point] for point in stays]
        self._t[here], self._x[here], self._q[here] = t[there], x[there], q[there]

    def seed(self, readings: Mapping[str, Reading]) -> None:
        """Take in what the historian has; anything newer stays."""
        for point, reading in readings.items():
            index = self._index.get(point)
            if index is not None and reading.t > self._t[index]:
                self._t[index], self._x[index], self._q[index] = reading.t, reading.x, reading.q
                self.changed[index] = True

    def take(self, gateway: str, frame: Frame, now: int) -> None:
        """Take in a frame. Points that are not the gateway's, and times far in the future, are passed over.

        An event dates only a point that has no values: an interlock tells of its trip at a detector's point before the
        reading that tripped it, which must not look older than that.
        """
        if frame.t.size:
            self._take_readings(gateway, frame, now)
        own = self._of_gateway.get(gateway, set())
        for event in frame.events:
            if event.point not in self._events_only or event.point not in own:
                continue
            index = self._index[event.point]
            if self._t[index] < event.t <= now + MAX_SKEW_MS:
                self._t[index] = event.t
                self.changed[index] = True

    def _take_readings(self, gateway: str, frame: Frame, now: int) -> None:
        where = self._layout(gateway, frame.points)[frame.p]
        usable = (where >= 0) & (frame.t <= now + MAX_SKEW_MS)
        known = self._t[where]
        usable &= (frame.t >= known) | ((known > now + AHEAD_MS) & (np.abs(frame.t - now) <= AHEAD_MS))
        rows = np.flatnonzero(usable)
        if not rows.size:
            return
        t = frame.t[rows]
        if t.size > 1 and bool((t[1:] < t[:-1]).any()):
            rows = rows[np.argsort(t, kind="stable")]
        # In order of time, and an assignment to one place many times leaves the last.
        where = where[rows]
        self._t[where] = frame.t[rows]
        self._x[where] = frame.x[rows]
        self._q[where] = frame.q[rows]
        self.changed[where] = True

    def _layout(self, gateway: str, points: Sequence[str]) -> Selection:
        key = (gateway, tuple(points))
        layout = self._layouts.get(key)
        if layout is None:
            own = self._of_gateway.get(gateway, set())
            layout = np.array([self._index[p] if p in own else -1 for p in points], dtype=np.int64)
            self._names += len(points)
            if self._names > _MOST_NAMES:
                self._layouts.clear()
                self._names = len(points)
            self._layouts[key] = layout
        return layout

    def snapshot(self) -> Snapshot:
        """The readings as they are now."""
        return Snapshot(self._index, self._t.copy(), self._x.copy(), self._q.copy())

    def of(self, point: Point, now: int, *, online: bool = True) -> Latest:
        """One point's newest reading."""
        return Snapshot(self._index, self._t, self._x, self._q).of(point, now, online=online)

    def take_changes(self) -> Mask:
        """The points changed since the last call."""
        changed, self.changed = self.changed, np.zeros_like(self.changed)
        return changed

    def values(self, which: Mask) -> list[tuple[str, int, float | None, int]]:
        """`(point, t, x, q)` of the points in a mask; x is None where there is no value."""
        rows = np.flatnonzero(which)
        x = self._x[rows]
        shown: list[float | None] = x.tolist()
        for gap in np.flatnonzero(np.isnan(x)).tolist():
            shown[gap] = None
        names = [self.ids[row] for row in rows.tolist()]
        return list(zip(names, self._t[rows].tolist(), shown, self._q[rows].tolist(), strict=True))
