"""The one way to the database: SQLite by default, PostgreSQL by its URL; migrated when opened.

Who writes waits for its turn, in PostgreSQL as in SQLite: transactions are few and short. So what one of them has read
stays true until it commits, events are numbered in the order in which they become visible, and nothing deadlocks.
"""

from __future__ import annotations

import contextlib
import fcntl
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, InternalError, OperationalError, SQLAlchemyError

from backbone.database.errors import DatabaseAway, DatabaseError
from backbone.database.migrate import NewerTablesError, migrate
from backbone.database.statements import driver_of, in_sqlalchemys_words, say

BUSY_S = 30
LOOK_AGAIN_S = 0.000_5
LOG_PAGES = 4_000
"""At so many pages (16 MB) of SQLite's log a commit takes them into the file itself, if nobody has: see `tidy_log`."""
ABANDONED_S = 10
"""A writer that stops in the middle of a transaction (suspended, cut off) loses its turn after so long."""
_CODE = 0xFF  # of SQLite's extended error codes: what kind it is
_WRITER_LOCK = 0x616E6A75  # any number of our own, for PostgreSQL's advisory lock


class Database:
    """Transactions on the state. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._writers: list[Connection] = []
        """SQLite's, at rest. The last one used is the next: what it has read of the file it need not read again."""
        self._asked = create_engine(engine.url, pool=engine.pool.recreate())
        """Who asks whether it answers does not queue behind those who work: that all are busy is no answer."""
        self.given_up = False
        """Set by somebody who watches that it answers (`ask`): until it does, nobody else waits for it."""

    @classmethod
    def open(cls, url: str) -> Database:
        """Connect and migrate.

        Raises:
            DatabaseError: the URL is no database's, or the database cannot be reached or migrated.
        """
        try:
            address = make_url(url)
        except ArgumentError as error:
            raise DatabaseError(f"ANJU_DATABASE_URL is no database URL: {_WRITE}") from error
        shown = address.render_as_string(hide_password=True)
        database = cls(_engine(address))
        try:
            database._migrate(address.database)
        except (SQLAlchemyError, OSError) as error:
            database.close()
            reason = str(getattr(error, "orig", None) or error).strip()
            raise DatabaseAway(f"the database {shown} cannot be opened: {reason}") from error
        except NewerTablesError as error:
            database.close()
            raise DatabaseError(
                f"the database {shown} was written by a newer version of Anju: start that version, or restore a backup"
            ) from error
        return database

    @contextmanager
    def begin(self, *, durable: bool = True) -> Iterator[Connection]:
        """A write transaction: committed when the block ends, rolled back when it raises.

        One that is not `durable` may be forgotten by a power cut (never in part, and never after a later one that
        was durable); it does not wait for the disk, nor has others wait for it.

        Raises:
            OperationalError: the database is away, or took the turn back; nothing was written, try again.
        """
        self._not_in_vain()
        if self.is_sqlite:
            with self._sqlite_writer(durable) as connection:
                yield connection
            return
        with _turn_taken_back(), self._engine.connect() as connection:
            if not durable:
                connection.execute(text("SET LOCAL synchronous_commit = off"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER_LOCK})
            yield connection
            connection.commit()

    @contextmanager
    def _sqlite_writer(self, durable: bool) -> Iterator[Connection]:
        try:
            connection = self._writers.pop()
        except IndexError:
            connection = self._engine.connect()
            _pragma(connection, "busy_timeout=0")
        driver = _driver(connection)
        try:
            if not durable:
                _pragma(connection, "synchronous=NORMAL")
            _begin_sqlite(driver)
            yield connection
            say(driver, "COMMIT")  # SQLAlchemy has not heard of all that was written (statements.py)
            if connection.in_transaction():
                connection.rollback()  # what it has heard of is over
            if not durable:
                _pragma(connection, "synchronous=FULL")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                driver.rollback()
            connection.invalidate()
            connection.close()
            raise
        self._writers.append(connection)

    def connect(self) -> Connection:
        """A connection of its own, for what outlasts a transaction; the caller closes it."""
        return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read from, which sees one state of the whole and never waits for a writer.

        Raises:
            OperationalError: the database is away.
        """
        self._not_in_vain()
        with self._engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    def ask(self) -> None:
        """Whether it answers, however long that takes.

        Raises:
            OperationalError: the database is away.
        """
        with self._asked.connect() as connection:
            connection.execute(text("SELECT 1"))

    def backup(self, path: Path) -> bool:
        """A copy of an SQLite file as of one moment in a new file; False: a server keeps the state."""
        if not self.is_sqlite:
            return False
        with self.read() as connection, sqlite3.connect(path) as copy:
            _driver(connection).backup(copy)
        copy.close()
        return True

    def close(self) -> None:
        """Let go of all connections."""
        while self._writers:
            self._writers.pop().close()
        self._engine.dispose()
        self._asked.dispose()

    def tidy_log(self) -> None:
        """Take what SQLite's write-ahead log holds into the file, so that no commit has to; nobody waits for it."""
        if self.is_sqlite:
            with self._engine.connect() as connection:
                _pragma(connection, "wal_checkpoint(PASSIVE)")

    def _not_in_vain(self) -> None:
        if self.given_up:
            raise OperationalError(None, None, ConnectionError("the database does not answer"))

    def _migrate(self, path: str | None) -> None:
        """To the newest tables, all or nothing. Services start together: one migrates, the others wait for it."""
        with self._file_alone(path), self.begin() as connection:
            migrate(connection)

    @contextmanager
    def _file_alone(self, path: str | None) -> Iterator[None]:
        # A new file's first connections switch it to the write-ahead log, which SQLite does not queue for.
        if not self.is_sqlite:
            yield
            return
        with Path(f"{path}.migrating").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


@contextmanager
def _turn_taken_back() -> Iterator[None]:
    try:
        yield
    except InternalError as error:
        # What psycopg makes of ABANDONED_S; to our callers it is one of the ways a database can be away.
        if error.orig is None or not error.connection_invalidated:
            raise
        raise OperationalError(error.statement, error.params, error.orig) from error


_WRITE = "write sqlite:///path or postgresql://user:password@host/name"


def _engine(address: URL) -> Engine:
    match address.drivername:
        case "sqlite":
            return _sqlite(address.database)
        case "postgresql" | "postgresql+psycopg":
            return _postgresql(address.set(drivername="postgresql+psycopg"))
        case other:
            raise DatabaseError(f"{other} is no database Anju keeps its state in: {_WRITE}")


_CUT_OFF = {"tcp_user_timeout": 15_000, "keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2}
"""Of libpq, ms and s: a network that swallows packets is noticed in 15 s; the system's own patience is a quarter of an
hour (postgresql.org/docs/15/libpq-connect.html)."""


def _postgresql(address: URL) -> Engine:
    limits = f"-c lock_timeout={BUSY_S}s -c idle_in_transaction_session_timeout={ABANDONED_S}s"
    arguments = {"options": limits, "connect_timeout": BUSY_S} | _CUT_OFF | dict(address.query)
    return create_engine(address, pool_pre_ping=True, pool_size=5, max_overflow=10, connect_args=arguments)


def _pragma(connection: Connection, setting: str) -> None:
    # Past SQLAlchemy, which would begin a transaction: within one, SQLite ignores this setting.
    say(_driver(connection), f"PRAGMA {setting}")


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = driver_of(connection)
    assert driver is not None
    return driver


def _begin_sqlite(driver: sqlite3.Connection) -> None:
    """The turn to write, as soon as it is free: SQLite's own waiting sleeps longer and longer, up to 100 ms at a time.

    Raises:
        OperationalError: others had the turn for `BUSY_S`.
    """
    until = time.monotonic() + BUSY_S
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & _CODE == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= until:
                raise in_sqlalchemys_words(error, "BEGIN IMMEDIATE") from error
            time.sleep(LOOK_AGAIN_S)
        else:
            return


def _sqlite(path: str | None) -> Engine:
    """SQLite with a write-ahead log, every commit fsynced; transactions begin when we say."""
    if not path or path == ":memory:":
        raise DatabaseError("the state needs a file: write sqlite:///path")
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseAway(f"no folder for the database {path}: {error.strerror}") from error
    address = URL.create("sqlite", database=path)
    engine = create_engine(address, connect_args={"timeout": BUSY_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",  # what a savepoint could undo of an alarm is more than goes without a file on the disk
            "secure_delete=FAST",  # Debian's default fills what is deleted with zeros: as much to write once more
            f"wal_autocheckpoint={LOG_PAGES}",
            f"busy_timeout={BUSY_S * 1000}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
