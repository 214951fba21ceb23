"""The state of a detector as of the positions stored beside it."""

from collections.abc import Sequence

from sqlalchemy import Connection, LargeBinary, bindparam, delete, insert, select, update

from backbone.database.statements import Prepared
from backbone.database.tables import checkpoints

_replace = Prepared(
    update(checkpoints)
    .where(checkpoints.c.name == bindparam("wanted"))
    .values(state=bindparam("new", type_=LargeBinary))
)
_insert = Prepared(insert(checkpoints), columns=("name", "state"))


def load_checkpoint(connection: Connection, name: str) -> bytes | None:
    """The bytes that were saved, if any."""
    row = connection.execute(select(checkpoints.c.state).where(checkpoints.c.name == name)).first()
    return None if row is None else bytes(row[0])


def save_checkpoint(connection: Connection, name: str, state: bytes) -> None:
    """Replace the checkpoint of this name."""
    if not _replace.run(connection, {"wanted": name, "new": state}):
        add_checkpoint(connection, name, state)


def add_checkpoint(connection: Connection, name: str, state: bytes) -> None:
    """Save one whose name is new."""
    _insert.run(connection, {"name": name, "state": state})


def checkpoint_names(connection: Connection, prefix: str) -> list[str]:
    """The names that begin so, in order."""
    columns = checkpoints.c
    return sorted(
        connection.execute(select(columns.name).where(columns.name.startswith(prefix, autoescape=True))).scalars()
    )


def forget_checkpoints(connection: Connection, names: Sequence[str]) -> None:
    """Delete the checkpoints of these names."""
    if names:
        connection.execute(delete(checkpoints).where(checkpoints.c.name.in_(names)))
