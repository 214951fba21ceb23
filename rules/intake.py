"""Frames of the stream become batches of the engine."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from backbone import metrics
from backbone.deliveries import Delivery
from backbone.frames import Frame, IndexColumn
from backbone.losses import EVENT_TYPE as LOSS
from community.quality import Quality
from community.site.site import Site
from rules.detect.compiled import Compiled
from rules.detect.model import Batch, Flags, Index, Occurrence
from rules.refused import Fault, Refuse

_SUSPECT = int(Quality.CLOCK_SUSPECT)
_MOST_NAMES = 300_000
"""In the lists of points that are remembered: some tens of megabytes."""


@dataclass(slots=True)
class _Known:
    """A gateway's list of points, the engine's index of each, and of each reading of the frame that came last."""

    names: tuple[str, ...]
    places: Index
    p: IndexColumn | None = None
    indices: Index = field(default_factory=lambda: np.empty(0, dtype=np.intp))


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
        self._known: dict[tuple[str, int], _Known] = {}
        self._names = 0
        self._accepted = metrics.readings.labels("rules", "accepted")
        self._refused = metrics.readings.labels("rules", "refused")

    def batch(self, deliveries: Sequence[Delivery], now: int) -> Batch:
        """The readings and events of some frames, in order."""
        frames = [delivery.frame for delivery in deliveries]
        ends = np.cumsum([frame.t.size for frame in frames])
        if not frames or not ends[-1]:
            return _nothing(self._all_occurrences(deliveries, itertools.repeat(0), now))
        p = np.concatenate([self._indices(delivery.gateway, delivery.frame) for delivery in deliveries])
        t, x, q = (np.concatenate([getattr(frame, name) for frame in frames]) for name in "txq")
        good = (p >= 0) & (t > 0)
        if not good.all():
            for delivery, its_p, its_good in zip(deliveries, np.split(p, ends), np.split(good, ends), strict=False):
                if not its_good.all():
                    self._refuse_readings(delivery, its_p, its_good)
            ends = np.concatenate(([0], np.cumsum(good))).take(ends)
            p, t, x, q = p[good], t[good], x[good], q[good]
        ahead = t > now + self._future_skew_ms
        if ahead.any():
            t, q = np.where(ahead, now, t), q | np.where(ahead, _SUSPECT, 0).astype(np.uint8)
        self._accepted.inc(p.size)
        return Batch(p, t, x, q, self._all_occurrences(deliveries, (0, *ends.tolist()), now))

    def _refuse_readings(self, delivery: Delivery, p: Index, good: Flags) -> None:
        self._refused.inc(float(good.size - good.sum()))
        names = delivery.frame.points
        place, known = delivery.frame.p[~good], p[~good] >= 0
        for timeless in (False, True):
            found, counts = np.unique(place[known == timeless], return_counts=True)
            for name, count in zip(found.tolist(), counts.tolist(), strict=True):
                fault = Fault.NO_TIME if timeless else self._fault(names[name])
                self._refuse(delivery.gateway, names[name], fault, count)

    def _fault(self, point: str) -> Fault:
        return Fault.OTHER_GATEWAY if point in self._gateway_of else Fault.UNKNOWN_POINT

    def _indices(self, gateway: str, frame: Frame) -> Index:
        """Of each reading. Who sends the same points in the same order, frame after frame, has them found once."""
        known = self._known.get((gateway, id(frame.points)))
        # The list is held, so that no other can have its id.
        if known is None or known.names is not frame.points:
            self._names += len(frame.points)
            if self._names > _MOST_NAMES:
                self._known.clear()
                self._names = len(frame.points)
            places = np.array([self._place(gateway, point) for point in frame.points], dtype=np.intp)
            known = self._known[gateway, id(frame.points)] = _Known(frame.points, places)
        if known.p is not frame.p:
            known.p, known.indices = frame.p, known.places.take(frame.p)
        return known.indices

    def _place(self, gateway: str, point: str) -> int:
        return self._index[point] if self._gateway_of.get(point) == gateway else -1

    def _all_occurrences(
        self, deliveries: Sequence[Delivery], positions: Iterable[int], now: int
    ) -> Sequence[Occurrence]:
        return [
            occurrence
            for delivery, position in zip(deliveries, positions, strict=False)
            if delivery.frame.events
            for occurrence in self._occurrences(delivery.gateway, delivery.frame, position, now)
        ]

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
