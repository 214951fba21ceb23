"""The one way to the database: SQLite by default, PostgreSQL by its URL; migrated when opened."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from backbone.database.errors import DatabaseError

BUSY_S = 30
MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x616E6A75  # any number of our own, for PostgreSQL's advisory lock


class Database:
    """Transactions on the state. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"

    @classmethod
    def open(cls, url: str) -> Database:
        """Connect and migrate.

        Raises:
            DatabaseError: the URL is no database's, or the database cannot be reached or migrated.
        """
        try:
            address = make_url(url)
        except ArgumentError as error:
            raise DatabaseError(
                "ANJU_DATABASE_URL is no database URL: write sqlite:///path or postgresql+psycopg://…"
            ) from error
        shown = address.render_as_string(hide_password=True)
        try:
            database = cls(_sqlite(address.database) if address.drivername.startswith("sqlite") else _server(url))
            database._migrate(address.database)
        except (SQLAlchemyError, OSError, ModuleNotFoundError) as error:
            reason = str(getattr(error, "orig", None) or error).strip()
            raise DatabaseError(f"the database {shown} cannot be opened: {reason}") from error
        return database

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A write transaction: committed when the block ends, rolled back when it raises."""
        with self._engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            with connection.begin() if not connection.in_transaction() else _commit_or_roll_back(connection):
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read from; each sees one state of the whole."""
        with self._engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            yield connection
            connection.rollback()

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def _migrate(self, path: str | None) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self._alone(path), self._engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    @contextmanager
    def _alone(self, path: str | None) -> Iterator[None]:
        """Services start together; one of them migrates, the others wait and find it done."""
        if self.is_sqlite:
            with Path(f"{path}.migrating").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            return
        with self._engine.connect() as holder:
            holder.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
            try:
                yield
            finally:
                holder.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})


@contextmanager
def _commit_or_roll_back(connection: Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _server(url: str) -> Engine:
    return create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=10)


def _sqlite(path: str | None) -> Engine:
    """SQLite with a write-ahead log, every commit fsynced; transactions begin when we say."""
    if not path or path == ":memory:":
        raise DatabaseError("the state needs a file: write sqlite:///path")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_S * 1000}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
