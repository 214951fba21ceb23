"""The delays every condition shares: a truth becomes an alarm after its on-delay, and is over after its off-delay.

Truth is what the last known reading says; an unknown reading stops a running delay until something is known again.
A delay that ends exactly when a reading comes has ended before it, so that the order of readings and ticks does not
matter.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum

import numpy as np

from rules.detect.compile import Spot
from rules.detect.model import NEVER, Bits, Flags, Index, Times, Transition, Values


class Phase(IntEnum):
    """Where a condition stands. While RISING or ACTIVE it is true, while FALLING or IDLE it is not."""

    IDLE = 0
    RISING = 1
    ACTIVE = 2
    FALLING = 3


_TRUE = (Phase.RISING, Phase.ACTIVE)
_IS_TRUE = np.array([phase in _TRUE for phase in Phase])


class Phases:
    """The phase of every spot, as arrays (n,), one place a spot."""

    def __init__(self, spots: tuple[Spot, ...]) -> None:
        n = len(spots)
        self._spots = spots
        self.phase = np.zeros(n, dtype=np.uint8)
        self.since = np.zeros(n, dtype=np.int64)
        """When the phase began (ms)."""
        self.due = np.full(n, NEVER, dtype=np.int64)
        """When the running delay ends (ms)."""
        self.left = np.full(n, -1, dtype=np.int64)
        """What is left of a delay that stands still (ms), -1 when none does."""
        self.lapse = np.full(n, NEVER, dtype=np.int64)
        """When the truth ends by itself: a vote or an event leaves its window (ms)."""
        self.value = np.full(n, np.nan)
        self.quality = np.zeros(n, dtype=np.uint8)
        self.on_lapse: dict[int, Callable[[int], None]] = {}
        """Spots whose truth is looked at again when it lapses, instead of being over."""
        self.describe: dict[int, Callable[[int], tuple[str, tuple[str, ...]]]] = {}
        """The zone and points behind a spot at a time, where they are not simply its own."""
        self.detail: dict[int, Callable[[], Mapping[str, float]]] = {}
        """What a spot's kind has to say beside, when it comes true."""
        self._out: list[tuple[int, int, Transition]] = []

    def is_true(self, spot: int) -> bool:
        """Whether the last known readings make the condition true."""
        return self.phase.item(spot) in _TRUE

    def are_true(self, spot: Index) -> Flags:
        """`is_true` of spots (n,)."""
        return _IS_TRUE.take(self.phase.take(spot))

    def drain(self) -> list[Transition]:
        """The transitions since the last call, by time."""
        if not self._out:
            return []
        out, self._out = self._out, []
        out.sort(key=lambda entry: entry[:2])
        return [transition for _, _, transition in out]

    def observe(self, spot: int, t: int, truth: bool | None, value: float = np.nan, quality: int = 0) -> None:
        """What the condition is at `t`; None: unknown. Whatever ended before `t` ends first."""
        self.settle(spot, t)
        self._apply(spot, t, truth, value, quality)

    def observe_all(self, spot: Index, t: Times, truth: Flags, value: Values, quality: Bits, known: Flags) -> None:
        """`observe` for different spots (n,); where not `known` the truth is unknown. Only changes cost anything."""
        running = self.due.take(spot) < NEVER
        hot = (((truth != self.are_true(spot)) | (self.left.take(spot) >= 0)) & known) | running
        if not hot.any():
            return
        for place in np.flatnonzero(hot).tolist():
            says = truth.item(place) if known.item(place) else None
            self.observe(spot.item(place), t.item(place), says, value.item(place), quality.item(place))

    def settle_all(self, spot: Index, t: Times) -> None:
        """`settle` for different spots (n,)."""
        for place in np.flatnonzero(np.minimum(self.due.take(spot), self.lapse.take(spot)) <= t).tolist():
            self.settle(spot.item(place), t.item(place))

    def settle(self, spot: int, t: int) -> None:
        """End the delays and windows of the spot that end at or before `t`."""
        while True:
            due, lapse = self.due.item(spot), self.lapse.item(spot)
            if due <= lapse and due <= t:
                self._end_delay(spot, due)
            elif lapse <= t:
                self.lapse[spot] = NEVER
                again = self.on_lapse.get(spot)
                if again is None:
                    self._apply(spot, lapse, False, np.nan, 0)
                else:
                    again(lapse)
            else:
                return

    def tick(self, now: int) -> None:
        """End everything that ends at or before `now`."""
        for spot in np.flatnonzero(np.minimum(self.due, self.lapse) <= now).tolist():
            self.settle(spot, now)

    def adopt(self, spot: int, since: int) -> None:
        """The condition is active since then, though nothing is known of the readings that made it so."""
        self.phase[spot], self.since[spot] = Phase.ACTIVE, since
        self.due[spot], self.left[spot], self.lapse[spot] = NEVER, -1, NEVER

    def next_end(self) -> int:
        """When the next delay or window ends (ms); NEVER when none runs."""
        return int(min(self.due.min(), self.lapse.min())) if self.due.size else NEVER

    def _apply(self, spot: int, t: int, truth: bool | None, value: float, quality: int) -> None:
        phase = self.phase.item(spot)
        if truth is None:
            if phase in (Phase.RISING, Phase.FALLING) and self.left.item(spot) < 0:
                self.left[spot] = max(self.due.item(spot) - t, 0)
                self.due[spot] = NEVER
            return
        at = max(t, self.since.item(spot))
        if truth != (phase in _TRUE):
            self._turn(spot, at, truth, value, quality)
        elif self.left.item(spot) >= 0:
            self.due[spot] = at + self.left.item(spot)
            self.left[spot] = -1
            self.settle(spot, at)

    def _turn(self, spot: int, at: int, truth: bool, value: float, quality: int) -> None:
        phase = self.phase.item(spot)
        self.left[spot] = -1
        self.due[spot] = NEVER
        if truth:
            if phase == Phase.FALLING:
                self._enter(spot, Phase.ACTIVE, at)
                return
            self.value[spot] = value
            self.quality[spot] = quality
            self._delay(spot, Phase.RISING, at, self._spots[spot].on_delay_ms)
        elif phase == Phase.RISING:
            self._enter(spot, Phase.IDLE, at)
        else:
            self._delay(spot, Phase.FALLING, at, self._spots[spot].off_delay_ms)

    def _delay(self, spot: int, phase: Phase, at: int, delay_ms: int) -> None:
        self._enter(spot, phase, at)
        self.due[spot] = at + delay_ms
        if delay_ms == 0:
            self._end_delay(spot, at)

    def _end_delay(self, spot: int, at: int) -> None:
        self.due[spot] = NEVER
        active = self.phase.item(spot) == Phase.RISING
        self._enter(spot, Phase.ACTIVE if active else Phase.IDLE, at)
        self._out.append((at, spot, self._transition(spot, active, at)))

    def _enter(self, spot: int, phase: Phase, at: int) -> None:
        self.phase[spot] = phase
        self.since[spot] = at

    def _transition(self, spot: int, active: bool, at: int) -> Transition:
        row = self._spots[spot]
        describe = self.describe.get(spot)
        zone, points = describe(at) if describe else (row.zone, row.points)
        value = self.value.item(spot)
        return Transition(
            row.rule,
            row.scope,
            zone,
            active,
            at,
            None if np.isnan(value) else value,
            points,
            row.kind if active else "over",
            self.quality.item(spot),
            self.detail[spot]() if active and spot in self.detail else {},
        )
