"""What interlocks must not forget: a small file of its own, replaced as a whole, independent of the spool."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from backbone import small_file
from gateway.interlocks import Latch

FILE = "interlocks.json"
RETRY_S = 1.0

log = structlog.get_logger()


class Record(msgspec.Struct, frozen=True):
    """Tripped rows by id, and the points that stood at 1 or still voted."""

    v: int
    latched: dict[str, Latch]
    voices: tuple[str, ...]


class RecordError(Exception):
    """The file cannot be read, so what was tripped is unknown."""


_decoder = msgspec.json.Decoder(Record)


def read(folder: Path) -> Record:
    """The record in `folder`; an empty one before the first.

    Raises:
        RecordError: it is there and cannot be read.
    """
    path = folder / FILE
    try:
        record = _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return Record(1, {}, ())
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise RecordError(f"{path} cannot be read: {error}") from error
    if record.v != 1:
        raise RecordError(f"{path} was written by another version ({record.v})")
    return record


def write(folder: Path, record: Record) -> None:
    """Replace the record; it is on the disk afterwards. Blocks: for a thread.

    Raises:
        OSError: the disk refuses; the old record stands.
    """
    small_file.replace(folder / FILE, msgspec.json.encode(record))


class RecordKeeper:
    """Writes the record beside the loop: acting does not wait for it, and who must wait can."""

    def __init__(self, folder: Path, record: Callable[[], Record]) -> None:
        """`record`: what is so now; asked in a thread."""
        self._folder = folder
        self._record = record
        self._changes = 0
        self._changes_kept = 0
        self._writing = threading.Lock()
        self._unsaved = asyncio.Event()
        self._saved: asyncio.Future[None] | None = None
        self.problem: str | None = None
        """Why it cannot be written, while it cannot."""

    def change(self) -> None:
        """What is on the disk is not so any more."""
        self._changes += 1
        if self._saved is None:
            self._saved = asyncio.get_running_loop().create_future()
        self._unsaved.set()

    def saved(self) -> asyncio.Future[None] | None:
        """Done when what is so by now is on the disk, or the disk refused it; None when nothing has to be."""
        return self._saved

    async def run(self) -> None:
        """Write whenever something has changed, until cancelled."""
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
                await asyncio.sleep(RETRY_S)

    def finish(self) -> None:
        """Before the end: write what is not written yet."""
        if self._changes != self._changes_kept:
            with contextlib.suppress(OSError):
                self._write()

    def _write(self) -> None:
        """Write what is so by now, whichever thread comes last."""
        with self._writing:
            changes = self._changes
            write(self._folder, self._record())
            self._changes_kept = changes
