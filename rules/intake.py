"""Frames of the stream become batches of the engine."""

from collections.abc import Iterator, Sequence

import numpy as np

from backbone import metrics
from backbone.deliveries import Delivery
from backbone.frames import Frame
from backbone.losses import EVENT_TYPE as LOSS
from community.quality import Quality
from community.site.site import Site
from rules.detect.compiled import Compiled
from rules.detect.model import Batch, Bits, Flags, Index, Occurrence, Times, Values
from rules.refused import Fault, Refuse

_SUSPECT = int(Quality.CLOCK_SUSPECT)
_MOST_NAMES = 300_000
"""In the lists of points that are remembered: some tens of megabytes."""


class Intake:
    """Finds the engine's index of each point, and leaves out what the gateway may not say.

    What is said to come from the far future is news with a clock nobody believes: when ours was set back, smoke that
    waited is among it.
    """

    def __init__(self, site: Site, compiled: Compiled, future_skew_ms: int, refuse: Refuse) -> None:
        self._index = compiled.point_index
        self._gateway_of = {point.id: point.gateway for point in site.points.values()}
        self._future_skew_ms = future_skew_ms
        self._refuse = refuse
        self._known: dict[tuple[str, tuple[str, ...]], Index] = {}
        self._names = 0
        self._accepted = metrics.readings.labels("rules", "accepted")
        self._refused = metrics.readings.labels("rules", "refused")

    def batch(self, deliveries: Sequence[Delivery], now: int) -> Batch:
        """The readings and events of some frames, in order."""
        latest = now + self._future_skew_ms
        columns: list[tuple[Index, Times, Values, Bits]] = []
        occurrences: list[Occurrence] = []
        position = 0
        for delivery in deliveries:
            frame = delivery.frame
            occurrences += self._occurrences(delivery.gateway, frame, position, now)
            if not frame.t.size:
                continue
            p = self._indices(delivery.gateway, frame.points).take(frame.p)
            good = (p >= 0) & (frame.t > 0)
            t, x, q = frame.t, frame.x, frame.q
            if not good.all():
                self._refused.inc(float(good.size - good.sum()))
                self._refuse_readings(delivery, p, good)
                p, t, x, q = p[good], t[good], x[good], q[good]
            ahead = t > latest
            if ahead.any():
                t, q = np.where(ahead, now, t), q | np.where(ahead, _SUSPECT, 0).astype(np.uint8)
            columns.append((p, t, x, q))
            position += columns[-1][0].size
        self._accepted.inc(position)
        if len(columns) == 1:
            return Batch(*columns[0], occurrences)
        if not columns:
            return _nothing(occurrences)
        ps, ts, xs, qs = zip(*columns, strict=True)
        return Batch(np.concatenate(ps), np.concatenate(ts), np.concatenate(xs), np.concatenate(qs), occurrences)

    def _refuse_readings(self, delivery: Delivery, p: Index, good: Flags) -> None:
        names = delivery.frame.points
        place, known = delivery.frame.p[~good], p[~good] >= 0
        for timeless in (False, True):
            found, counts = np.unique(place[known == timeless], return_counts=True)
            for name, count in zip(found.tolist(), counts.tolist(), strict=True):
                fault = Fault.NO_TIME if timeless else self._fault(names[name])
                self._refuse(delivery.gateway, names[name], fault, count)

    def _fault(self, point: str) -> Fault:
        return Fault.OTHER_GATEWAY if point in self._gateway_of else Fault.UNKNOWN_POINT

    def _indices(self, gateway: str, points: tuple[str, ...]) -> Index:
        found = self._known.get((gateway, points))
        if found is None:
            self._names += len(points)
            if self._names > _MOST_NAMES:
                self._known.clear()
                self._names = len(points)
            found = np.array([self._place(gateway, point) for point in points], dtype=np.intp)
            self._known[gateway, points] = found
        return found

    def _place(self, gateway: str, point: str) -> int:
        return self._index[point] if self._gateway_of.get(point) == gateway else -1

    def _occurrences(self, gateway: str, frame: Frame, position: int, now: int) -> Iterator[Occurrence]:
        for event in frame.events:
            if event.type == LOSS:
                continue  # ingest records it
            place = self._place(gateway, event.point)
            if place >= 0 and event.t > 0:
                t = event.t if event.t <= now + self._future_skew_ms else now
                yield Occurrence(position, place, t, event.type)
            else:
                self._refused.inc()
                self._refuse(gateway, event.point, Fault.NO_TIME if place >= 0 else self._fault(event.point), 1)


def _nothing(occurrences: Sequence[Occurrence]) -> Batch:
    return Batch(
        np.empty(0, dtype=np.intp),
        np.empty(0, dtype=np.int64),
        np.empty(0),
        np.empty(0, dtype=np.uint8),
        occurrences,
    )
