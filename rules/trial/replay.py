"""Recorded readings through the rules of a site, by the engine that runs them.

The engine gives the same transitions at the same times in any batching, so a replay takes minutes of readings at once.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from backbone.building import building
from backbone.frames import FrameEvent
from backbone.historian.port import ReadingBatch
from community.alarm_load import Episode
from community.site.rules import Grade
from community.site.site import Site
from rules.detect.compile import compile_rules
from rules.detect.compiled import Compiled
from rules.detect.engine import Detector
from rules.detect.model import Batch, Index, Occurrence, Transition

AT_ONCE = 100_000
"""Readings given to the engine together; between two lots time passes and silence is noticed."""


class Replay:
    """The rules of one site, fed from the beginning."""

    def __init__(self, site: Site, begin: int, compiled: Compiled | None = None) -> None:
        """`compiled`: the site's rules, where somebody has compiled them already."""
        with building():
            self._detector = Detector(compiled or compile_rules(site))
        self._index = self._detector.compiled.point_index
        self._grades = {rule.id: rule.risk for rule in site.file.rules}
        self._open: dict[tuple[str, str], Episode] = {}
        self._detector.listen(begin)
        self.episodes: list[Episode] = []
        self.readings = 0
        self.unknown: set[str] = set()
        """Points the site does not have."""
        self._heard = np.zeros(len(self._index), dtype=np.bool_)
        self._silences = {rule.id for rule in site.file.rules if rule.when.kind == "stale"}

    @property
    def compiled(self) -> Compiled:
        """The rules as the engine takes them."""
        return self._detector.compiled

    def take(self, batch: ReadingBatch, events: Sequence[FrameEvent] = ()) -> list[Transition]:
        """Judge readings that are in the order of time, with the events among them."""
        self.unknown |= {point for point in batch.points if point not in self._index}
        places = np.array([self._index.get(point, -1) for point in batch.points], dtype=np.intp)
        found: list[Transition] = []
        for first in range(0, max(batch.t.size, 1), AT_ONCE):
            lot = slice(first, first + AT_ONCE)
            last = first + AT_ONCE >= batch.t.size
            until = None if last else int(batch.t[min(first + AT_ONCE, batch.t.size) - 1])
            some = [e for e in events if until is None or e.t <= until]
            events = events[len(some) :]
            p = places.take(batch.p[lot]) if batch.t.size else np.empty(0, np.intp)
            found += self._evaluate(p, batch, lot, some)
        return found

    def tick(self, now: int) -> list[Transition]:
        """Let time pass."""
        return self._note(self._detector.tick(now))

    def unheard(self) -> list[str]:
        """Points of the site no reading was of."""
        return [point for point, place in self._index.items() if not self._heard[place]]

    def leave_out_unheard(self) -> None:
        """For readings of some of the points: that the others are silent is no news."""
        unheard = set(self.unheard())
        self.episodes = [e for e in self.episodes if e.rule not in self._silences or e.scope not in unheard]

    def since(self, begin: int) -> tuple[list[Episode], list[Episode]]:
        """Episodes that began at `begin` (Unix ms) or later, and those of before that went on beyond it."""
        later = [episode for episode in self.episodes if episode.raised_at >= begin]
        standing = [e for e in self.episodes if e.raised_at < begin and (e.cleared_at is None or e.cleared_at > begin)]
        return later, standing

    def _evaluate(self, p: Index, batch: ReadingBatch, lot: slice, events: Sequence[FrameEvent]) -> list[Transition]:
        known = p >= 0
        p, t, x, q = p[known], batch.t[lot][known], batch.x[lot][known], batch.q[lot][known]
        occurrences = [
            Occurrence(int(np.searchsorted(t, event.t)), self._index[event.point], event.t, event.type)
            for event in events
            if event.point in self._index
        ]
        self.readings += p.size
        self._heard[p] = True
        found = self._note(self._detector.evaluate(Batch(p, t, x, q, occurrences)))
        if t.size:
            found += self.tick(int(t[-1]))
        return found

    def _note(self, transitions: list[Transition]) -> list[Transition]:
        for turn in transitions:
            place = (turn.rule, turn.scope)
            if not turn.active:
                over = self._open.pop(place, None)
                if over is not None:
                    over.cleared_at = turn.at
            elif place not in self._open:
                grade = self._grades.get(turn.rule, Grade.LOW)
                episode = Episode(turn.rule, turn.scope, turn.zone, grade, turn.at, turn.value)
                self._open[place] = episode
                self.episodes.append(episode)
        return transitions


def replay(
    sites: Sequence[Site], batches: Iterable[ReadingBatch], events: Sequence[FrameEvent], begin: int, end: int
) -> list[Replay]:
    """The same readings through the rules of each site, read once. `events` by time; `begin` and `end` Unix ms."""
    replays: list[Replay] = []
    for place, site in enumerate(sites):
        same = next((replays[n] for n in range(place) if sites[n] is site), None)
        replays.append(Replay(site, begin, same.compiled if same is not None else None))
    for batch, some in _with_events(batches, sorted(events, key=lambda event: event.t)):
        for one in replays:
            one.take(batch, some)
    for one in replays:
        one.tick(end)
    return replays


def _with_events(
    batches: Iterable[ReadingBatch], events: Sequence[FrameEvent]
) -> Iterator[tuple[ReadingBatch, Sequence[FrameEvent]]]:
    given, site = 0, ""
    for batch in batches:
        site = batch.site
        last = int(batch.t[-1]) if batch.t.size else 0
        upto = given
        while upto < len(events) and events[upto].t <= last:
            upto += 1
        yield batch, events[given:upto]
        given = upto
    if given < len(events):
        none = np.empty(0)
        rest = ReadingBatch(
            site, (), none.astype(np.uint32), none.astype(np.int64), none.astype(np.float64), none.astype(np.uint8)
        )
        yield rest, events[given:]
