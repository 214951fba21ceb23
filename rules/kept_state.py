"""A detector's state in the database: the whole of it now and then, and what it was told since with every commit.

So a commit costs what was judged and not what is known: an alarm of a large site does not wait for a hundred thousand
points to be written. The whole is written beside, in small pieces that let alarms by, and comes into force at once,
with the number of the first record that is not in it. A crash finds the last one in force, and the records since.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import msgspec
import structlog
from sqlalchemy import Connection

from backbone import metrics
from backbone.database.checkpoints import (
    add_checkpoint,
    checkpoint_names,
    forget_checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from backbone.database.database import Database
from rules.detect.checkpoint import CheckpointError, Snapshot
from rules.detect.engine import Detector
from rules.detect.retelling import Call, encoded, readings_of, tell_again
from rules.writer import Stopped, Writer

PIECE_BYTES = 256_000
"""Of a whole state: written in a millisecond or two."""
FORGOTTEN_AT_ONCE = 8
MANY_CALLS, MANY_READINGS = 500, 1_000_000
"""So much is told again in a fraction of a second; then the whole state is written once more …"""
SHARE = 10
"""… but not before so many times as long as that took has passed."""
log = structlog.get_logger()


class Head(msgspec.Struct, frozen=True):
    """What is in force."""

    whole: int
    """The number of the whole state."""
    pieces: int
    first: int
    """The first record told since."""


class Step(NamedTuple):
    """A small transaction."""

    work: Callable[[Connection], None]
    durable: bool = False
    """Otherwise a power cut may forget it, but not once a later one was durable."""


@dataclass(slots=True)
class _Since:
    """What was told since the whole state was taken last."""

    calls: int = 0
    readings: int = 0

    @property
    def is_much(self) -> bool:
        return self.calls >= MANY_CALLS or self.readings >= MANY_READINGS


class KeptState:
    """The state of a site's detector. Methods with a connection are part of its transaction, and may be repeated."""

    def __init__(self, site: str, database: Database, writer: Writer, piece_bytes: int = PIECE_BYTES) -> None:
        self._site = site
        self._database = database
        self._writer = writer
        self._piece_bytes = piece_bytes
        self._record = 0
        """The number of the next record."""
        self._whole = 0
        """The highest number of a whole state that was begun."""
        self._since = _Since()
        self._renewing: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._stopping = False

    def restore(self, c: Connection, detector: Detector) -> None:
        """Have a detector go on from what is kept.

        Raises:
            CheckpointError: some of it cannot be read; the detector has what could.
        """
        told, wholes = checkpoint_names(c, self._name("told")), checkpoint_names(c, self._name("whole"))
        head, layout = self._head(c), load_checkpoint(c, self._name("layout"))
        self._record = max([0 if head is None else head.first, *(_number(name) + 1 for name in told)])
        self._whole = max([0, *(_number(name, 2) for name in wholes)])
        if layout is None:
            return
        if head is None:
            state = load_checkpoint(c, self._name("state"))  # as it was kept before there were records
            if state is not None:
                detector.restore(state, layout)
            return
        pieces = [load_checkpoint(c, self._piece(head.whole, piece)) or b"" for piece in range(head.pieces)]
        detector.restore(b"".join(pieces), layout)
        for name in told:
            if _number(name) >= head.first:
                tell_again(detector, load_checkpoint(c, name) or b"", layout)

    def begin(self, c: Connection, detector: Detector) -> None:
        """Keep the whole state of a detector that begins, or of a changed site's: in one transaction with the rest."""
        self.keep(c, detector.snapshot(), detector.layout)

    def keep(self, c: Connection, snapshot: Snapshot, layout: bytes) -> None:
        """Keep a whole state, in one transaction with the rest; what is told from then on is told to it."""
        self._whole += 1
        pieces = _pieces(snapshot.encoded, self._piece_bytes)
        for number, piece in enumerate(pieces):
            save_checkpoint(c, self._piece(self._whole, number), piece)
        save_checkpoint(c, self._name("layout"), layout)
        forget_checkpoints(c, [self._name("state")])
        self.put_in_force(c, Head(self._whole, len(pieces), self._record))

    def tell(self, c: Connection, calls: Sequence[Call]) -> None:
        """Keep what the detector was told since the last record."""
        add_checkpoint(c, self._name("told", self._record), encoded(calls))

    def told(self, calls: Sequence[Call]) -> None:
        """That transaction is committed."""
        self._record += 1
        self._since.calls += len(calls)
        self._since.readings += readings_of(calls)

    @property
    def wants_whole(self) -> bool:
        """Whether the whole state is to be written once more, as it is with the next record."""
        idle = self._renewing is None or self._renewing.done()
        return idle and self._since.is_much and time.monotonic() >= self._not_before

    def renew(self, snapshot: Snapshot) -> None:
        """Write the whole state beside what else happens; it was taken with the last record."""
        self._renewing = asyncio.create_task(self._renew(self.writing(snapshot)), name="whole state")

    async def stop(self) -> None:
        """Write no further: the last whole state and the records since are enough."""
        self._stopping = True
        if self._renewing is not None:
            await self._renewing

    def writing(self, snapshot: Snapshot) -> Iterator[Step]:
        """The steps that write a whole state taken with the last record; a crash between any two loses nothing."""
        self._whole += 1
        self._since = _Since()
        return self._steps(snapshot, self._whole, self._record)

    def _steps(self, snapshot: Snapshot, whole: int, first: int) -> Iterator[Step]:
        pieces = _pieces(snapshot.encoded, self._piece_bytes)
        for number, piece in enumerate(pieces):
            yield Step(partial(save_checkpoint, name=self._piece(whole, number), state=piece))
        yield Step(partial(self.put_in_force, head=Head(whole, len(pieces), first)), durable=True)
        more = True

        def tidy(c: Connection) -> None:
            nonlocal more
            more = self._tidy(c)

        while more:
            yield Step(tidy)

    def put_in_force(self, c: Connection, head: Head) -> None:
        """Go on from this whole state after a crash, unless the site was changed meanwhile and has a later one."""
        before = self._head(c)
        if before is None or before.whole < head.whole:
            save_checkpoint(c, self._name("head"), msgspec.msgpack.encode(head))

    def _tidy(self, c: Connection) -> bool:
        """Delete some of what nobody goes on from any more; whether there is more."""
        head = self._head(c)
        assert head is not None
        told = [name for name in checkpoint_names(c, self._name("told")) if _number(name) < head.first]
        whole = [name for name in checkpoint_names(c, self._name("whole")) if _number(name, 2) < head.whole]
        forget_checkpoints(c, [*told, *whole][:FORGOTTEN_AT_ONCE])
        return len(told) + len(whole) > FORGOTTEN_AT_ONCE

    async def _renew(self, steps: Iterator[Step]) -> None:
        began = time.monotonic()
        try:
            while not self._stopping and (step := await asyncio.to_thread(next, steps, None)) is not None:
                await (self._writer.do(step.work) if step.durable else asyncio.to_thread(self._beside, step.work))
        except Stopped:
            return
        except Exception:
            metrics.loop_errors.labels("rules whole state").inc()
            log.exception("the whole state could not be written; the records since the last one stay")
        self._not_before = time.monotonic() + SHARE * (time.monotonic() - began)

    def _beside(self, work: Callable[[Connection], None]) -> None:
        with self._database.begin(durable=False) as connection:
            work(connection)

    def _head(self, c: Connection) -> Head | None:
        head = load_checkpoint(c, self._name("head"))
        try:
            return None if head is None else msgspec.msgpack.decode(head, type=Head)
        except msgspec.MsgspecError as error:
            raise CheckpointError(f"not what says which state is in force: {error}") from error

    def _piece(self, whole: int, piece: int) -> str:
        return f"{self._name('whole', whole)}:{piece:05}"

    def _name(self, part: str, number: int | None = None) -> str:
        return f"rules:{self._site}:{part}" + ("" if number is None else f":{number:012}")


def _pieces(state: bytes, size: int) -> list[bytes]:
    return [state[at : at + size] for at in range(0, len(state), size)]


def _number(name: str, place: int = 1) -> int:
    """A number in a name, the `place`-th from its end."""
    return int(name.split(":")[-place])
