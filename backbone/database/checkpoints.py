"""The state of a detector as of the positions stored beside it."""

from sqlalchemy import Connection, delete, insert, select

from backbone.database.tables import checkpoints


def load_checkpoint(connection: Connection, name: str) -> bytes | None:
    """The bytes that were saved, if any."""
    row = connection.execute(select(checkpoints.c.state).where(checkpoints.c.name == name)).first()
    return None if row is None else bytes(row[0])


def save_checkpoint(connection: Connection, name: str, state: bytes) -> None:
    """Replace the checkpoint of this name."""
    connection.execute(delete(checkpoints).where(checkpoints.c.name == name))
    connection.execute(insert(checkpoints).values(name=name, state=state))
