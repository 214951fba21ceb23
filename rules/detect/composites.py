"""Conditions made of others: all, any, not, the alarms of other rules, and the hours a rule holds.

Three-valued logic (Kleene): what is unknown decides nothing, so it neither raises nor ends. A composite is judged when
one of its inputs changes or its hours do. Inputs are seen in the order of the stream, whatever order the kinds of
conditions work through a batch in: every change notes the place of the reading it came from.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from heapq import heappop, heappush

import numpy as np

from community.alarms import Cause
from rules.detect.compiled import Compiled, Composite, Tree
from rules.detect.model import NEVER, Batch, Times
from rules.detect.phases import Note, Phases
from rules.detect.reach import Reaches


class Composites:
    """State: what each input is, as far as the composites have seen."""

    def __init__(self, compiled: Compiled, phases: Phases, reaches: Reaches) -> None:
        self._phases = phases
        self._reaches = reaches
        self._rows = compiled.composites
        self._spots = np.array([row.spot for row in self._rows], dtype=np.intp)
        self._points = [spot.points for spot in compiled.spots]
        self._of_input: dict[int, list[int]] = defaultdict(list)
        """Places of composites in `_rows`, by what they are made of."""
        self._seen: dict[int, bool | None] = {}
        self._waiting: dict[int, deque[Note]] = defaultdict(deque)
        """Changes of an input that composites have not seen, in order."""
        self._unfollowed: list[Note] = []
        """Those of them that nobody has looked at."""
        for place, row in enumerate(self._rows):
            phases.on_lapse[row.spot] = partial(self._judge, row)
            phases.describe[row.spot] = partial(self._describe, row)
            phases.causes[row.spot] = partial(self._causes, row)
            if row.hours is not None:
                phases.why_over[row.spot] = partial(self._why_over, row)
            for spot in row.inputs:
                self._of_input[spot].append(place)
        self._inputs = tuple(self._of_input)
        self._listening = 0
        self._unjudged: list[Composite] = []
        """What listening asked for, and is still to be judged."""
        self.known_until: Times | None = None
        """Up to when each spot is known (ms); None: up to now."""
        self.refresh()

    def refresh(self) -> None:
        """Derive what the inputs are from the restored phases."""
        self._seen = {spot: self._phases.seen(spot) for spot in self._inputs}

    @property
    def to_judge(self) -> tuple[int, tuple[int, ...]]:
        """When listening began, and the spots of what it asked for that is still to be judged."""
        return self._listening, tuple(row.spot for row in self._unjudged)

    @to_judge.setter
    def to_judge(self, value: tuple[int, tuple[int, ...]]) -> None:
        self._listening, spots = value
        wanted = frozenset(spots)
        self._unjudged = [row for row in self._rows if row.spot in wanted]

    def listen(self, now: int) -> None:
        """Listening begins: also what needs no news, such as an hour or an event that is missing, will be judged."""
        self._listening, self._unjudged = now, list(self._rows)

    def begin(self, until: Times) -> None:
        """Judge what listening asked for, where all is known `until` (spots,) then; it leaves with what follows."""
        if not self._unjudged:
            return
        now, rows = self._listening, self._unjudged
        self._unjudged = [row for row in rows if until.item(row.spot) < now]
        for row in rows:
            if until.item(row.spot) >= now:
                self._phases.settle(row.spot, now)
                self._judge(row, now)
        self.run()

    def begin_with(self, batch: Batch) -> None:
        """The same at a batch that was made since listening began."""
        if self._unjudged and (len(batch) or batch.occurrences):
            made = min([int(batch.t.min(initial=NEVER)), *(event.t for event in batch.occurrences)])
            self.begin(self._reaches.everywhere(made).delays)

    def run(self) -> None:
        """Judge by all that changed by the readings and events since the last call: what one of them told, at once."""
        self._see_all(lambda note: note.place)

    def _see_all(self, told_by: Callable[[Note], object]) -> None:
        notes = self._taken()
        notes.sort(key=lambda note: note.place)
        moments: dict[object, list[Note]] = {}
        for note in notes:
            moment = id(note) if note.bound else (told_by(note), note.t)
            moments.setdefault(moment, []).append(note)
        for together in moments.values():
            self._see(together)

    def tick(self, until: Times) -> None:
        """End the delays and hours of composites that end by `until` (spots,), inputs first."""
        phases, spots = self._phases, self._spots
        ends = np.minimum(phases.due.take(spots), phases.lapse.take(spots))
        if not (ends <= until.take(spots)).any():
            return
        for row in self._rows:
            now = until.item(row.spot)
            if min(phases.due.item(row.spot), phases.lapse.item(row.spot)) <= now:
                phases.settle(row.spot, now)
                self.pass_time()

    def pass_time(self) -> None:
        """Judge by all that changed by time since the last call: what became of a point at one moment, at once."""
        self._see_all(lambda note: self._points[note.spot])

    def _take_notes(self) -> None:
        notes, self._phases.notes = self._phases.notes, []
        for note in notes:
            self._waiting[note.spot].append(note)
        self._unfollowed += notes

    def _taken(self) -> list[Note]:
        self._take_notes()
        notes, self._unfollowed = self._unfollowed, []
        return notes

    def _see(self, together: Sequence[Note]) -> None:
        """Changes of one moment. What is made of them is judged when all are seen, and inputs before what uses them."""
        notes: list[Note] = []
        for note in together:
            waiting = self._waiting[note.spot]
            if waiting and waiting[0] is note:  # otherwise seen already, because another input changed after it
                waiting.popleft()
                notes.append(note)
        if not notes:
            return
        t, self._phases.place = notes[0].t, notes[0].place
        to_judge: list[int] = []
        for note in notes:
            for place in self._of_input[note.spot]:
                self._catch_up(self._rows[place], note)
                self._phases.settle(self._rows[place].spot, t)
        self._note_seen(notes, to_judge)
        while to_judge:
            place = heappop(to_judge)
            if place not in to_judge:
                self._judge(self._rows[place], t)
                self._note_seen(self._follow(t), to_judge)

    def _note_seen(self, notes: Sequence[Note], to_judge: list[int]) -> None:
        for note in notes:
            self._seen[note.spot] = note.truth
            for place in self._of_input[note.spot]:
                heappush(to_judge, place)

    def _catch_up(self, row: Composite, note: Note) -> None:
        """See first what was bound to end before: a window or a delay of another input."""
        for spot in row.inputs:
            if spot == note.spot:
                continue
            waiting = self._waiting[spot]
            if not waiting:
                self._phases.settle(spot, self._known(spot, note))
                self._take_notes()
            while waiting and waiting[0].bound and waiting[0].t <= note.t:
                self._see([waiting[0]])

    def _known(self, spot: int, note: Note) -> int:
        """Up to when an input is known while another changes: a source that is behind says nothing about now."""
        if self.known_until is None or self._reaches.alike(spot, note.spot):
            return note.t
        return min(note.t, self.known_until.item(spot))

    def _follow(self, t: int) -> list[Note]:
        """Composites of composites see a change at once: those of this moment, to be seen with what led to them."""
        found = []
        for note in self._taken():
            waiting = self._waiting[note.spot]
            if note.bound or note.t != t or not waiting or waiting[0] is not note:
                self._see([note])
                continue
            for place in self._of_input[note.spot]:
                self._catch_up(self._rows[place], note)
                self._phases.settle(self._rows[place].spot, t)
            waiting.popleft()
            found.append(note)
        return found

    def _judge(self, row: Composite, t: int) -> None:
        phases, spot = self._phases, row.spot
        truth = _truth(row.tree, self._seen)
        lapse = NEVER
        if row.hours is not None and truth is not False:
            holds, lapse = row.hours.at(t)
            truth = truth if holds else False
        phases.lapse[spot] = lapse
        true = [i for i in row.inputs if self._seen[i]]
        value = phases.value.item(true[0]) if true else np.nan
        quality = int(np.bitwise_or.reduce(phases.quality[true])) if true else 0
        phases.observe(spot, t, truth, value, quality)

    def _describe(self, row: Composite, at: int) -> tuple[str, tuple[str, ...]]:
        true = [self._phases.described(i, at) for i in row.inputs if self._seen[i]]
        if not true:
            return row.zone, row.points
        return true[0][0], tuple(dict.fromkeys(point for _, points in true for point in points))

    def _causes(self, row: Composite, truth: bool, at: int) -> tuple[Cause, ...]:
        """What the deciding parts were decided by."""
        if not truth and self._why_over(row) == "hours":
            return ()
        parts = dict.fromkeys(_deciding(row.tree, truth, self._seen))
        return tuple(cause for spot, is_so in parts for cause in self._phases.caused(spot, is_so, at))

    def _why_over(self, row: Composite) -> str:
        holds = row.hours is None or row.hours.at(self._phases.fell_at.item(row.spot))[0]
        return "over" if holds else "hours"


def _deciding(tree: Tree, truth: bool, seen: dict[int, bool | None]) -> Iterator[tuple[int, bool]]:
    """The inputs that make a tree what it is, and what each of them is."""
    if isinstance(tree, int):
        if seen[tree] is truth:
            yield tree, truth
        return
    kind, parts = tree
    for part in parts:
        yield from _deciding(part, truth != (kind == "not"), seen)


def _truth(tree: Tree, seen: dict[int, bool | None]) -> bool | None:
    if isinstance(tree, int):
        return seen[tree]
    kind, parts = tree
    if kind == "not":
        inner = _truth(parts[0], seen)
        return None if inner is None else not inner
    truths: Sequence[bool | None] = [_truth(part, seen) for part in parts]
    deciding = kind == "any"
    if deciding in truths:
        return deciding
    return None if None in truths else not deciding
