"""Sequences: a state that begins with nothing before to explain it, such as a door that opens without a grant.

Devices stamp whole seconds, so an event of the same second as the state explains it too; an event that arrives while
the rule's on-delay runs still does.
"""

from rules.detect.compiled import Compiled, Guard
from rules.detect.model import Occurrence, Sample
from rules.detect.phases import Phase, Phases

_SAME_SECOND_MS = 999
_KEPT = 32
"""Explaining events kept for a binding; they serve the window before the state only."""


class Sequences:
    """State of every guarded binding."""

    def __init__(self, compiled: Compiled, phases: Phases) -> None:
        self._phases = phases
        self._guards = {guard.binding: guard for guard in compiled.guards}
        self._spot = {guard.binding: compiled.bindings[guard.binding].spot for guard in compiled.guards}
        self._device = compiled.devices
        self._by_event: dict[tuple[str, str], list[Guard]] = {}
        for guard in compiled.guards:
            self._by_event.setdefault((guard.device, guard.type), []).append(guard)
        self.seen: set[int] = set()
        """Bindings whose state was known once: the first known state has begun before and is no beginning."""
        self.explained: dict[int, list[int]] = {}
        """Times of the last explaining events (ms), oldest first, by binding."""

    def known(self, binding: int) -> bool:
        """Whether the state of the binding was known once."""
        return binding in self.seen

    def concerns(self, event: Occurrence) -> bool:
        """Whether the event explains any state."""
        return (self._device[event.point], event.type) in self._by_event

    def occurred(self, event: Occurrence) -> None:
        """Take an explaining event."""
        for guard in self._by_event[self._device[event.point], event.type]:
            times = self.explained.setdefault(guard.binding, [])
            times.append(event.t)
            del times[:-_KEPT]
            spot = self._spot[guard.binding]
            if self._phases.phase.item(spot) == Phase.RISING:
                began = self._phases.since.item(spot)
                self._phases.settle(spot, max(event.t, began))
                if self._phases.phase.item(spot) == Phase.RISING and _explains(event.t, began, guard):
                    self._phases.observe(spot, event.t, False)

    def read(self, binding: int, sample: Sample, before: bool, truth: bool) -> None:
        """The state of the binding is `truth`, and was `before`."""
        spot = self._spot[binding]
        if binding not in self.seen:
            self.seen.add(binding)
            if not truth:
                self._phases.observe(spot, sample.t, False)
        elif truth == before:
            self._phases.observe(spot, sample.t, self._phases.is_true(spot))
        else:
            began = truth and not self._explained(binding, sample.t)
            self._phases.observe(spot, sample.t, began, sample.x, sample.q)

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`."""
        self.explained = {binding: [t - by for t in times] for binding, times in self.explained.items()}

    def _explained(self, binding: int, t: int) -> bool:
        guard = self._guards[binding]
        return any(_explains(event, t, guard) for event in self.explained.get(binding, ()))


def _explains(event: int, t: int, guard: Guard) -> bool:
    return t - guard.within_ms <= event <= t + _SAME_SECOND_MS
