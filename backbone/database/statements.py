"""Statements an alarm waits for: compiled once, and on SQLite handed to the driver itself.

SQLAlchemy's care for each execution (cache keys, events, results, savepoints) costs little in a loop that does nothing
else. In a service that wakes up for an alarm none of that code is in the processor's caches any more, and it is 100 µs
a statement and 230 µs a savepoint, against 20 µs of the driver's (decision 36). PostgreSQL's round trip is longer than
either, so there SQLAlchemy stays in between, with what it knows of lost connections.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Executable, Table, false, or_
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, OperationalError

_NOTHING: Mapping[str, Any] = {}
_COUNTED = {"preserve_rowcount": True}


class _Compiled(NamedTuple):
    """For SQLite: the text, the names of its parameters in their order, and the values the statement has itself."""

    text: str
    names: tuple[str, ...]
    own: Mapping[str, Any]


class Prepared:
    """One statement, to be built once. Its values are plain: text, numbers, bytes, booleans, None.

    Rows are tuples as the driver gives them: what is boolean in a table is 0 or 1 in SQLite.
    """

    def __init__(
        self,
        statement: Executable,
        *,
        columns: Iterable[str] | None = None,
        postgresql: Callable[[], Executable] | None = None,
    ) -> None:
        """`columns` are those an INSERT is given; `postgresql` makes what is said there, where it is something else."""
        self._statement = statement
        self._columns = None if columns is None else list(columns)
        self._make_postgresql = postgresql
        self._compiled: _Compiled | None = None

    @classmethod
    def insert(cls, table: Table, statement: Callable[[Any], Executable]) -> "Prepared":
        """An INSERT with ON CONFLICT: both dialects speak the same words, each by its own class."""
        columns = table.c.keys()
        return cls(
            statement(insert_of("sqlite")(table)),
            columns=columns,
            postgresql=lambda: statement(insert_of("postgresql")(table)),
        )

    @cached_property
    def _postgresql(self) -> Executable:
        return self._statement if self._make_postgresql is None else self._make_postgresql()

    def rows(self, c: Connection, values: Mapping[str, Any] = _NOTHING) -> Sequence[Sequence[Any]]:
        """All rows of a query."""
        driver = driver_of(c)
        if driver is None:
            return c.execute(self._postgresql, dict(values)).all()
        compiled = self._compiled or self._compile(c)
        given = _in_order(compiled, values)
        try:
            return driver.execute(compiled.text, given).fetchall()
        except sqlite3.Error as error:
            raise in_sqlalchemys_words(error, compiled.text) from error

    def first(self, c: Connection, values: Mapping[str, Any] = _NOTHING) -> Sequence[Any] | None:
        """The first row of a query that finds few."""
        found = self.rows(c, values)
        return found[0] if found else None

    def run(self, c: Connection, values: Mapping[str, Any] = _NOTHING) -> int:
        """How many rows it has written."""
        driver = driver_of(c)
        if driver is None:
            return c.execute(self._postgresql, dict(values), execution_options=_COUNTED).rowcount
        compiled = self._compiled or self._compile(c)
        given = _in_order(compiled, values)
        try:
            return driver.execute(compiled.text, given).rowcount
        except sqlite3.Error as error:
            raise in_sqlalchemys_words(error, compiled.text) from error

    def run_all(self, c: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Once for each of these."""
        driver = driver_of(c)
        if driver is None:
            c.execute(self._postgresql, [dict(row) for row in rows])
            return
        compiled = self._compiled or self._compile(c)
        try:
            driver.executemany(compiled.text, [_in_order(compiled, row) for row in rows])
        except sqlite3.Error as error:
            raise in_sqlalchemys_words(error, compiled.text) from error

    def _compile(self, c: Connection) -> _Compiled:
        compiled: Any = self._statement.compile(  # type: ignore[attr-defined]
            dialect=c.dialect, column_keys=self._columns
        )
        assert "POSTCOMPILE" not in str(compiled), "a list of values: see one_of"
        self._compiled = _Compiled(
            str(compiled), tuple(compiled.positiontup or ()), compiled.construct_params(_check=False)
        )
        return self._compiled


def insert_of(dialect: str) -> Any:
    """The INSERT of a dialect, which knows ON CONFLICT."""
    if dialect != "postgresql":
        return sqlite.insert
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 80 ms of a start, and most have SQLite

    return postgresql.insert


def _in_order(compiled: _Compiled, values: Mapping[str, Any]) -> tuple[Any, ...]:
    own = compiled.own
    return tuple([values[name] if name in values else own[name] for name in compiled.names])


def one_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """As `in_`, which SQLAlchemy compiles anew each time."""
    return or_(false(), *(column == value for value in values))


@contextmanager
def savepoint(c: Connection) -> Iterator[None]:
    """What is written inside is undone when it raises; the transaction goes on.

    Raises:
        OperationalError: SQLite has given the whole transaction up (a full disk): nothing of it may go on.
    """
    driver = driver_of(c)
    if driver is None:
        with c.begin_nested():
            yield
        return
    say(driver, "SAVEPOINT within")
    try:
        yield
    except BaseException as error:
        if driver.in_transaction:
            say(driver, "ROLLBACK TO within")
            say(driver, "RELEASE within")
        elif not isinstance(error, OperationalError):
            raise OperationalError("ROLLBACK TO within", None, error) from error
        raise
    say(driver, "RELEASE within")


def driver_of(c: Connection) -> sqlite3.Connection | None:
    """SQLite's own connection; None on a server."""
    driver = c.connection.driver_connection
    return driver if isinstance(driver, sqlite3.Connection) else None


def say(driver: sqlite3.Connection, words: str) -> None:
    """A statement without values or rows.

    Raises:
        DBAPIError: as SQLAlchemy would.
    """
    try:
        driver.execute(words)
    except sqlite3.Error as error:
        raise in_sqlalchemys_words(error, words) from error


def in_sqlalchemys_words(error: sqlite3.Error, statement: str) -> Exception:
    """What callers know: the same kind of error, as SQLAlchemy would raise it."""
    said: Exception = DBAPIError.instance(statement, None, error, sqlite3.Error, hide_parameters=True)
    return said
