"""Carries interlocks out: takes readings, trips, sets outputs until they obey, and tells upstream when it can.

Acting waits for nothing: the record of it is written beside. Outputs are set to a level and never pulsed, so that
setting them again after a crash is harmless. A sensor's message is acknowledged only once its vote is on the disk, and
a Modbus detector is read again, so a crash in between loses no vote either. When an interlock fails itself (an
exception, a record that cannot be read), its escape doors are opened and stay so until a person resets it.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import structlog

from backbone import metrics
from backbone.frames import FrameEvent
from backbone.site_watch import SiteRefused
from community.commands import SET, SETTING
from community.quality import UNUSABLE
from gateway import interlock_record
from gateway.interlock_record import Record, RecordError
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
from gateway.switch import Switch, SwitchError

TICK_S = 1.0
FIRST_RETRY_S = 0.2
LONGEST_RETRY_S = 5.0
SWITCH_S = 15.0
"""A driver that has not even failed by then hangs: that is said, and it is asked again."""
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
        self._switches = switches
        self._sink = sink
        self._now = now
        self._monotonic = monotonic
        self._began = (now(), self._ms())
        self._voices: dict[str, Voice] = {}
        self._readings: dict[str, tuple[int, float, int]] = {}
        self._latches: dict[str, Latch] = {}
        self._holds: dict[str, Hold] = {}
        self._outputs: dict[str, str] = {}
        self._wanted: dict[str, Effect] = {}
        self._driven: set[str] = set()
        self._kept: tuple[str, ...] = ()
        self._changes = 0
        self._changes_kept = 0
        self._writing = threading.Lock()
        self._unsaved = asyncio.Event()
        self._saved: asyncio.Future[None] | None = None
        self._wake = asyncio.Event()
        self._causes = causes_of(rows)
        self.problem: str | None = None
        """What a person should look at: the record cannot be written."""

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
            self._change()

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
                self._wanted.pop(effect.point, None)
                self._outputs.pop(effect.point, None)
        log.warning("interlock reset", interlock=row.id, by=by)
        self._tell(row, "interlock.reset", {"by": by, "tripped": latch.at})
        self._change()
        return None

    def tripped(self, identifier: str) -> bool:
        """Whether this interlock is."""
        return identifier in self._latches

    def saved(self) -> asyncio.Future[None] | None:
        """Done when what was heard so far is on the disk, or the disk refused it; None when nothing has to be."""
        return self._saved

    def states(self) -> dict[str, InterlockState]:
        """For the status."""
        return {row.id: self._state(row) for row in self._rows}

    async def run(self) -> None:
        """Set outputs, and keep the record, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_record(), name="interlock record")
            while True:
                self._wake.clear()
                for point in [point for point in self._wanted if point not in self._driven]:
                    self._driven.add(point)
                    group.create_task(self._drive(self._wanted[point]), name=f"interlock output {point}")
                try:
                    self._review()
                except Exception:
                    self._failed("looking after votes")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await self._wake.wait()

    def finish(self) -> None:
        """Before the end: keep what is not kept yet."""
        if self._changes != self._changes_kept:
            with contextlib.suppress(OSError):
                self._write()

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
        for effect in effects_of(row, latch):
            self._outputs[effect.point] = SETTING
            self._wanted[effect.point] = effect
        self._change()

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
            self._change()

    def _want(self, point: str) -> None:
        """A held output is not what it must be: somebody else switched it, or its board lost power."""
        effect = self._effect(point)
        if effect is not None and point not in self._wanted:
            self._wanted[point] = effect
            self._wake.set()

    def _effect(self, point: str) -> Effect | None:
        return self._still_set().get(point)

    def _still_set(self) -> dict[str, Effect]:
        return {
            effect.point: effect
            for row in self._rows
            if row.id in self._latches
            for effect in effects_of(row, self._latches[row.id])
        }

    async def _drive(self, effect: Effect) -> None:
        """Set an output, as often as it takes, while it is wanted."""
        point, pause_s = effect.point, FIRST_RETRY_S
        try:
            if self._outputs.get(point) == SET and await self._stands(effect):
                return  # what was read of it was older than what was set
            while point in self._wanted:
                problem = await self._set(effect)
                if problem is None:
                    self._outputs[point] = SET
                    self._tell_output(effect, "interlock.output-done", {"value": effect.value})
                    return
                if self._outputs.get(point) != problem:
                    self._outputs[point] = problem
                    log.error("an interlock's output does not obey", output=point, reason=problem)
                    self._tell_output(effect, "interlock.output-failed", {"value": effect.value, "reason": problem})
                await asyncio.sleep(pause_s)
                pause_s = min(LONGEST_RETRY_S, pause_s * 2)
        finally:
            self._wanted.pop(point, None)
            self._driven.discard(point)

    async def _stands(self, effect: Effect) -> bool:
        switch = self._switches.get(effect.device)
        with contextlib.suppress(SwitchError):
            return switch is not None and await switch.read_back(effect.device, effect.point) == effect.value
        return False

    async def _set(self, effect: Effect) -> str | None:
        switch = self._switches.get(effect.device)
        if switch is None:
            return f"{effect.device} cannot be switched by this gateway"
        try:
            async with asyncio.timeout(SWITCH_S):
                value = await switch.write(effect.device, effect.point, effect.value)
        except SwitchError as error:
            return str(error)
        except TimeoutError:
            return f"its driver has not answered for {SWITCH_S:g} s"
        except Exception:
            log.exception("setting an interlock's output failed", output=effect.point)
            return "unexpected error, see the gateway's log"
        return None if value == effect.value else f"reads back {value:g}"

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
        outputs = {e.point: self._outputs.get(e.point, SETTING) for e in effects_of(row, latch)}
        return InterlockState(True, latch.at, latch.causes, latch.failure, outputs)

    def _write(self) -> None:
        """Write what is so by now, whichever thread comes last."""
        with self._writing:
            changes, record = self._changes, Record(1, dict(self._latches), self._kept)
            interlock_record.write(self._folder, record)
            self._changes_kept = changes

    def _change(self) -> None:
        self._changes += 1
        if self._saved is None:
            self._saved = asyncio.get_running_loop().create_future()
        self._unsaved.set()
        self._wake.set()

    async def _keep_record(self) -> None:
        while True:
            await self._unsaved.wait()
            self._unsaved.clear()
            waiting, self._saved = self._saved, None
            try:
                await asyncio.to_thread(self._write)
            except OSError as error:
                if self.problem is None:
                    log.error("the record of interlocks cannot be written", error=str(error))  # noqa: TRY400
                self.problem = f"the record of interlocks cannot be written: {error}"
                self._unsaved.set()
            else:
                self.problem = None
            finally:
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)
            if self.problem:
                await asyncio.sleep(TICK_S)

    def _ms(self) -> int:
        return int(self._monotonic() * 1000)


def _shown(point: str, t: int, x: float, q: int) -> dict[str, object]:
    return {"point": point, "t": t, "x": x, "q": q}
