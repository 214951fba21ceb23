"""What alarms, tickets and activations have in common: kept whole, and never replaced by an older version."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, Executable, Integer, Table, and_, bindparam, insert, or_, select

from backbone.database.documents import decode, encode
from backbone.database.errors import Conflict
from backbone.database.statements import Prepared, one_of


class Versioned(Protocol):
    """An object with an id and a version that grows by one at each change."""

    @property
    def id(self) -> str:
        """Unique."""
        ...

    @property
    def version(self) -> int:
        """1 when new."""
        ...


T = TypeVar("T", bound=Versioned)


def newest_first(table: Table) -> tuple[ColumnElement[Any], ...]:
    """An order no index has, for queries whose rows are few.

    Given an index by site and time SQLite walks the whole history of a site for the one row that is open, just to
    have it in order: what an alarm waits for would grow with all there ever was.
    """
    return -table.c.at, table.c.id.desc()


@dataclass(frozen=True)
class Objects(Generic[T]):
    """The rows of one kind of object.

    An alarm waits for these statements, and building one costs more than running it: those on its way are built once.
    """

    table: Table
    kind: type[T]

    def get(self, connection: Connection, identifier: str) -> T | None:
        """The object, if there is one."""
        return self.one(connection, self._get, {"wanted": identifier})

    def one(self, connection: Connection, query: Prepared, values: dict[str, Any]) -> T | None:
        """The first object a query finds."""
        row = query.first(connection, values)
        return None if row is None else decode(row[0], self.kind)

    def newest(self, *where: ColumnElement[bool]) -> Prepared:
        """A query, to be built once, for the newest object that fits; few do."""
        return Prepared(select(self.table.c.document).where(*where).order_by(*newest_first(self.table)).limit(1))

    def all_that(self, *where: ColumnElement[bool], by: Sequence[ColumnElement[Any]] = ()) -> Prepared:
        """A query, to be built once, for the few that fit, newest first (or `by` others) and at most `limit`."""
        query = select(self.table.c.document).where(*where).order_by(*(by or newest_first(self.table)))
        return Prepared(query.limit(bindparam("limit", type_=Integer)))

    def in_states(self, states: Sequence[StrEnum]) -> Prepared:
        """A query for the `limit` newest objects of a `site` that are in one of these states."""
        known = self._in_states
        if (query := known.get(tuple(states))) is None:
            columns = self.table.c
            wanted = one_of(columns.state, [state.value for state in states])
            query = known[tuple(states)] = self.all_that(columns.site == bindparam("site"), wanted)
        return query

    def all(self, connection: Connection, query: Prepared, values: dict[str, Any]) -> "list[T]":
        """The objects a query finds."""
        return [decode(row[0], self.kind) for row in query.rows(connection, values)]

    def insert(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Several new ones at once, as `save` would store each."""
        if rows:
            self._insert.run_all(connection, rows)

    @cached_property
    def _in_states(self) -> dict[tuple[StrEnum, ...], Prepared]:
        return {}

    @cached_property
    def _get(self) -> Prepared:
        return Prepared(select(self.table.c.document).where(self.table.c.id == bindparam("wanted")))

    @cached_property
    def _insert(self) -> Prepared:
        return Prepared(insert(self.table), columns=self.table.c.keys())

    @cached_property
    def _upserted(self) -> Prepared:
        """Insert, or replace an older version."""
        return Prepared.insert(self.table, self._upsert)

    def _upsert(self, new: Any) -> Executable:
        older = self.table.c.version < new.excluded.version
        kept = {column.name: new.excluded[column.name] for column in self.table.c if column.name != "id"}
        statement: Executable = new.on_conflict_do_update(index_elements=["id"], set_=kept, where=older)
        return statement

    def list(
        self,
        connection: Connection,
        *where: ColumnElement[bool],
        limit: int = 100,
        before: tuple[int, str] | None = None,
        few: bool = False,
    ) -> list[T]:
        """Newest first; `before` is the time and id of the last one of the page before. `few`: not many fit."""
        table = self.table
        order = newest_first(table) if few else (table.c.at.desc(), table.c.id.desc())
        query = select(table.c.document).where(*where).order_by(*order).limit(limit)
        if before is not None:
            at, identifier = before
            query = query.where(or_(table.c.at < at, and_(table.c.at == at, table.c.id < identifier)))
        return [decode(row[0], self.kind) for row in connection.execute(query)]

    def save(self, connection: Connection, thing: T, **columns: Any) -> None:
        """Insert what is new, or replace an older version.

        Whoever changes an object reads it in the same write transaction: nobody else writes meanwhile.

        Raises:
            Conflict: a version as new as this one is there already.
        """
        values = {"id": thing.id, **columns, "version": thing.version, "document": encode(thing)}
        if self._upserted.run(connection, values) != 1:
            raise Conflict(f"{self.table.name} {thing.id} was changed meanwhile")


def any_of(column: ColumnElement[Any], values: Iterable[Any] | None) -> list[ColumnElement[bool]]:
    """A filter that takes everything when `values` is None."""
    return [] if values is None else [column.in_(list(values))]
