"""Events counted in a window: a credential denied five times within a minute."""

from functools import partial

from community.alarms import Cause
from rules.detect.compiled import Compiled, Count
from rules.detect.model import NEVER, Occurrence
from rules.detect.phases import Phases


class Counts:
    """`times`: the last events (ms), oldest first and at most as many as are counted, by spot."""

    def __init__(self, compiled: Compiled, phases: Phases) -> None:
        self._phases = phases
        self._by_event: dict[tuple[int, str], list[Count]] = {}
        for count in compiled.counts:
            self._by_event.setdefault((count.point, count.type), []).append(count)
        self._within_ms = {count.spot: count.within_ms for count in compiled.counts}
        self.times: dict[int, list[int]] = {}
        for count in compiled.counts:
            phases.causes[count.spot] = partial(self._causes, count.spot, compiled.points[count.point])

    def adopt(self, spot: int, since: int) -> None:
        """The events of an active spot came at `since`, as far as is known."""
        if spot in self._within_ms:
            self._phases.lapse[spot] = since + self._within_ms[spot]

    def occurred(self, event: Occurrence) -> None:
        """Take an event."""
        self._phases.place = 2 * event.position
        for count in self._by_event.get((event.point, event.type), ()):
            self._take(count, event.t)

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`."""
        self.times = {spot: [t - by for t in times] for spot, times in self.times.items()}

    def _causes(self, spot: int, point: str, truth: bool, _at: int) -> tuple[Cause, ...]:
        """The events that were counted; it is over when they leave the window, by no event."""
        return tuple(Cause(point, t, None) for t in self.times.get(spot, ())) if truth else ()

    def _take(self, count: Count, t: int) -> None:
        times = self.times.setdefault(count.spot, [])
        at = max(t, times[-1]) if times else t
        self._phases.settle(count.spot, at)
        times.append(at)
        del times[: -count.count]
        if len(times) < count.count or times[0] <= at - count.within_ms:
            return
        self._phases.lapse[count.spot] = NEVER
        self._phases.observe(count.spot, at, True, count.count)
        self._phases.lapse[count.spot] = times[0] + count.within_ms
