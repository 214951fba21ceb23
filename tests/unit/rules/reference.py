"""The same rules the plain way: one object a condition, one reading at a time. Slow, and easy to believe."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from rules.detect.compiled import Compiled, Count, Group, Guard, Silence, Spot
from rules.detect.limits import Limits
from rules.detect.model import UNHEARD, UNKNOWN, Batch
from tests.unit.rules.plain_kinds import PLAIN

Found = tuple[int, str, str, bool]
"""When, rule, scope, active."""


@dataclass
class Delayed:
    """On-delay and off-delay of one condition."""

    spot: Spot
    out: list[Found]
    on: bool = False
    wanted: bool = False
    since: int = 0
    ends: int | None = None
    left: int | None = None
    lapse: int | None = None
    relook: Callable[[int], None] | None = None

    def pass_time(self, t: int) -> None:
        while True:
            if self.ends is not None and self.ends <= t and (self.lapse is None or self.ends <= self.lapse):
                at, self.ends = self.ends, None
                self._switch(at)
            elif self.lapse is not None and self.lapse <= t:
                at, self.lapse = self.lapse, None
                if self.relook:
                    self.relook(at)
                else:
                    self._want(at, False)
            else:
                return

    def see(self, t: int, truth: bool | None) -> None:
        self.pass_time(t)
        if truth is None:
            if self.ends is not None:
                self.left, self.ends = max(self.ends - t, 0), None
        elif truth != self.wanted:
            self._want(t, truth)
        elif self.left is not None:
            self.ends, self.left = max(t, self.since) + self.left, None
            self.pass_time(max(t, self.since))

    def _want(self, t: int, truth: bool) -> None:
        if truth == self.wanted:
            return
        at = max(t, self.since)
        self.wanted, self.since, self.ends, self.left = truth, at, None, None
        if truth != self.on:
            delay = self.spot.on_delay_ms if truth else self.spot.off_delay_ms
            if delay:
                self.ends = at + delay
            else:
                self._switch(at)

    def _switch(self, at: int) -> None:
        self.on, self.since = self.wanted, at
        self.out.append((at, self.spot.rule, self.spot.scope, self.on))


def _inside(limits: Limits, already: bool, x: float) -> bool:
    low, high = limits.hold if already else limits.rise
    return (low < x < high) != limits.outside


@dataclass
class Level:
    """Above, below, equals."""

    limits: Limits
    delayed: Delayed
    truth: bool = False

    def read(self, t: int, x: float | None) -> None:
        if x is None:
            self.delayed.see(t, None)
        else:
            self.truth = _inside(self.limits, self.truth, x)
            self.delayed.see(t, self.truth)


@dataclass
class Voice:
    """What is known of one point of a vote."""

    device: str
    at_one: bool = False
    unknown: bool = False
    heard: int | None = None
    held: int | None = None


@dataclass
class Election:
    """A vote."""

    group: Group
    delayed: Delayed
    voices: list[Voice]

    def read(self, voice: Voice, t: int, x: float | None) -> None:
        if x is None:
            if voice.at_one and not voice.unknown:
                self.delayed.pass_time(t)
                voice.unknown, voice.heard = True, t
                self.count(t)
        elif x == 1.0:
            if not voice.at_one or voice.unknown:
                self.delayed.pass_time(t)
                voice.at_one, voice.unknown = True, False
                self.count(t)
        elif voice.at_one:
            self.delayed.pass_time(t)
            voice.heard = min(voice.heard, t) if voice.unknown and voice.heard is not None else t
            voice.held = t
            voice.at_one = voice.unknown = False
            self.count(t)
        elif voice.held is not None and (t < voice.held or (voice.heard is not None and t < voice.heard)):
            assert voice.heard is not None
            self.delayed.pass_time(t)
            voice.held, voice.heard = min(t, voice.held), min(t, voice.heard)
            self.count(t)

    def count(self, t: int) -> None:
        delayed, ends = self.delayed, dict[str, float]()
        for voice in self.voices:
            end: float | None
            if delayed.on and delayed.wanted:
                end = math.inf if voice.at_one else voice.held
            else:
                end = math.inf if voice.at_one and not voice.unknown else voice.heard
            if end is not None and end > t - self.group.within_ms:
                ends[voice.device] = max(end, ends.get(voice.device, end))
        enough = len(ends) >= self.group.at_least
        delayed.lapse = None
        if enough:
            deciding = sorted(ends.values())[-self.group.at_least]
            delayed.lapse = None if math.isinf(deciding) else int(deciding) + self.group.within_ms
        delayed.see(t, enough)


@dataclass
class Beginning:
    """A sequence."""

    guard: Guard
    limits: Limits
    delayed: Delayed
    state: bool | None = None
    events: deque[int] = field(default_factory=lambda: deque(maxlen=32))

    def read(self, t: int, x: float | None) -> None:
        if x is None:
            self.delayed.see(t, None)
            return
        before, self.state = self.state, _inside(self.limits, False, x)
        if before is None:
            return
        if self.state == before:
            self.delayed.pass_time(t)
            self.delayed.see(t, self.delayed.wanted)
        else:
            innocent = any(self._explains(e, t) for e in self.events)
            self.delayed.see(t, self.state and not innocent)

    def event(self, t: int) -> None:
        self.events.append(t)
        delayed = self.delayed
        if delayed.wanted and not delayed.on:
            began = delayed.since
            delayed.pass_time(max(t, began))
            if delayed.wanted and not delayed.on and self._explains(t, began):
                delayed.see(t, False)

    def _explains(self, event: int, t: int) -> bool:
        return t - self.guard.within_ms <= event <= t + 999


@dataclass
class Quiet:
    """A silence."""

    silence: Silence
    every_ms: int
    delayed: Delayed
    last: int = 0
    listening: int = 0

    def limit(self) -> int:
        return max(self.last + self.silence.limit_ms, self.listening + max(self.every_ms, 10_000))

    def heard(self, t: int) -> None:
        if t > self.limit():
            self.delayed.see(self.limit(), True)
        self.delayed.see(t, False)
        self.last = max(t, self.last)

    def tick(self, now: int) -> None:
        if self.limit() < now:
            self.delayed.see(self.limit(), True)


@dataclass
class Often:
    """An event count."""

    row: Count
    delayed: Delayed
    times: list[int] = field(default_factory=list)

    def event(self, t: int) -> None:
        t = max([t, *self.times[-1:]])
        self.delayed.pass_time(t)
        self.times = [*self.times, t][-self.row.count :]
        if len(self.times) == self.row.count and self.times[0] > t - self.row.within_ms:
            self.delayed.lapse = None
            self.delayed.see(t, True)
            self.delayed.lapse = self.times[0] + self.row.within_ms


class Reference:
    """All rules of a compiled site."""

    def __init__(self, compiled: Compiled) -> None:
        self.out: list[Found] = []
        self.compiled = compiled
        self.delayed = [Delayed(spot, self.out) for spot in compiled.spots]
        self.readers: list[list[Callable[[int, float | None], None]]] = [[] for _ in compiled.points]
        self.hearers: list[list[Quiet]] = [[] for _ in compiled.points]
        self.events: dict[tuple[int | str, str], list[Callable[[int], None]]] = {}
        self.tickers: list[Callable[[int], None]] = []
        self._add_levels_and_sequences()
        self._add_votes()
        for silence in compiled.silences:
            quiet = Quiet(silence, int(compiled.every_ms[silence.point]), self.delayed[silence.spot])
            self.hearers[silence.point].append(quiet)
            self.tickers.append(quiet.tick)
        for count in compiled.counts:
            self.events.setdefault((count.point, count.type), []).append(Often(count, self.delayed[count.spot]).event)
        for kind, rows in compiled.at_points.items():
            for row in rows:
                plain = PLAIN[kind](row.when, row.every_ms, compiled.timezone, self.delayed[row.spot])
                self.readers[row.point].append(plain.read)
                self.tickers.append(plain.tick)
        self.tickers += [d.pass_time for d in self.delayed]

    def _add_levels_and_sequences(self) -> None:
        guards = {guard.binding: guard for guard in self.compiled.guards}
        for i, binding in enumerate(self.compiled.bindings):
            delayed = self.delayed[binding.spot]
            if delayed.spot.kind == "vote":
                continue
            guard = guards.get(i)
            if guard is None:
                self.readers[binding.point].append(Level(binding.limits, delayed).read)
            else:
                beginning = Beginning(guard, binding.limits, delayed)
                self.readers[binding.point].append(beginning.read)
                self.events.setdefault((guard.device, guard.type), []).append(beginning.event)

    def _add_votes(self) -> None:
        for group in self.compiled.groups:
            voices = [Voice(device) for device in group.devices]
            election = Election(group, self.delayed[group.spot], voices)
            election.delayed.relook = election.count
            for binding, voice in zip(group.bindings, voices, strict=True):
                self.readers[self.compiled.bindings[binding].point].append(
                    lambda t, x, election=election, voice=voice: election.read(voice, t, x)  # type: ignore[misc]
                )

    def listen(self, now: int) -> None:
        """Listening begins at `now`; nobody was heard before."""
        for quiet in (quiet for hearers in self.hearers for quiet in hearers):
            quiet.last = quiet.listening = now

    def evaluate(self, batch: Batch) -> None:
        """Take a batch, reading by reading."""
        events = deque(batch.occurrences)
        rows = zip(batch.p.tolist(), batch.t.tolist(), batch.x.tolist(), batch.q.tolist(), strict=True)
        for place, (p, t, x, q) in enumerate(rows):
            while events and events[0].position <= place:
                self._event(events[0].point, events[0].t, events[0].type)
                events.popleft()
            for quiet in self.hearers[p]:
                if not q & UNHEARD:
                    quiet.heard(t)
            known = None if q & UNKNOWN or not math.isfinite(x) else x
            for read in self.readers[p]:
                read(t, known)
        for event in events:
            self._event(event.point, event.t, event.type)

    def _event(self, point: int, t: int, kind: str) -> None:
        for take in self.events.get((point, kind), ()):
            take(t)
        for take in self.events.get((self.compiled.devices[point], kind), ()):
            take(t)

    def tick(self, now: int) -> None:
        """Let time pass until `now`."""
        for tick in self.tickers:
            tick(now)
