"""The detector: batches of readings in, transitions out. Pure; the same readings in any batching give the same."""

import numpy as np

from community.quality import Quality
from rules.detect import checkpoint
from rules.detect.compiled import Compiled
from rules.detect.composites import Composites
from rules.detect.counts import Counts
from rules.detect.kinds import KINDS
from rules.detect.kinds.at_points import Spread
from rules.detect.levels import Levels
from rules.detect.model import NEVER, UNHEARD, UNKNOWN, Batch, Flags, Transition
from rules.detect.phases import Phase, Phases
from rules.detect.reach import Reach, Reaches
from rules.detect.silences import Silences


class Detector:
    """All conditions of a site and their state.

    A tick at `now` says that every reading made before `now` has been given: delays that ended by then are over, and
    who has not spoken by then is silent. With a `Reach` it says so of each source for itself. Real streams are late now
    and then; a late reading is taken as it comes.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self._spots = {(spot.rule, spot.scope): i for i, spot in enumerate(compiled.spots) if not spot.part}
        self._phases = Phases(compiled.spots)
        self._levels = Levels(compiled, self._phases)
        self._silences = Silences(compiled, self._phases)
        self._counts = Counts(compiled, self._phases)
        self._at_points = {kind: KINDS[kind](compiled, rows, self._phases) for kind, rows in compiled.at_points.items()}
        self._spread = Spread(tuple(self._at_points.values()), len(compiled.points))
        self._reaches = Reaches(compiled)
        self._composites = Composites(compiled, self._phases, self._reaches)
        self._stale = False
        """Alarms were adopted: what is derived from the state is made again before it is used."""
        self._parts = checkpoint.Parts(
            compiled,
            self._phases,
            self._levels,
            self._silences,
            self._counts,
            self._at_points,
            self._composites,
        )
        self._reach: Reach | None = None
        """Of the last tick."""

    def restore(self, state: bytes, layout: bytes) -> None:
        """Go on from a state exported earlier, with the layout it was exported with.

        Raises:
            CheckpointError: the bytes are damaged or do not belong together; the detector is as before.
        """
        self._mind(checkpoint.restore(self._parts, state, layout))
        self._refresh()

    def _refresh(self) -> None:
        self._stale = False
        self._levels.refresh()
        self._silences.refresh()
        self._phases.refresh()
        for kind in self._at_points.values():
            kind.refresh()
        self._composites.refresh()

    def listen(self, now: int) -> None:
        """Listening begins (again) at `now`: silence counts from here, with a grace of one expected interval."""
        if self._stale:
            self._refresh()
        self._silences.listen(now)
        self._composites.listen(now)

    def set_back(self, by: int) -> None:
        """The clock that dates readings was set back by so many ms: all that is remembered lies so much earlier.

        Otherwise delays would wait until the clock has come to where it was, and windows would take news for late.
        """
        self._phases.set_back(by)
        self._levels.votes.set_back(by)
        self._levels.sequences.set_back(by)
        self._silences.set_back(by)
        self._counts.set_back(by)
        for kind in self._at_points.values():
            kind.set_back(by)

    def heard_until(self) -> int:
        """The time of the newest reading (Unix ms)."""
        return self._silences.heard_until()

    def take_over(self, other: "Detector", now: int) -> None:
        """Go on at `now` where the detector of the site file before stands; what is new starts afresh."""
        self.restore(other.state(), other.layout)
        self._silences.take_over(other._silences, now)
        self._composites.listen(now)

    def evaluate(self, batch: Batch) -> list[Transition]:
        """Take a batch, and say what changed, by time."""
        if self._stale:
            self._refresh()
        self._composites.begin_with(batch)
        if len(batch):
            self._evaluate_readings(batch)
        elif batch.occurrences:
            self._levels.evaluate(batch, None)
        for event in batch.occurrences:
            self._counts.occurred(event)
        self._composites.run()
        return self._phases.drain()

    def _evaluate_readings(self, batch: Batch) -> None:
        finite = np.isfinite(batch.x)
        unknown: Flags | None = None
        if batch.q.any() or not finite.all():
            q = np.where(finite, batch.q, batch.q | int(Quality.OUT_OF_RANGE)).astype(np.uint8)
            batch = Batch(batch.p, batch.t, batch.x, q, batch.occurrences)
            unknown = (q & UNKNOWN) != 0
            heard = np.flatnonzero((q & UNHEARD) == 0)
            self._silences.evaluate(batch.p.take(heard), batch.t.take(heard), heard)
        else:
            self._silences.evaluate(batch.p, batch.t)
        self._spread.evaluate(batch, unknown)
        self._levels.evaluate(batch, unknown)

    def tick(self, now: int, reach: Reach | None = None) -> list[Transition]:
        """Let time pass until `now`, or for each condition as far as its sources reach."""
        if self._stale:
            self._refresh()
        until = self._reaches.everywhere(now) if reach is None else self._reaches.until(reach)
        self._composites.begin(until.delays)
        for kind in self._at_points.values():
            kind.tick(until.windows.take(kind.spot))
        self._silences.tick(until.silences)
        self._reach, self._composites.known_until = reach, None if reach is None else until.delays
        self._composites.pass_time()
        self._phases.tick(until.delays)
        self._composites.pass_time()
        self._composites.tick(until.delays)
        return self._phases.drain()

    def _mind(self, reach: Reach | None) -> None:
        self._reach = reach
        self._composites.known_until = None if reach is None else self._reaches.until(reach).delays

    def next_end(self, after: int = -1) -> int:
        """When the next delay or window beyond `after` ends (Unix ms); far away when none runs."""
        return min(self._phases.next_end(after), NEVER)

    def adopt(self, rule: str, scope: str, since: int) -> bool:
        """An alarm of this condition stands, so it was true and nothing known has ended it; False: nobody watches it.

        For alarms whose condition starts afresh because the site file or the checkpoint changed.
        """
        spot = self._spots.get((rule, scope))
        if spot is None:
            return False
        if self._phases.phase.item(spot) not in (Phase.ACTIVE, Phase.FALLING):
            self._phases.adopt(spot, since)
            self._levels.adopt(spot)
            self._counts.adopt(spot, since)
            for kind in self._at_points.values():
                kind.adopt(spot, since)
            self._stale = True
        return True

    def snapshot(self) -> checkpoint.Snapshot:
        """All state as of now; `encoded` is to be restored by the next Detector of the same or a changed site."""
        return checkpoint.snapshot(self._parts, self._reach)

    def state(self) -> bytes:
        """The same, encoded at once."""
        return self.snapshot().encoded

    @property
    def layout(self) -> bytes:
        """What the places in `state()` mean; it changes with the site file only."""
        return self._parts.layout
