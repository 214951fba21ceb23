"""The delays every condition shares: a truth becomes an alarm after its on-delay, and is over after its off-delay.

Truth is what the last known reading says; an unknown reading stops a running delay until something is known again.
A delay that ends exactly when a reading comes has ended before it, so that the order of readings and ticks does not
matter.
"""

import math
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from community.alarms import Cause
from rules.detect.compiled import Spot
from rules.detect.model import NEVER, Flags, Index, Times, Transition, earlier, places


class Phase(IntEnum):
    """Where a condition stands. While RISING or ACTIVE it is true, while FALLING or IDLE it is not."""

    IDLE = 0
    RISING = 1
    ACTIVE = 2
    FALLING = 3


_TRUE = (Phase.RISING, Phase.ACTIVE)
_IS_TRUE = np.array([phase in _TRUE for phase in Phase])
_ALWAYS_KNOWN = frozenset({"vote", "event", "stale", "changes"})
"""Kinds that say nothing until they are true: nothing heard of them is no."""


class Note(NamedTuple):
    """A condition that composites are made of changed."""

    place: int
    """Of the reading (odd) or event (even) in its batch that told it."""
    t: int
    spot: int
    truth: bool | None
    bound: bool
    """It was bound to happen at `t`: a delay or a window ended."""


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
        self.rose_at = np.zeros(n, dtype=np.int64)
        """When the reading that made it true was made (ms); `value` and `quality` are its own. 0: not known."""
        self.fell_at = np.zeros(n, dtype=np.int64)
        self.fell_value = np.full(n, np.nan)
        self.fell_quality = np.zeros(n, dtype=np.uint8)
        """Of the reading that ended what was active."""
        self.on_lapse: dict[int, Callable[[int], None]] = {}
        """Spots whose truth is looked at again when it lapses, instead of being over."""
        self.describe: dict[int, Callable[[int], tuple[str, tuple[str, ...]]]] = {}
        """The zone and points behind a spot at a time, where they are not simply its own."""
        self.detail: dict[int, Callable[[], Mapping[str, float]]] = {}
        """What a spot's kind has to say beside, when it comes true."""
        self.causes: dict[int, Callable[[bool, int], tuple[Cause, ...]]] = {}
        """The readings that made a spot true or false, where they are not simply the last one of its point."""
        self.why_over: dict[int, Callable[[], str]] = {}
        """What ended a spot, where it may be something else than readings."""
        self.known = np.array([s.kind in _ALWAYS_KNOWN for s in spots], dtype=np.bool_)
        """Whether the last reading said anything."""
        self.watched = frozenset(i for i, s in enumerate(spots) if s.watched)
        self._is_watched = np.array([s.watched for s in spots], dtype=np.bool_)
        self._true = np.zeros(n, dtype=np.bool_)
        """`is_true`, for many at once."""
        self._known_matters = np.zeros(n, dtype=np.bool_)
        """A verdict is looked at even if it is what is so already: a delay runs, or stands still."""
        self._unknown_matters = np.zeros(n, dtype=np.bool_)
        """That nothing can be said is looked at."""
        self.composed = np.array([s.composed for s in spots], dtype=np.bool_)
        """Spots that are judged by what becomes of others."""
        self.place = 0
        """Where in the batch the reading or event stands that is looked at."""
        self.notes: list[Note] = []
        """What became of watched spots since composites looked last."""
        self._noted: dict[int, bool | None] = {}
        self._lapses = False
        """A window ends, and what its spot is now is looked at."""
        self._out: list[tuple[int, int, Transition]] = []
        self.refresh()

    def refresh(self) -> None:
        """Derive from the restored state what composites have seen, and which verdicts change something."""
        self._noted = {i: self.seen(i) for i in self.watched}
        running = self.due < NEVER
        self._true[:] = _IS_TRUE.take(self.phase)
        self._known_matters[:] = running | (self.left >= 0) | (self._is_watched & ~self.known)
        self._unknown_matters[:] = running | (self._is_watched & self.known)

    def seen(self, spot: int) -> bool | None:
        """What a spot is for the composites made of it; None: unknown. An alarm that stands does so, known or not."""
        stands = self.phase.item(spot) in (Phase.ACTIVE, Phase.FALLING)
        if self.known.item(spot) or (stands and not self._spots[spot].part):
            return stands
        return None

    def described(self, spot: int, at: int) -> tuple[str, tuple[str, ...]]:
        """The zone and points behind a spot at a time."""
        describe = self.describe.get(spot)
        return describe(at) if describe else (self._spots[spot].zone, self._spots[spot].points)

    def caused(self, spot: int, truth: bool, at: int) -> tuple[Cause, ...]:
        """The readings that made a spot true, or false, as it stands at a time."""
        cause = self.causes.get(spot)
        if cause is not None:
            return cause(truth, at)
        t, value, quality = (
            (self.rose_at, self.value, self.quality) if truth else (self.fell_at, self.fell_value, self.fell_quality)
        )
        x = value.item(spot)
        return () if math.isnan(x) else (Cause(self._spots[spot].points[0], t.item(spot), x, quality.item(spot)),)

    def is_true(self, spot: int) -> bool:
        """Whether the last known readings make the condition true."""
        return self.phase.item(spot) in _TRUE

    def are_true(self, spot: Index) -> Flags:
        """`is_true` of spots (n,)."""
        return self._true.take(spot)

    def are_calm(self, spot: Index) -> Flags:
        """Which spots (n,) nothing changes but a verdict to the contrary: no delay runs or stands still."""
        return ~(self._known_matters.take(spot) | self._unknown_matters.take(spot))

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
        if spot in self.watched:
            self.known[spot] = truth is not None
            self._note(spot, t, bound=False)
        self._look_at(spot)

    def looked_at(self, spot: Index, truth: Flags, known: Flags) -> list[int]:
        """Of verdicts on different spots (n,) those to `observe`; where not `known` the truth is unknown."""
        told = (truth != self._true.take(spot)) | self._known_matters.take(spot)
        found: list[int] = places(np.where(known, told, self._unknown_matters.take(spot))).tolist()
        return found

    def ending(self, spot: Index, t: Times) -> list[int]:
        """Of different spots (n,) those to `settle` at `t` (n,)."""
        found: list[int] = places(np.minimum(self.due.take(spot), self.lapse.take(spot)) <= t).tolist()
        return found

    def settle(self, spot: int, t: int) -> None:
        """End the delays and windows of the spot that end at or before `t`."""
        while True:
            due, lapse = self.due.item(spot), self.lapse.item(spot)
            if due <= lapse and due <= t:
                self._end_delay(spot, due)
                self._note(spot, due, bound=True)
            elif lapse <= t:
                self.lapse[spot] = NEVER
                again = self.on_lapse.get(spot)
                if again is None:
                    self._apply(spot, lapse, False, np.nan, 0)
                    self._note(spot, lapse, bound=True)
                else:
                    self._lapses = True
                    again(lapse)
                    self._lapses = False
            else:
                return
            self._look_at(spot)

    def tick(self, now: Times) -> None:
        """End what ends at or before `now` (spots,), but composites: they end after what they are made of."""
        for spot in np.flatnonzero((np.minimum(self.due, self.lapse) <= now) & ~self.composed).tolist():
            self.settle(spot, now.item(spot))

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`."""
        for times in (self.since, self.due, self.lapse, self.rose_at, self.fell_at):
            earlier(times, by)

    def adopt(self, spot: int, since: int) -> None:
        """The condition is active since then, though nothing is known of the readings that made it so."""
        self.phase[spot], self.since[spot] = Phase.ACTIVE, since
        self.due[spot], self.left[spot], self.lapse[spot] = NEVER, -1, NEVER
        self._look_at(spot)

    def next_end(self, after: int) -> int:
        """When the next delay or window beyond `after` ends (ms); NEVER when none runs."""
        if after < 0:
            return int(min(self.due.min(), self.lapse.min())) if self.due.size else NEVER
        return int(min(times.min(initial=NEVER, where=times > after) for times in (self.due, self.lapse)))

    def _apply(self, spot: int, t: int, truth: bool | None, value: float, quality: int) -> None:
        phase = self.phase.item(spot)
        if truth is None:
            if phase in (Phase.RISING, Phase.FALLING) and self.left.item(spot) < 0:
                self.left[spot] = max(self.due.item(spot) - t, 0)
                self.due[spot] = NEVER
            return
        at = max(t, self.since.item(spot))
        if truth != (phase in _TRUE):
            self._turn(spot, t, at, truth, value, quality)
        elif self.left.item(spot) >= 0:
            self.due[spot] = at + self.left.item(spot)
            self.left[spot] = -1
            self.settle(spot, at)

    def _turn(self, spot: int, t: int, at: int, truth: bool, value: float, quality: int) -> None:
        phase = self.phase.item(spot)
        self.left[spot] = -1
        self.due[spot] = NEVER
        if truth:
            if phase == Phase.FALLING:
                self._enter(spot, Phase.ACTIVE, at)
                return
            self.value[spot] = value
            self.quality[spot] = quality
            self.rose_at[spot] = t
            self._delay(spot, Phase.RISING, at, self._spots[spot].on_delay_ms)
        elif phase == Phase.RISING:
            self._enter(spot, Phase.IDLE, at)
        else:
            self.fell_at[spot], self.fell_value[spot], self.fell_quality[spot] = t, value, quality
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
        if not self._spots[spot].part:
            self._out.append((at, spot, self._transition(spot, active, at)))

    def _look_at(self, spot: int) -> None:
        """What `refresh` says of all, for one whose state changed."""
        watched, is_known = spot in self.watched, self.known.item(spot)
        running = self.due.item(spot) < NEVER
        self._true[spot] = self.is_true(spot)
        self._known_matters[spot] = running or self.left.item(spot) >= 0 or (watched and not is_known)
        self._unknown_matters[spot] = running or (watched and is_known)

    def _note(self, spot: int, t: int, *, bound: bool) -> None:
        if spot in self.watched and (truth := self.seen(spot)) != self._noted[spot]:
            self._noted[spot] = truth
            self.notes.append(Note(self.place, t, spot, truth, bound or self._lapses))

    def _enter(self, spot: int, phase: Phase, at: int) -> None:
        self.phase[spot] = phase
        self.since[spot] = at

    def _transition(self, spot: int, active: bool, at: int) -> Transition:
        row = self._spots[spot]
        zone, points = self.described(spot, at)
        value = self.value.item(spot)
        return Transition(
            row.rule,
            row.scope,
            zone,
            active,
            at,
            None if np.isnan(value) else value,
            points,
            row.kind if active else self.why_over[spot]() if spot in self.why_over else "over",
            self.quality.item(spot),
            self.detail[spot]() if active and spot in self.detail else {},
            self.caused(spot, active, at),
        )
