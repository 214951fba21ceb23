"""The historian's DuckDB file: opened with its limits, its tables made, and DuckDB's errors in words that help."""

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from backbone.historian.buckets import DAY_MS
from backbone.historian.port import HistorianCorrupt, HistorianError, HistorianRefused, HistorianUnavailable

SCHEMA_VERSION = 2
Stamp = tuple[tuple[int, int, int], ...]
MEMORY_LIMIT = "256MB"
THREADS = 2
CHECKPOINT_THRESHOLD = "64MB"
"""Of write-ahead log, some three million readings. A checkpoint holds up the next commit by 50 to 150 ms."""

BLOCK_BYTES = 65_536
"""Of a new file. Of DuckDB's own 256 KB a column of 122,880 rows takes a half or a whole one, however little it has."""
WEEK_MS = 7 * DAY_MS

REPAIR = "`anju history repair` saves both files aside and brings what is readable into a new one"
_OF_THE_CALLER = (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError, duckdb.IntegrityError)
_ROLLED = (
    "point INTEGER NOT NULL, t BIGINT NOT NULL, first DOUBLE, last DOUBLE, min DOUBLE, max DOUBLE, "
    "total DOUBLE NOT NULL, usable BIGINT NOT NULL, count BIGINT NOT NULL, q UTINYINT NOT NULL"
)
_TABLES = """
CREATE TABLE IF NOT EXISTS points (id INTEGER PRIMARY KEY, site VARCHAR NOT NULL, point VARCHAR NOT NULL,
    UNIQUE (site, point));
CREATE TABLE IF NOT EXISTS arrived (point INTEGER NOT NULL, t BIGINT NOT NULL, x DOUBLE NOT NULL, q UTINYINT NOT NULL);
CREATE TABLE IF NOT EXISTS readings (point INTEGER NOT NULL, t BIGINT NOT NULL, x DOUBLE NOT NULL, q UTINYINT NOT NULL);
CREATE TABLE IF NOT EXISTS events (point INTEGER NOT NULL, t BIGINT NOT NULL, type VARCHAR NOT NULL,
    data VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS positions (site VARCHAR NOT NULL, gateway VARCHAR NOT NULL, epoch BIGINT NOT NULL,
    urgent BIGINT NOT NULL, bulk BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS ends (point INTEGER NOT NULL, t BIGINT NOT NULL, first_t BIGINT NOT NULL,
    last_t BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS weeks (t BIGINT NOT NULL, folded BIGINT NOT NULL, loose BIGINT NOT NULL, reached INTEGER);
CREATE TABLE IF NOT EXISTS about (schema_version INTEGER NOT NULL);
""" + "".join(
    [f"CREATE TABLE IF NOT EXISTS {level} ({_ROLLED});" for level in ("minutes", "hours", "days")]
    + [
        f"CREATE TABLE IF NOT EXISTS kept_{level} ({_ROLLED}, first_t BIGINT NOT NULL, last_t BIGINT NOT NULL);"
        for level in ("minutes", "hours")
    ]
)
_ALL_LOOSE = """
INSERT INTO weeks SELECT t // $week * $week, sum(count), sum(count), NULL FROM hours GROUP BY ALL ORDER BY ALL
"""
# positions has no key, because replacing a row that has one takes DuckDB as long as appending 40,000 readings. arrived
# has none, because an index would cost more than it saves: readers take, of equal point and time, the row with the
# highest rowid, which is the one written last. readings has one row a point and time (duckdb_fold.py).


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """The file's connection, its tables made.

    Raises:
        HistorianUnavailable: another process has the file, the disk is full, or there is no permission.
        HistorianCorrupt: the file or its write-ahead log is damaged, or was written by a newer program.
    """
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(
            str(path),
            config={
                "memory_limit": MEMORY_LIMIT,
                "threads": THREADS,
                "default_block_size": BLOCK_BYTES,
                "checkpoint_threshold": CHECKPOINT_THRESHOLD,
                "preserve_insertion_order": True,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        try:
            _make_tables(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def log_of(path: Path) -> Path:
    """The write-ahead log beside a file: what was written since its last checkpoint."""
    return path.with_name(f"{path.name}.wal")


def stamp_of(path: Path) -> Stamp:
    """Which file and which log stand there; another stamp is another content."""
    found = []
    for one in (path, log_of(path)):
        try:
            stat = one.stat()
            found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
        except OSError:
            found.append((0, 0, 0))
    return tuple(found)


def _make_tables(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    with transaction(connection):
        tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        row = connection.execute("SELECT schema_version FROM about").fetchone() if "about" in tables else None
        if row is not None and row[0] == 1:
            connection.execute("ALTER TABLE readings RENAME TO arrived")
        connection.execute(_TABLES)
        if "hours" in tables and "weeks" not in tables:
            note_all(connection)
        if row is None:
            connection.execute("INSERT INTO about VALUES (?)", [SCHEMA_VERSION])
        elif row[0] < SCHEMA_VERSION:
            connection.execute("UPDATE about SET schema_version = ?", [SCHEMA_VERSION])
        elif row[0] > SCHEMA_VERSION:
            raise HistorianCorrupt(
                f"{path} was written by a newer version of this program (history format {row[0]}, "
                f"this one reads {SCHEMA_VERSION}): upgrade, or set ANJU_HISTORIAN_URL to another file"
            )


def note_all(connection: duckdb.DuckDBPyConnection) -> None:
    """No week is in order yet (duckdb_settle.py); in the caller's transaction."""
    connection.execute("DELETE FROM weeks")
    connection.execute(_ALL_LOOSE, {"week": WEEK_MS})


def copy(cursor: duckdb.DuckDBPyConnection, path: Path) -> None:
    """All tables, as of one moment, into a new file."""
    name = cursor.execute("SELECT current_database()").fetchone()
    assert name is not None
    cursor.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS copied")
    try:
        cursor.execute(f'COPY FROM DATABASE "{name[0]}" TO copied')
    finally:
        cursor.execute("DETACH copied")


@contextlib.contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of it is durable when this is left (DuckDB syncs its log on commit), or nothing of it happened."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        # After a fatal error there is nothing left to roll back, and DuckDB says so with another error.
        with contextlib.suppress(duckdb.Error):
            connection.rollback()
        raise


@contextlib.contextmanager
def translated(path: Path, *, writing: bool = False) -> Iterator[None]:
    """DuckDB's and the system's errors as ours, with what to do."""
    try:
        yield
    except HistorianError:
        raise
    except (duckdb.Error, OSError) as error:
        raise _as_ours(error, path, writing=writing) from error


def _as_ours(error: Exception, path: Path, *, writing: bool) -> HistorianError:
    text = str(error)
    if holder := re.search(r"Conflicting lock is held in (.*?) \(PID (\d+)\)", text):
        return HistorianUnavailable(
            f"{path} is open in another process ({holder[1]}, process {holder[2]}). A DuckDB file admits one: stop "
            "that process, run ingest and api together as `anju up` does, or set ANJU_HISTORIAN_URL to an InfluxDB"
        )
    if "not a valid DuckDB database" in text:
        return HistorianCorrupt(f"{path} is no DuckDB file, or its first block is damaged: {REPAIR}")
    if "replaying WAL" in text:
        return HistorianCorrupt(f"{path}.wal, the newest part of the history, is damaged: {text}. {REPAIR}")
    if "Corrupt" in text or "checksum" in text:
        return HistorianCorrupt(f"{path} is damaged: {text}. {REPAIR}")
    if "Permission denied" in text or "Read-only file system" in text:
        return HistorianUnavailable(f"{path} cannot be written: {text}. Check its owner and the disk")
    if _is_full(error, text):
        return HistorianUnavailable(f"no room to write {path}: {text}. Free space on its disk")
    if isinstance(error, duckdb.OutOfMemoryException):
        too_much = f"needs more memory than the historian may take ({MEMORY_LIMIT})"
        return HistorianUnavailable(too_much) if writing else HistorianRefused(f"{too_much}: ask for less time")
    if isinstance(error, _OF_THE_CALLER):
        return HistorianRefused(f"{path}: {text}")
    return HistorianUnavailable(f"{path}: {text}")


def _is_full(error: Exception, text: str) -> bool:
    numbers = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return getattr(error, "errno", None) in numbers or any(os.strerror(number) in text for number in numbers)
