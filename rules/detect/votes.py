"""Votes: so many different devices of a selection at 1 within a window.

A device counts while it is at 1, and for the window after it was last known to be. To keep an active vote alive a
device that became unknown while at 1 counts on, so that a fire that burns a detector's cable does not end the alarm;
to raise a vote it counts only for the window after it was last heard.
"""

from functools import partial

import numpy as np

from community.alarms import Cause
from rules.detect.compiled import Compiled, Group
from rules.detect.model import NEVER, earlier
from rules.detect.phases import Phase, Phases

_NO_TIME = -NEVER


class Votes:
    """State of every voice, as arrays (n + 1,), one place a binding."""

    def __init__(self, compiled: Compiled, phases: Phases) -> None:
        n = len(compiled.bindings)
        self._phases = phases
        self._points = [compiled.points[b.point] for b in compiled.bindings]
        self._group_of = {binding: group for group in compiled.groups for binding in group.bindings}
        self._members = {group.spot: np.array(group.bindings, dtype=np.intp) for group in compiled.groups}
        self.heard_until = np.full(n + 1, _NO_TIME, dtype=np.int64)
        """Until when the binding is known to be at 1 (ms): NEVER while it is."""
        self.held_until = np.full(n + 1, _NO_TIME, dtype=np.int64)
        """Until when it may be at 1 (ms): NEVER while it is, or is unknown since."""
        self.spoke_at = np.full(n + 1, _NO_TIME, dtype=np.int64)
        """When it came to 1 last (ms)."""
        self.quality = np.zeros(n + 1, dtype=np.uint8)
        """Quality bits of the reading that brought it to 1."""
        for group in compiled.groups:
            phases.on_lapse[group.spot] = partial(self._count, group)
            phases.describe[group.spot] = partial(self._describe, group)
            phases.causes[group.spot] = partial(self._causes, group)

    def speak(self, binding: int, t: int, truth: bool, quality: int) -> None:
        """The binding is known to be at 1, or not, at `t`."""
        before = (self.heard_until.item(binding), self.held_until.item(binding))
        now = (NEVER, NEVER) if truth else (min(before[0], t), min(before[1], t))
        if now == before:
            return
        group = self._group_of[binding]
        self._phases.settle(group.spot, t)
        self.heard_until[binding], self.held_until[binding] = now
        if truth:
            self.quality[binding] = quality
            if before[1] < NEVER:
                self.spoke_at[binding] = t
        self._count(group, t)

    def lose(self, binding: int, t: int) -> None:
        """The binding is unknown from `t` on."""
        if self.heard_until.item(binding) < NEVER:
            return
        group = self._group_of[binding]
        self._phases.settle(group.spot, t)
        self.heard_until[binding] = t
        self._count(group, t)

    def adopt(self, binding: int) -> None:
        """The binding may be at 1: it holds a vote, and raises none."""
        self.held_until[binding] = NEVER

    def watch(self, binding: int) -> tuple[bool, bool]:
        """Whether the next known and the next unknown value matter even if the truth stays as it is."""
        heard, held = self.heard_until.item(binding) == NEVER, self.held_until.item(binding) == NEVER
        return held and not heard, heard

    def set_back(self, by: int) -> None:
        """See `Detector.set_back`."""
        for times in (self.heard_until, self.held_until, self.spoke_at):
            earlier(times, by)

    def _count(self, group: Group, t: int) -> None:
        spot, phases = group.spot, self._phases
        until = self.held_until if phases.phase.item(spot) == Phase.ACTIVE else self.heard_until
        by_device: dict[str, int] = {}
        last = until.take(self._members[spot])
        voters = np.flatnonzero(last > t - group.within_ms).tolist()
        for place in voters:
            device = group.devices[place]
            by_device[device] = max(last.item(place), by_device.get(device, _NO_TIME))
        votes = len(by_device)
        enough = votes >= group.at_least
        if enough:
            deciding = sorted(by_device.values(), reverse=True)[group.at_least - 1]
            phases.lapse[spot] = NEVER if deciding == NEVER else deciding + group.within_ms
            quality = int(np.bitwise_or.reduce(self.quality[[group.bindings[v] for v in voters]]))
            phases.observe(spot, t, True, votes, quality)
        else:
            phases.lapse[spot] = NEVER
            phases.observe(spot, t, False)

    def _causes(self, group: Group, truth: bool, at: int) -> tuple[Cause, ...]:
        """Who came to 1 and counts; or, when it is over, who counted no longer."""
        if truth:
            return tuple(
                Cause(self._points[binding], self.spoke_at.item(binding), 1.0, self.quality.item(binding))
                for binding in group.bindings
                if self.held_until.item(binding) > at - group.within_ms and self.spoke_at.item(binding) > _NO_TIME
            )
        since = self._phases.fell_at.item(group.spot) - group.within_ms
        return tuple(
            Cause(self._points[binding], self.held_until.item(binding), 0.0)
            for binding in group.bindings
            if since <= self.held_until.item(binding) < NEVER
        )

    def _describe(self, group: Group, at: int) -> tuple[str, tuple[str, ...]]:
        voters = [
            place
            for place, binding in enumerate(group.bindings)
            if self.held_until.item(binding) > at - group.within_ms
        ]
        latest = max(voters, key=lambda place: self.spoke_at.item(group.bindings[place]), default=0)
        return group.zones[latest], tuple(self._points[group.bindings[place]] for place in voters)
