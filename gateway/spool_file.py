"""The spool's SQLite file: opened, checked, and when it is damaged moved aside and what can be read saved.

Written in WAL mode without an fsync a commit, so a killed process loses nothing; the log is fsynced beside the loop
(`SpoolFile.sync`), so a power cut loses at most that interval. Numbers are reserved with a full fsync.
"""

import contextlib
import os
import sqlite3
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import structlog

from community.site.profile import Lane

FILE = "spool.db"
EPOCH_FILE = "epoch"
_CHECKED_BYTES = 64_000_000
"""A larger file is not read through at start; damage then shows when it is met."""
_CHECKPOINT_BYTES = 8_000_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS frames (
  lane TEXT NOT NULL, seq INTEGER NOT NULL, prev INTEGER NOT NULL, epoch INTEGER NOT NULL, at INTEGER NOT NULL,
  readings INTEGER NOT NULL, size INTEGER NOT NULL, sum INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (lane, seq));
CREATE TABLE IF NOT EXISTS commands (
  id TEXT PRIMARY KEY, at INTEGER NOT NULL, command BLOB, reply BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS losses (
  device TEXT NOT NULL, lane TEXT NOT NULL, reason TEXT NOT NULL, began INTEGER NOT NULL, first INTEGER NOT NULL,
  last INTEGER NOT NULL, count INTEGER NOT NULL, noted INTEGER NOT NULL, done INTEGER NOT NULL,
  PRIMARY KEY (device, lane, reason, began)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forgotten (
  lane TEXT NOT NULL, upto INTEGER NOT NULL, began INTEGER NOT NULL, at INTEGER NOT NULL, readings INTEGER NOT NULL,
  PRIMARY KEY (lane, upto)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS released (point TEXT PRIMARY KEY, cause TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
"""
_TABLES = {"frames": 9, "commands": 4, "losses": 9, "released": 3}

log = structlog.get_logger()


class Row(NamedTuple):
    """A frame as the spool keeps it; `body` bears the epoch and prev it was sealed with."""

    lane: Lane
    seq: int
    prev: int
    epoch: int
    at: int
    readings: int
    size: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Totals:
    """What some frames amount to."""

    frames: int
    readings: int
    size: int

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Totals":
        """Of these."""
        return cls(len(rows), sum(row.readings for row in rows), sum(row.size for row in rows))

    def plus(self, other: "Totals") -> "Totals":
        """With these as well."""
        return Totals(self.frames + other.frames, self.readings + other.readings, self.size + other.size)

    def minus(self, other: "Totals") -> "Totals":
        """Without these."""
        return Totals(self.frames - other.frames, self.readings - other.readings, self.size - other.size)


class Recovery(NamedTuple):
    """What became of a damaged file."""

    reason: str
    kept_as: str
    saved: int
    released_lost: bool
    """The record of released locks could not be read to its end."""


class SpoolFile:
    """Statements on an open file; used by the loop's thread, but for `sync`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._wal = os.open(f"{path}-wal", os.O_RDWR)
        self._beside: sqlite3.Connection | None = None
        self._unsynced = False
        self.damaged: dict[tuple[Lane, int], tuple[int, int]] = {}
        """Frames passed over: their bytes are not those that were written. Their readings, and when they were put."""

    def meta(self) -> dict[str, int]:
        """All named numbers."""
        return dict(self._connection.execute("SELECT name, value FROM meta").fetchall())

    def set_meta(self, values: Iterable[tuple[str, int]], *, durable: bool = False) -> None:
        """Store named numbers; `durable` waits for the disk."""
        if durable:
            self._connection.execute("PRAGMA synchronous=FULL")
        try:
            with self.transaction():
                self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values)
        finally:
            if durable:
                self._connection.execute("PRAGMA synchronous=NORMAL")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done inside, or nothing of it."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
            self._unsynced = True
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def insert(self, rows: Iterable[Row]) -> None:
        """Add frames."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((*row[:-1], zlib.crc32(row.body), row.body) for row in rows),
        )

    def after(self, lane: Lane, seq: int) -> Row | None:
        """The lane's first frame beyond `seq`; those whose bytes were damaged on the disk are passed over, counted."""
        while True:
            row = self._connection.execute(
                "SELECT seq, prev, epoch, at, readings, size, sum, body FROM frames"
                " WHERE lane = ? AND seq > ? ORDER BY seq LIMIT 1",
                (lane, seq),
            ).fetchone()
            if row is None:
                return None
            seq, prev, epoch, at, readings, size, checksum, body = row
            if zlib.crc32(body) == checksum:
                return Row(lane, seq, prev, epoch, at, readings, size, body)
            if (lane, seq) not in self.damaged:
                self.damaged[lane, seq] = readings, at
                log.error("a frame was damaged on the disk", lane=lane.value, seq=seq)

    def between(self, lane: Lane, after: int, upto: int, before: int, limit: int) -> list[Row]:
        """Frames of the lane beyond `after` and up to `upto` put before a time, up to the first that is damaged."""
        rows = []
        for sum_, *columns in self._connection.execute(
            "SELECT sum, seq, prev, epoch, at, readings, size, body FROM frames"
            " WHERE lane = ? AND seq > ? AND seq <= ? AND at < ? ORDER BY seq LIMIT ?",
            (lane, after, upto, before, limit),
        ):
            row = Row(lane, *columns)
            if zlib.crc32(row.body) != sum_:
                break
            rows.append(row)
        return rows

    def newest(self, lane: Lane) -> int:
        """The lane's highest number, 0 when it is empty."""
        row = self._connection.execute("SELECT max(seq) FROM frames WHERE lane = ?", (lane,)).fetchone()
        return row[0] or 0

    def newest_at(self, lane: Lane) -> int | None:
        """When the lane's last frame was put; None when it is empty."""
        row = self._connection.execute("SELECT max(at) FROM frames WHERE lane = ?", (lane,)).fetchone()
        return None if row[0] is None else int(row[0])

    def totals(self, lane: Lane, upto: int = 2**62) -> Totals:
        """What the lane's frames up to `upto` amount to."""
        row = self._connection.execute(
            "SELECT count(*), total(readings), total(size) FROM frames WHERE lane = ? AND seq <= ?", (lane, upto)
        ).fetchone()
        return Totals(int(row[0]), int(row[1]), int(row[2]))

    def delete(self, lane: Lane, upto: int) -> Totals:
        """Remove the lane's frames up to `upto`."""
        gone = self.totals(lane, upto)
        if gone.frames:
            self._connection.execute("DELETE FROM frames WHERE lane = ? AND seq <= ?", (lane, upto))
        return gone

    def delete_between(self, lane: Lane, first: int, last: int) -> None:
        """Remove the lane's frames from `first` to `last`."""
        self._connection.execute("DELETE FROM frames WHERE lane = ? AND seq BETWEEN ? AND ?", (lane, first, last))

    def oldest(self, lane: Lane, limit: int) -> list[tuple[int, int, int]]:
        """`(seq, size, at)` of the lane's first frames."""
        return self._connection.execute(
            "SELECT seq, size, at FROM frames WHERE lane = ? ORDER BY seq LIMIT ?", (lane, limit)
        ).fetchall()

    def bodies(self, lane: Lane, upto: int) -> list[tuple[bytes, int, int]]:
        """`(body, readings, at)` of the lane's frames up to `upto`."""
        return self._connection.execute(
            "SELECT body, readings, at FROM frames WHERE lane = ? AND seq <= ? ORDER BY seq", (lane, upto)
        ).fetchall()

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """A statement of the command record or the loss ledger, which share the file."""
        return self._connection.execute(statement, values).fetchall()

    def sync(self) -> None:
        """Have the disk hold what was written so far; blocks, so it is called in a thread."""
        if not self._unsynced:
            return
        self._unsynced = False
        os.fdatasync(self._wal)
        if os.fstat(self._wal).st_size > _CHECKPOINT_BYTES:
            if self._beside is None:
                self._beside = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=1)
            self._beside.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def bound_log(self) -> None:
        """Start the log over when `sync` could not keep up with it; short, for little is left to copy."""
        if os.fstat(self._wal).st_size > 8 * _CHECKPOINT_BYTES:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close; the log is folded into the file."""
        os.close(self._wal)
        if self._beside is not None:
            self._beside.close()
        self._connection.close()


def open_file(folder: Path) -> tuple[SpoolFile, Recovery | None]:
    """The spool's file in `folder`, made when missing; a damaged one is moved aside and read as far as it goes.

    Raises:
        OSError, sqlite3.OperationalError: the disk refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    try:
        return _open(path), None
    except sqlite3.OperationalError as error:
        if "disk I/O" not in str(error):
            raise
        return replace_file(folder, str(error))
    except sqlite3.DatabaseError as error:
        return replace_file(folder, str(error))


def _move_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def _open(path: Path) -> SpoolFile:
    connection = sqlite3.connect(path, isolation_level=None, timeout=1)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA journal_size_limit=16000000")
        connection.execute("PRAGMA cache_size=-1000")
        if path.stat().st_size < _CHECKED_BYTES:
            _check(connection)
        connection.executescript(_SCHEMA)
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('opened', 1)")
        _sync_folder(path.parent)
        return SpoolFile(path, connection)
    except BaseException:
        connection.close()
        raise


def _check(connection: sqlite3.Connection) -> None:
    answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        raise sqlite3.DatabaseError(answer)


def replace_file(folder: Path, reason: str) -> tuple[SpoolFile, Recovery]:
    """Move a damaged file aside and begin a new one with what can be read of the old."""
    path = folder / FILE
    aside = _move_aside(path)
    file = _open(path)
    saved, whole = 0, set()
    try:
        old = sqlite3.connect(aside, isolation_level=None)
        for table, columns in _TABLES.items():
            with contextlib.suppress(sqlite3.DatabaseError):
                for row in old.execute(f"SELECT * FROM {table}"):  # noqa: S608  (names from the table above)
                    marks = ", ".join("?" * columns)
                    file.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608
                    saved += table == "frames"
                whole.add(table)
        old.close()
    except sqlite3.DatabaseError:
        pass
    recovery = Recovery(reason, aside.name, saved, "released" not in whole)
    log.error("the spool was damaged", reason=reason, kept_as=aside.name, frames_saved=saved)
    return file, recovery


def read_epoch(folder: Path) -> int:
    """The last epoch used in `folder`, kept beside the file so that its damage cannot take it; 0 if unknown."""
    try:
        return int((folder / EPOCH_FILE).read_text())
    except (OSError, ValueError):
        return 0


def write_epoch(folder: Path, epoch: int) -> None:
    """Remember the epoch in use, durably."""
    aside = folder / f"{EPOCH_FILE}.new"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        os.write(descriptor, f"{epoch}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    aside.replace(folder / EPOCH_FILE)
    _sync_folder(folder)


def in_memory() -> Path:
    """A folder that needs no disk, for a spool that cannot have one."""
    shared = Path("/dev/shm")  # noqa: S108  (mkdtemp makes a folder of ours alone in it)
    return Path(tempfile.mkdtemp(prefix="anju-spool-", dir=shared if shared.is_dir() else None))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
