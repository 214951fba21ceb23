"""The state of a detector as of the positions stored beside it."""

from sqlalchemy import Connection, bindparam, insert, select, update

from backbone.database.tables import checkpoints

_replace = update(checkpoints).where(checkpoints.c.name == bindparam("wanted"))
_insert = insert(checkpoints)


def load_checkpoint(connection: Connection, name: str) -> bytes | None:
    """The bytes that were saved, if any."""
    row = connection.execute(select(checkpoints.c.state).where(checkpoints.c.name == name)).first()
    return None if row is None else bytes(row[0])


def save_checkpoint(connection: Connection, name: str, state: bytes) -> None:
    """Replace the checkpoint of this name."""
    if not connection.execute(_replace, {"wanted": name, "state": state}).rowcount:
        connection.execute(_insert, {"name": name, "state": state})
