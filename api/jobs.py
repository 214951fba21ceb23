"""Long work somebody asked for, one at a time: what is known of each piece is kept in a folder, a small file each."""

from pathlib import Path
from typing import Generic, TypeVar

import msgspec
import structlog

from api.problems import not_found
from backbone import small_file

MOST_KEPT = 50
ENDED = frozenset({"done", "failed"})
log = structlog.get_logger()


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work: whose, how far, and what came of it."""

    id: str
    at: int
    """Unix ms."""
    by: str
    state: str
    readings: int = 0
    problem: str = ""
    """Why it failed."""


J = TypeVar("J", bound=Job)


class Jobs(Generic[J]):
    """The work of one kind; `running` is what is done now."""

    def __init__(self, folder: Path, kind: type[J], *, problem: str) -> None:
        """`problem` is that of work an end of the program broke off."""
        self._folder = folder
        self._kind = kind
        self._broken_off = problem
        self.running: J | None = None

    def get(self, identifier: str) -> J:
        """A piece of work.

        Raises:
            Problem: there is none, or no more.
        """
        running = self.running
        if running is not None and running.id == identifier:
            return running
        try:
            found = msgspec.json.decode((self._folder / f"{identifier}.json").read_bytes(), type=self._kind)
        except (OSError, msgspec.MsgspecError):
            raise not_found(self._kind.__name__.lower(), identifier) from None
        if found.state not in ENDED:
            return msgspec.structs.replace(found, state="failed", problem=self._broken_off)
        return found

    def keep(self, job: J) -> None:
        """As it is now; of the oldest nothing is kept."""
        try:
            small_file.replace(self._folder / f"{job.id}.json", msgspec.json.encode(job))
            for old in sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-MOST_KEPT]:
                old.unlink(missing_ok=True)
        except OSError as error:
            log.warning("what came of a piece of work cannot be kept", folder=str(self._folder), error=str(error))
