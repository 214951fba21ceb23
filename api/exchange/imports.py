"""Imports: a file somebody sent is read into the history beside what comes in, one at a time.

What it holds is checked line by line: what is no reading is counted, with its line and why, and all else is stored.
How far it is, and what came of it, is kept in the data folder.
"""

import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import structlog

from api.jobs import Job, Jobs
from api.problems import Problem
from backbone.historian.bringing_in import Brought, bring_in
from backbone.historian.exchange_read import BadLine, ExchangeError
from backbone.historian.port import Historian, HistorianError
from community.site.site import Site

log = structlog.get_logger()


class Import(Job, frozen=True, kw_only=True):
    """One import: whose, of what, how far, and what came of it."""

    size: int
    """Bytes of the file."""
    state: Literal["running", "done", "failed"] = "running"
    refused: int = 0
    lines: tuple[BadLine, ...] = ()
    """The first ones that were refused."""
    unknown: tuple[str, ...] = ()
    """Points the site file does not have; their readings are stored."""


class Sent(NamedTuple):
    """A file that came whole: its kind, by whom and when (Unix ms)."""

    path: Path
    kind: str
    by: str
    at: int


class Imports:
    """The imports of this installation, a small file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._busy = False
        self._jobs = Jobs(
            folder,
            Import,
            problem="the program was started again meanwhile; send the file again: what is stored is not doubled",
        )

    def reserve(self) -> Path:
        """Where the next file is to be put; until `start` or `give_up` nobody else imports.

        Raises:
            Problem: another import runs.
        """
        with self._lock:
            if self._busy:
                raise Problem(429, "another import runs; look again in a minute", kind="rate")
            self._busy = True
        self._folder.mkdir(parents=True, exist_ok=True)
        for left in self._folder.glob("*.upload"):
            left.unlink(missing_ok=True)
        return self._folder / f"{secrets.token_hex(8)}.upload"

    def give_up(self, path: Path) -> None:
        """The file did not come whole."""
        path.unlink(missing_ok=True)
        self._busy = False

    def start(self, sent: Sent, historian: Historian, site: Site, over: Callable[[Import], None]) -> Import:
        """Begin to import a file that came whole; `over` is told what came of it."""
        begun = Import(id=sent.path.stem, at=sent.at, by=sent.by, size=sent.path.stat().st_size)
        self._jobs.running = begun
        self._jobs.keep(begun)
        threading.Thread(target=self._run, args=(sent, historian, site, over), daemon=True, name="import").start()
        return begun

    def get(self, identifier: str) -> Import:
        """An import.

        Raises:
            Problem: there is none, or no more.
        """
        return self._jobs.get(identifier)

    def _run(self, sent: Sent, historian: Historian, site: Site, over: Callable[[Import], None]) -> None:
        try:
            self._heard(bring_in(sent.path, sent.kind, site, historian, sent.at, self._heard))
            done = msgspec.structs.replace(self._told(), state="done")
        except (ExchangeError, HistorianError, OSError) as error:
            done = msgspec.structs.replace(self._told(), state="failed", problem=str(error))
        except Exception:
            log.exception("an import failed", by=sent.by)
            done = msgspec.structs.replace(self._told(), state="failed", problem="unexpected error, see the log")
        sent.path.unlink(missing_ok=True)
        self._jobs.keep(done)
        try:
            over(done)
        finally:
            self._jobs.running, self._busy = None, False

    def _heard(self, so_far: Brought) -> None:
        """How far it is."""
        self._told(readings=so_far.readings, refused=so_far.refused, lines=so_far.lines, unknown=so_far.unknown)

    def _told(self, **changes: object) -> Import:
        assert self._jobs.running is not None
        self._jobs.running = msgspec.structs.replace(self._jobs.running, **changes)
        return self._jobs.running
