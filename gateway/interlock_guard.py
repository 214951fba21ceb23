"""Carries interlocks out: takes readings, trips, has outputs set, and tells upstream when it can.

Acting waits for nothing: the record of it is written beside. Outputs are set to a level and never pulsed, so that
setting them again after a crash is harmless. A sensor's message is acknowledged only once its vote is on the disk, and
a Modbus detector is read again, so a crash in between loses no vote either. When an interlock fails itself (an
exception, a record that cannot be read), its escape doors are opened and stay so until a person resets it.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import structlog

from backbone import metrics
from backbone.frames import FrameEvent
from backbone.site_watch import SiteRefused
from community.quality import UNUSABLE
from gateway import interlock_record
from gateway.interlock_outputs import InterlockOutputs
from gateway.interlock_record import Record, RecordError, RecordKeeper
from gateway.interlocks import (
    SILENT,
    Effect,
    Hold,
    Latch,
    Row,
    Voice,
    causes_of,
    effects_of,
    hear,
    holds,
    recalled,
    standing,
    tripped_by,
    worth_keeping,
)
from gateway.readings import Sink
from gateway.switch import Switch

TICK_S = 1.0
BACKLOG_MS = 120_000
"""For so long after the start, readings from long before it are taken for the state of things and not for news: they
waited in the sensors' broker. Later every reading is news, whatever clocks say."""
LATE_MS = 300_000

log = structlog.get_logger()


class InterlockState(msgspec.Struct):
    """One interlock in the gateway's status."""

    tripped: bool
    since: int | None = None
    causes: tuple[str, ...] = ()
    failure: str | None = None
    outputs: dict[str, str] = {}
    """By point: `set`, `setting`, or why it is not."""


class InterlockGuard:
    """The interlocks of one gateway."""

    def __init__(
        self,
        rows: tuple[Row, ...],
        folder: Path,
        *,
        switches: Mapping[str, Switch],
        sink: Sink,
        now: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        """`switches`: by device. `now`: Unix ms, for people; `monotonic`: seconds, for every decision."""
        self._rows = rows
        self._folder = folder
        self._sink = sink
        self._now = now
        self._monotonic = monotonic
        self._began = (now(), self._ms())
        self._voices: dict[str, Voice] = {}
        self._readings: dict[str, tuple[int, float, int]] = {}
        self._latches: dict[str, Latch] = {}
        self._holds: dict[str, Hold] = {}
        self._outputs = InterlockOutputs(switches, self._tell_output)
        self._kept: tuple[str, ...] = ()
        self._record = RecordKeeper(folder, lambda: Record(1, dict(self._latches), self._kept))
        self._causes = causes_of(rows)

    def use(self, rows: tuple[Row, ...]) -> None:
        """Take over a changed table. No output moves by that alone, and what devices said before still counts.

        Raises:
            SiteRefused: a row that changed is tripped; nothing is changed.
        """
        tripped = {row.id for row in self._rows if row.id in self._latches} - {r.id for r in rows if r in self._rows}
        if tripped:
            raise SiteRefused(
                f"interlock {', '.join(sorted(tripped))} is tripped and was changed; reset it, then save the file again"
            )
        self._rows, self._causes = rows, causes_of(rows)
        self._voices = {point: voice for point, voice in self._voices.items() if point in self._causes}
        self._readings = {point: reading for point, reading in self._readings.items() if point in self._causes}
        self._review()

    def load(self) -> None:
        """Take up what the last process left: what was tripped is tripped, and its outputs are set again."""
        try:
            record = interlock_record.read(self._folder)
        except RecordError as error:
            for row in self._rows:
                self._fail(row, str(error))
            return
        self._voices = {point: recalled(self._ms()) for point in record.voices if point in self._causes}
        self._kept = tuple(self._voices)
        for row in self._rows:
            if (latch := record.latched.get(row.id)) is not None:
                self._latch(row, latch)
        if gone := set(record.latched) - {row.id for row in self._rows}:
            log.warning("tripped interlocks are no longer in the site file", interlocks=sorted(gone))
            self._record.change()

    def observe(self, point: str, t: int, x: float, q: int) -> None:
        """A reading of a point, or that it is lost. Never raises: what goes wrong here opens the doors."""
        try:
            if point in self._causes:
                self._hear(point, t, x, q)
            elif (hold := self._holds.get(point)) is not None and x != hold.value and not q & UNUSABLE:
                self._want(point)
        except Exception:
            self._failed("taking a reading")

    def hold(self, point: str) -> Hold | None:
        """What an output is held at by a tripped interlock."""
        return self._holds.get(point)

    def reset(self, identifier: str, by: str) -> str | None:
        """A person resets an interlock; why not, when it cannot be. Its outputs stay as they are."""
        row = next((row for row in self._rows if row.id == identifier), None)
        if row is None:
            return f"no interlock {identifier} at this gateway"
        latch = self._latches.get(row.id)
        if latch is None:
            return None
        if still := standing(row, self._voices):
            return f"its cause stands: {', '.join(still)}"
        del self._latches[row.id]
        self._holds = holds(self._rows, self._latches)
        for effect in row.effects:
            if effect.point not in self._still_set():
                self._outputs.let_go(effect.point)
        log.warning("interlock reset", interlock=row.id, by=by)
        self._tell(row, "interlock.reset", {"by": by, "tripped": latch.at})
        self._record.change()
        return None

    def tripped(self, identifier: str) -> bool:
        """Whether this interlock is."""
        return identifier in self._latches

    def saved(self) -> asyncio.Future[None] | None:
        """Done when what was heard so far is on the disk, or the disk refused it; None when nothing has to be."""
        return self._record.saved()

    @property
    def problem(self) -> str | None:
        """What a person should look at: the record cannot be written."""
        return self._record.problem

    def states(self) -> dict[str, InterlockState]:
        """For the status."""
        return {row.id: self._state(row) for row in self._rows}

    async def run(self) -> None:
        """Set outputs, and keep the record, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._record.run(), name="interlock record")
            group.create_task(self._outputs.run(), name="interlock outputs")
            while True:
                try:
                    self._review()
                except Exception:
                    self._failed("looking after votes")
                await asyncio.sleep(TICK_S)

    def finish(self) -> None:
        """Before the end: keep what is not kept yet."""
        self._record.finish()

    def _hear(self, point: str, t: int, x: float, q: int) -> None:
        now_ms = self._ms()
        before = self._voices.get(point, SILENT)
        after = self._voices[point] = hear(before, x, q, now_ms)
        self._readings[point] = (t, x, q)
        if after.standing != before.standing:
            self._review()
        if not after.heard or self._is_backlog(t, now_ms):
            return
        for row in self._rows:
            if row.id in self._latches:
                continue
            try:
                agree = tripped_by(row, self._voices, now_ms)
            except Exception:
                self._failed("counting votes", row)
                continue
            if agree:
                self._trip(row, agree)

    def _is_backlog(self, t: int, now_ms: int) -> bool:
        began, began_ms = self._began
        return now_ms - began_ms < BACKLOG_MS and t < min(began, self._now()) - LATE_MS

    def _trip(self, row: Row, agree: tuple[str, ...]) -> None:
        self._latch(row, Latch(self._now(), agree))
        log.error("interlock tripped", interlock=row.id, causes=agree)
        causes = [_shown(point, *self._readings[point]) for point in agree if point in self._readings]
        self._tell(row, "interlock.tripped", {"causes": causes, "outputs": [effect.point for effect in row.effects]})

    def _latch(self, row: Row, latch: Latch) -> None:
        self._latches[row.id] = latch
        self._holds = holds(self._rows, self._latches)
        self._outputs.set(effects_of(row, latch))
        self._record.change()

    def _fail(self, row: Row, why: str) -> None:
        if row.id not in self._latches:
            self._latch(row, Latch(self._now(), (), why))
            self._tell(row, "interlock.failed", {"reason": why})

    def _failed(self, doing: str, row: Row | None = None) -> None:
        metrics.loop_errors.labels("gateway interlocks").inc()
        log.exception("an interlock failed; its escape doors are opened", doing=doing)
        for each in self._rows if row is None else (row,):
            self._fail(each, f"unexpected error {doing}, see the gateway's log")

    def _review(self) -> None:
        """Note which votes a restart must remember."""
        kept = worth_keeping(self._rows, self._voices, self._ms())
        if kept != self._kept:
            self._kept = kept
            self._record.change()

    def _want(self, point: str) -> None:
        if (effect := self._still_set().get(point)) is not None:
            self._outputs.astray(effect)

    def _still_set(self) -> dict[str, Effect]:
        return {
            effect.point: effect
            for row in self._rows
            if row.id in self._latches
            for effect in effects_of(row, self._latches[row.id])
        }

    def _tell_output(self, effect: Effect, kind: str, data: dict[str, object]) -> None:
        for row in self._rows:
            if row.id in self._latches and any(other.point == effect.point for other in row.effects):
                self._tell(row, kind, {"output": effect.point, **data})

    def _tell(self, row: Row, kind: str, data: dict[str, object]) -> None:
        """An event at the point that tripped it, through the spool: upstream hears of it when it can."""
        latch = self._latches.get(row.id)
        point = latch.causes[-1] if latch is not None and latch.causes else row.points[0]
        now = self._now()
        try:
            self._sink.add_event(FrameEvent(point, now, kind, {"interlock": row.id, **data}), True)
            self._sink.end(now)
        except Exception:
            # Telling must never keep it from acting.
            log.exception("an interlock's event is lost", interlock=row.id, type=kind)

    def _state(self, row: Row) -> InterlockState:
        latch = self._latches.get(row.id)
        if latch is None:
            return InterlockState(tripped=False)
        outputs = {effect.point: self._outputs.state(effect.point) for effect in effects_of(row, latch)}
        return InterlockState(True, latch.at, latch.causes, latch.failure, outputs)

    def _ms(self) -> int:
        return int(self._monotonic() * 1000)


def _shown(point: str, t: int, x: float, q: int) -> dict[str, object]:
    return {"point": point, "t": t, "x": x, "q": q}
