"""Store and forward: frames are numbered a lane, kept until every consumer has them, and bounded.

What is put waits in memory until `flush`, which the loop calls once a tick before anything is published. While the disk
refuses, frames stay in memory (bounded) and are sent from there. Oldest bulk is dropped first, and counted.
"""

import contextlib
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import structlog
from msgspec.structs import replace

from backbone.frames import FrameBuilder, decode, encode_compact
from backbone.unset_clock import SET_SINCE_MS, dated
from community.losses import LossReason
from community.site.profile import Lane
from gateway.compaction import READING_BYTES, Compactor, plain
from gateway.forgotten import behind, remember
from gateway.lane_frames import LaneFrames
from gateway.loss_ledger import LossLedger, keep
from gateway.spool_file import (
    Recovery,
    Row,
    SpoolFile,
    Totals,
    in_memory,
    open_file,
    read_epoch,
    replace_file,
    write_epoch,
)

RESERVED_AHEAD = 100_000
MEMORY_BYTES = 32_000_000
RETRY_MS = 1_000
_DROP_ROWS = 200
MAX_EPOCH = 2**53

log = structlog.get_logger()


@dataclass(slots=True)
class SpoolCounters:
    """For status and metrics."""

    put: int = 0
    put_bytes: int = 0
    """Of what was put, as much as it takes once it is compacted."""
    dropped_frames: int = 0
    dropped_readings: int = 0
    disk_failures: int = 0


class Spool:
    """The frames of one gateway. Used by the loop's thread, but for `sync`."""

    def __init__(self, folder: Path, file: SpoolFile, *, max_bytes: int, max_age_ms: int) -> None:
        self._folder = folder
        self._file = file
        self._max_bytes = max_bytes
        self._max_age_ms = max_age_ms
        self._lanes: dict[Lane, LaneFrames] = {}
        self._compactor = Compactor()
        self._retry_at = 0
        self.epoch = 0
        self.failing: str | None = None
        """Why the disk refuses, while it does."""
        self.recovery: Recovery | None = None
        self.in_memory: str | None = None
        """Why this spool has no disk, when it has none."""
        self.clock_set_by = 0
        """The clock was not set when this run began, and is by now: so much later (ms) its frames were sealed."""
        self.counters = SpoolCounters()
        self.losses = LossLedger()
        self._damage_noted = 0

    @classmethod
    def open(cls, folder: Path, *, max_bytes: int, max_age_ms: int, now: int) -> "Spool":
        """The spool in `folder`; a damaged or missing file begins a new epoch.

        When the disk refuses even that, the spool is in memory until the next start: an alarm is worth more than its
        record. What the folder holds stays there and is sent after that start.
        """
        try:
            file, recovery = open_file(folder)
            spool = cls(folder, file, max_bytes=max_bytes, max_age_ms=max_age_ms)
            spool._begin(recovery, now)
        except (OSError, sqlite3.OperationalError) as error:
            log.error("no spool on disk; frames are kept in memory", folder=str(folder), error=str(error))  # noqa: TRY400
            known = read_epoch(folder)
            aside = in_memory()
            file, _ = open_file(aside)
            spool = cls(aside, file, max_bytes=min(max_bytes, MEMORY_BYTES), max_age_ms=max_age_ms)
            spool._begin(None, max(now, 1000 * (known + 1)))
            spool.in_memory = str(error)
        return spool

    def _begin(self, recovery: Recovery | None, now: int) -> None:
        meta = self._file.meta()
        known = max(meta.get("epoch", 0), read_epoch(self._folder))
        self.recovery = recovery
        for lane in Lane:
            newest = self._file.newest(lane)
            given = max(newest, meta.get(f"reserved-{lane}", 0))
            began_after = given
            old = self._lanes.get(lane)
            if old is not None:
                given, newest, began_after = max(given, old.next - 1), max(newest, old.newest), old.began_after
            self._lanes[lane] = LaneFrames(lane, given + 1, newest, given, began_after, self._file.totals(lane))
            if old is not None:
                self._lanes[lane].wait_for(old.waiting)
        self._compactor = Compactor()
        self._damage_noted = 0
        self.losses.recall(self._file)
        if recovery is not None:
            self._note_recovery(now)
        if recovery is not None or "epoch" not in meta:
            self._set_epoch(max(known + 1, now // 1000))
        else:
            self.epoch = known
        self._reserve()

    def _note_recovery(self, now: int) -> None:
        """What could not be read of a damaged file; how much it was nobody can know."""
        for lane in Lane:
            saved = self._file.newest_at(lane)
            self.losses.note(LossReason.DAMAGED, first=saved or now, last=now, count=0, now=now, lane=lane.value)
        with contextlib.suppress(sqlite3.Error), self._file.transaction():
            self.losses.write(self._file, everything=True)

    def _set_epoch(self, epoch: int) -> None:
        self.epoch = epoch
        write_epoch(self._folder, epoch)
        self._file.set_meta([("epoch", epoch)], durable=True)

    def renumber(self, above: int, now: int) -> None:
        """Begin an epoch higher than `above`: somebody knows more of this numbering than the spool does."""
        epoch = max(self.epoch, above, now // 1000 - 1) + 1
        log.error("new numbering of frames", old=self.epoch, new=epoch, above=above)
        try:
            self._set_epoch(epoch)
        except (OSError, sqlite3.Error) as error:
            self._disk_refused(error, now)

    def _reserve(self) -> None:
        reserved = {lane: state.next + RESERVED_AHEAD for lane, state in self._lanes.items()}
        self._file.set_meta([(f"reserved-{lane}", number) for lane, number in reserved.items()], durable=True)
        for lane, number in reserved.items():
            self._lanes[lane].reserved = number

    def put(self, lane: Lane, builder: FrameBuilder, now: int) -> None:
        """Seal what the builder holds as the lane's next frame; it waits for `flush`."""
        row = self._lanes[lane].seal(builder, self.epoch, now)
        self.counters.put += 1
        self.counters.put_bytes += row.size if lane is Lane.URGENT else min(row.size, row.readings * READING_BYTES)

    def flush(self, now: int) -> None:
        """Write what waits; after this it survives kill -9. Never raises for the disk: frames then stay in memory."""
        if not self.waiting_bytes or (self.failing and now < self._retry_at):
            self._bound_memory(now)
            return
        try:
            if any(state.next > state.reserved for state in self._lanes.values()):
                self._reserve()
            with self._file.transaction():
                for state in self._lanes.values():
                    if state.waiting:
                        self._file.insert(state.waiting)
        except sqlite3.OperationalError as error:
            self._disk_refused(error, now)
            return
        except sqlite3.DatabaseError as error:
            self._replace_damaged(error, now)
            return
        for state in self._lanes.values():
            state.written()
        if self.failing:
            log.info("the spool is written again", after=self.failing)
            self.failing = None
        if self.size > self._max_bytes:
            self._drop_oldest(now)

    def after(self, lane: Lane, seq: int) -> Row | None:
        """The lane's first frame beyond `seq` that is still there."""
        state = self._lanes[lane]
        row = state.following(seq)
        if row is not None or seq >= state.newest:
            return row
        try:
            row = self._file.after(lane, max(seq, state.forgotten))
            self._note_damage()
        except sqlite3.Error as error:
            self.counters.disk_failures += 1
            self.failing = str(error)
        return state.waiting_after(seq) if row is None else row

    def wire(self, row: Row, position: int) -> bytes:
        """The frame as it is sent to one who stands at `position`: nothing between the two exists any more."""
        undated = row.at < SET_SINCE_MS and self.clock_set_by and row.seq > self._lanes[row.lane].began_after
        if row.prev <= position and row.epoch == self.epoch and not undated:
            return plain(row.body)
        frame = decode(plain(row.body), remember=False)
        if undated:
            frame = replace(dated(frame, self.clock_set_by), sent=frame.sent + self.clock_set_by)
        return encode_compact(replace(frame, epoch=self.epoch, prev=min(row.prev, position)))

    def newest(self, lane: Lane) -> int:
        """The number of the lane's last frame."""
        return self._lanes[lane].newest

    def assigned(self, lane: Lane) -> int:
        """No number of the lane beyond this was given out, in this life or an earlier one."""
        return self._lanes[lane].next - 1

    def forget(self, lane: Lane, upto: int) -> None:
        """All consumers have the lane's frames up to `upto`; `tidy` removes them."""
        state = self._lanes[lane]
        state.forgotten = max(state.forgotten, min(upto, state.newest))

    def go_back(self, lane: Lane, seq: int, reason: LossReason, now: int) -> None:
        """A consumer that had more stands at `seq` again: what is still there is kept for it, the rest is on record."""
        state = self._lanes[lane]
        state.forgotten = max(state.deleted, min(state.forgotten, seq))
        try:
            missing = behind(self._file, lane, seq)
            if missing is None:
                return
            self.losses.note(
                reason, first=missing.first, last=missing.last, count=missing.readings, now=now, lane=lane.value
            )
            self.losses.tell_again(self._file, missing.first)
        except sqlite3.Error as error:
            self.losses.note(reason, first=now, last=now, count=0, now=now, lane=lane.value)
            self._disk_refused(error, now)
        keep(self.losses, self._file)

    def tidy(self, now: int, *, by_age: bool = True) -> None:
        """Remove what is forgotten or, `by_age`, too old: a clock that jumped a year ahead must not cost a frame."""
        try:
            for lane, state in self._lanes.items():
                state.forget_waiting()
                if state.forgotten > state.deleted:
                    self._delete(lane, state.forgotten, committed=True)
                    state.deleted = state.forgotten
                if by_age:
                    self._drop_aged(lane, now)
            self._file.bound_log()
        except sqlite3.Error as error:
            self._disk_refused(error, now)

    def compact(self, at_rest: list[tuple[int, int]], now: int) -> bool:
        """Merge some small bulk frames in these ranges; True when there may be more to merge."""
        try:
            return self._compactor.step(self._file, self._lanes[Lane.BULK], at_rest, now)
        except sqlite3.Error as error:
            self._disk_refused(error, now)
            return False

    def sync(self) -> None:
        """Have the disk hold everything flushed so far. Blocks: for a thread."""
        self._file.sync()

    @property
    def file(self) -> SpoolFile:
        """The open file, for the command record."""
        return self._file

    @property
    def max_bytes(self) -> int:
        """What it may hold."""
        return self._max_bytes

    @property
    def frames(self) -> int:
        """Frames kept."""
        return sum(lane.on_disk.frames + len(lane.waiting) for lane in self._lanes.values())

    @property
    def size(self) -> int:
        """Bytes of frames kept on disk."""
        return sum(lane.on_disk.size for lane in self._lanes.values())

    @property
    def waiting_bytes(self) -> int:
        """Bytes of frames the disk does not have yet."""
        return sum(lane.waiting_bytes for lane in self._lanes.values())

    def close(self, now: int) -> None:
        """Write what waits, and close."""
        self._retry_at = 0
        self.flush(now)
        self._file.close()
        if self.in_memory:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _delete(self, lane: Lane, upto: int, *, committed: bool = False) -> Totals:
        with self._file.transaction():
            if committed:
                remember(self._file, lane, upto)
            gone = self._file.delete(lane, upto)
            self.losses.write(self._file)
        self.losses.written()
        self._lanes[lane].deleted_from_disk(upto, gone)
        return gone

    def _drop_aged(self, lane: Lane, now: int) -> None:
        before = now - self._max_age_ms
        if any(SET_SINCE_MS <= at < before for _, _, at in self._file.oldest(lane, 1)):
            aged = [seq for seq, _, at in self._file.oldest(lane, _DROP_ROWS) if SET_SINCE_MS <= at < before]
            self._drop(lane, aged[-1], LossReason.TOO_OLD, now)

    def _drop_oldest(self, now: int) -> None:
        lane = Lane.BULK if self._lanes[Lane.BULK].on_disk.frames else Lane.URGENT
        excess, upto = self.size - self._max_bytes, 0
        try:
            for seq, size, _ in self._file.oldest(lane, _DROP_ROWS):
                upto = seq
                excess -= size
                if excess <= 0:
                    break
            self._drop(lane, upto, LossReason.SPOOL_FULL, now)
        except sqlite3.Error as error:
            self._disk_refused(error, now)

    def _drop(self, lane: Lane, upto: int, reason: LossReason, now: int) -> None:
        """Drop the lane's frames up to `upto`; the ledger says so in the same transaction."""
        self.losses.note_frames(reason, lane.value, self._file.bodies(lane, upto), now)
        if lane is Lane.URGENT:
            self.losses.frames_gone(upto)
        self._count_dropped(self._delete(lane, upto))

    def _bound_memory(self, now: int) -> None:
        for lane in (Lane.BULK, Lane.URGENT):
            while self.waiting_bytes > MEMORY_BYTES and (gone := self._lanes[lane].give_up_oldest()):
                rows = [(row.body, row.readings, row.at) for row in gone]
                self.losses.note_frames(LossReason.MEMORY_FULL, lane.value, rows, now)
                if lane is Lane.URGENT:
                    self.losses.frames_gone(gone[-1].seq)
                self._count_dropped(Totals.of(gone))

    def _count_dropped(self, gone: Totals) -> None:
        self.counters.dropped_frames += gone.frames
        self.counters.dropped_readings += gone.readings

    def _note_damage(self) -> None:
        """Frames that were found damaged since the last time."""
        for (lane, _), (readings, at) in list(self._file.damaged.items())[self._damage_noted :]:
            self.losses.note(LossReason.DAMAGED, first=at, last=at, count=readings, now=at, lane=lane.value)
        self._damage_noted = len(self._file.damaged)

    def _disk_refused(self, error: Exception, now: int) -> None:
        self.counters.disk_failures += 1
        self._retry_at = now + RETRY_MS
        if self.failing is None:
            log.error("the spool cannot be written; frames are kept in memory", error=str(error))
        self.failing = str(error)
        self._bound_memory(now)

    def _replace_damaged(self, error: Exception, now: int) -> None:
        """The file turned out to be damaged while in use: a new one, a new epoch, and nothing in memory is lost."""
        self.counters.disk_failures += 1
        try:
            self._file.close()
            self._file, recovery = replace_file(self._folder, str(error))
            for lane in self._lanes.values():
                lane.wait_for(lane.unsaved())
            self._begin(recovery, now)
        except (OSError, sqlite3.Error) as second:
            self._disk_refused(second, now)
