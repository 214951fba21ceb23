"""A damaged DuckDB history: what is readable goes into a new file, the damaged one is kept aside.

The log beside the file is read up to its damage, as DuckDB reads one that a power cut left short. Tables are read a
row group at a time, and smaller pieces of one that cannot be read. Roll-ups that were saved stay where raw readings
are gone: they are the best that is known; those that are missing are made again.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from backbone.historian import levels
from backbone.historian.buckets import HOUR_MS
from backbone.historian.duckdb_file import MEMORY_LIMIT, THREADS, connect, log_of, note_all, transaction, translated
from backbone.historian.duckdb_fold import roll_up
from backbone.historian.duckdb_late import LEVELS
from backbone.historian.port import HistorianUnavailable

TABLES = (
    *("points", "positions", "readings", "arrived", "events", "hours", "minutes", "days", "ends"),
    *(f"kept_{level}" for level in LEVELS),
)
A_GROUP = 122_880
A_PIECE = 2_048
"""Rows DuckDB reads at once: a smaller piece fails with the same block."""
_TIMED = frozenset({"readings", "arrived", "events"})
_TO_ROLL_UP = """
WITH raw AS (SELECT point, t // $hour * $hour AS t, count(*) AS n FROM readings GROUP BY ALL),
    fine AS (SELECT point, t // $hour * $hour AS t, sum(count) AS n FROM minutes GROUP BY ALL)
SELECT DISTINCT raw.t, raw.point FROM raw LEFT JOIN hours USING (point, t) LEFT JOIN fine USING (point, t)
WHERE hours.count IS NULL OR raw.n >= hours.count AND raw.n > $dense AND fine.n IS DISTINCT FROM raw.n
ORDER BY raw.t
"""


@dataclass(slots=True)
class Repaired:
    """What came of it: rows saved by table, where the damaged files are, and sentences about what is gone."""

    aside: Path
    saved: dict[str, int] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


def repair(path: Path, zone: tzinfo, now: int, said: Callable[[str], None]) -> Repaired:
    """Replace a history by what is readable of it. Nothing of the damaged files is deleted.

    Raises:
        HistorianUnavailable: another process has the file, there is none, or no room for three of it.
    """
    with translated(path), _held(path):
        aside = path.with_name(f"{path.name}.damaged-{datetime.fromtimestamp(now / 1000, UTC):%Y%m%dT%H%M%SZ}")
        aside.mkdir()
        for file in (path, log_of(path)):
            if file.exists():
                shutil.copy2(file, aside / file.name)
        done, new = Repaired(aside), path.with_name(f".{path.name}.repairing")
        for left in (new, log_of(new)):
            left.unlink(missing_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            old = Path(folder) / path.name
            old.hardlink_to(aside / path.name)
            readable = _readable_log(old, aside / log_of(path).name, done, said)
            with closing(connect(new)) as connection:
                if readable:
                    for table in TABLES:
                        said(table)
                        done.saved[table] = _Rescue(connection, old, table, done.gone).run()
                    said("roll-ups")
                    _make_roll_ups(connection, zone)
                connection.execute("CHECKPOINT")
        log_of(path).unlink(missing_ok=True)
        new.replace(path)
    return done


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """As DuckDB holds its file: no other process can open the old one until the new one is in its place."""
    try:
        file = path.open("r+b")
    except FileNotFoundError as error:
        raise HistorianUnavailable(f"there is no history {path}") from error
    with file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise HistorianUnavailable(f"{path} is open in another process: stop the platform first") from error
        yield


def _opens(path: Path) -> str:
    """Why a file with its log cannot be read; empty: it can."""
    try:
        with duckdb.connect(str(path), read_only=True, config={"memory_limit": MEMORY_LIMIT, "threads": THREADS}) as it:
            it.execute("SELECT 1").fetchall()
    except (duckdb.Error, OSError) as error:
        return str(error).splitlines()[0]
    return ""


def _readable_log(old: Path, log: Path, done: Repaired, said: Callable[[str], None]) -> bool:
    """Put as much of the log beside the file as can be read; False: not even the file can be."""
    if reason := _opens(old):
        done.gone.append(f"everything: the file cannot be opened at all ({reason}). Restore a backup: `anju restore`")
        return False
    if not log.exists():
        return True
    content, beside = log.read_bytes(), log_of(old)
    good, bad = 0, len(content) + 1
    while bad - good > 1:  # a log cut short is read up to there, so whatever is before the damage opens
        said(f"log, {good} of {len(content)} bytes")
        middle = len(content) if bad > len(content) else (good + bad) // 2
        beside.write_bytes(content[:middle])
        if _opens(old):
            bad = middle
        else:
            good = middle
    beside.unlink(missing_ok=True)
    if good:
        beside.write_bytes(content[:good])
    if good < len(content):
        done.gone.append(
            f"the newest part of the log, {len(content) - good} of {len(content)} bytes: what was written up to "
            f"{_when(int(log.stat().st_mtime * 1000))} and is not found below"
        )
    return True


class _Rescue:
    """One table from the damaged file into the new one."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, old: Path, table: str, gone: list[str]) -> None:
        self._connection = connection
        self._old = old
        self._table = table
        self._gone = gone
        self._saved = 0

    def run(self) -> int:
        """How many rows were saved; what was not is told in `gone`."""
        lost: list[tuple[int, int]] = []
        self._attach()
        try:
            if not self._is_there():
                return 0
            end = self._end()
            for begin in range(0, end, A_GROUP):
                lost += self._piece(begin, min(begin + A_GROUP, end))
            for first, last in _joined(lost):
                self._gone.append(f"{last - first} rows of {self._table}{self._time_of(first, last)}")
        except duckdb.Error as error:
            self._gone.append(f"the table {self._table}: {str(error).splitlines()[0]}")
        finally:
            self._connection.execute("DETACH DATABASE IF EXISTS old")
        return self._saved

    def _attach(self) -> None:
        self._connection.execute(f"ATTACH '{str(self._old).replace(chr(39), chr(39) * 2)}' AS old (READ_ONLY)")

    def _is_there(self) -> bool:
        """A table that was only in the damaged part of the log is not."""
        query = "SELECT 1 FROM duckdb_tables() WHERE database_name = 'old' AND table_name = ?"
        return self._connection.execute(query, [self._table]).fetchone() is not None

    def _end(self) -> int:
        """One past the last row's number; DuckDB counts rows without reading them."""
        row = self._connection.execute(f"SELECT max(rowid) FROM old.{self._table}").fetchone()  # noqa: S608
        return 0 if row is None or row[0] is None else int(row[0]) + 1

    def _piece(self, begin: int, end: int) -> list[tuple[int, int]]:
        where = f"FROM old.{self._table} WHERE rowid >= {begin} AND rowid < {end}"
        try:
            with transaction(self._connection):
                row = self._connection.execute(f"INSERT INTO {self._table} SELECT * {where}").fetchone()
        except duckdb.Error:
            if end - begin <= A_PIECE:
                return [(begin, end)]
            middle = begin + -(-(end - begin) // 2 // A_PIECE) * A_PIECE
            return [*self._piece(begin, middle), *self._piece(middle, end)]
        self._saved += int(row[0]) if row else 0
        return []

    def _time_of(self, begin: int, end: int) -> str:
        """When rows were read: their times may be whole while their values are not; else what stood beside them."""
        if self._table not in _TIMED:
            return ""
        for first, last, words in (
            (begin, end, ""),
            (begin - A_PIECE, begin, "after "),
            (end, end + A_PIECE, "before "),
        ):
            try:
                row = self._connection.execute(
                    f"SELECT min(t), max(t) FROM old.{self._table} "  # noqa: S608 (our own table names)
                    f"WHERE rowid >= {max(first, 0)} AND rowid < {last}"
                ).fetchone()
            except duckdb.Error:
                continue
            if row is not None and row[0] is not None:
                if words:
                    return f", {words}{_when(row[1] if words == 'after ' else row[0])}"
                return f", of {_when(row[0])} to {_when(row[1])}"
        return ", of unknown time"


def _joined(pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for begin, end in pieces:
        if joined and joined[-1][1] == begin:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return joined


def _make_roll_ups(connection: duckdb.DuckDBPyConnection, zone: tzinfo) -> None:
    """Those that are missing, of what was saved."""
    rows = connection.execute(_TO_ROLL_UP, {"hour": HOUR_MS, "dense": levels.DENSE}).fetchall()
    hours: dict[int, list[int]] = {}
    for hour, point in rows:
        hours.setdefault(hour, []).append(point)
    for hour, points in hours.items():
        with transaction(connection):
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE fresh AS SELECT unnest($points)::INTEGER AS point", {"points": points}
            )
            roll_up(connection, hour, zone)
            connection.execute("DROP TABLE fresh")
    with transaction(connection):
        note_all(connection)


def _when(t: int) -> str:
    return datetime.fromtimestamp(t / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
