"""What alarms, tickets and activations have in common: kept whole, and never replaced by an older version."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from backbone.database.documents import decode, encode
from backbone.database.errors import Conflict


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


@dataclass(frozen=True, slots=True)
class Objects(Generic[T]):
    """The rows of one kind of object."""

    table: Table
    kind: type[T]

    def get(self, connection: Connection, identifier: str) -> T | None:
        """The object, if there is one."""
        query = select(self.table.c.document).where(self.table.c.id == identifier)
        row = connection.execute(query).first()
        return None if row is None else decode(row[0], self.kind)

    def first(self, connection: Connection, *where: ColumnElement[bool]) -> T | None:
        """The newest object that fits."""
        found = self.list(connection, *where, limit=1)
        return found[0] if found else None

    def list(
        self,
        connection: Connection,
        *where: ColumnElement[bool],
        limit: int = 100,
        before: tuple[int, str] | None = None,
    ) -> list[T]:
        """Newest first; `before` is the time and id of the last one of the page before."""
        table = self.table
        query = select(table.c.document).where(*where).order_by(table.c.at.desc(), table.c.id.desc()).limit(limit)
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
        values = {**columns, "version": thing.version, "document": encode(thing)}
        table = self.table
        changed = connection.execute(
            update(table).where(table.c.id == thing.id, table.c.version < thing.version).values(**values)
        )
        if changed.rowcount == 1:
            return
        try:
            with connection.begin_nested():
                connection.execute(insert(table).values(id=thing.id, **values))
        except IntegrityError as error:
            raise Conflict(f"{table.name} {thing.id} was changed meanwhile") from error


def any_of(column: ColumnElement[Any], values: Iterable[Any] | None) -> list[ColumnElement[bool]]:
    """A filter that takes everything when `values` is None."""
    return [] if values is None else [column.in_(list(values))]
