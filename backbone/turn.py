"""Whose turn it is to do what only one may do at a time: who comes second stands by.

Of this machine's processes a file lock tells, which ends with the process and needs no clock; of several machines'
`backbone/database/sole.py`.
"""

import asyncio
import contextlib
import fcntl
from pathlib import Path
from typing import IO, Protocol

import structlog

LOOK_EVERY_S = 1.0
log = structlog.get_logger()


class Turn(Protocol):
    """Something that one can hold at a time. `take` and `release` may block."""

    def take(self) -> bool | None:
        """Whether it is ours now; None: nobody says."""
        ...

    async def held(self) -> bool:
        """Whether it still is."""
        ...

    def release(self) -> None:
        """Let the next have it."""
        ...


class FileTurn:
    """A lock on a file. On a disk that refuses it everybody has the turn: to work is worth more than to work alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def take(self) -> bool | None:
        """See `Turn.take`."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        except OSError as error:
            log.warning("whether another works here cannot be told", path=str(self._path), error=str(error))
        return True

    async def held(self) -> bool:
        """See `Turn.held`."""
        return True

    def release(self) -> None:
        """See `Turn.release`."""
        if self._file is not None:
            self._file.close()
            self._file = None


async def wait_for(turn: Turn, name: str, stop: asyncio.Event) -> bool:
    """Until the turn is ours; False when `stop` comes first."""
    said = False
    while not (taken := await asyncio.to_thread(turn.take)):
        if not said:
            why = "another worker does this" if taken is False else "the database does not say whose turn it is"
            log.warning(f"{why}; standing by", work=name)
        said = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                await stop.wait()
                return False
    if said:
        log.warning("taking over", work=name)
    return True
