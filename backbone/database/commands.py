"""Commands that were given, and their replies."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from backbone.database.documents import decode, encode
from backbone.database.tables import commands
from community.commands import Command, Reply


@dataclass(frozen=True, slots=True)
class GivenCommand:
    """A command, where it goes, and the step it belongs to."""

    id: str
    gateway: str
    activation: str | None
    step: str | None
    command: Command


def insert_command(
    connection: Connection,
    identifier: str,
    site: str,
    gateway: str,
    command: Command,
    *,
    activation: str | None = None,
    step: str | None = None,
) -> None:
    """Keep a command before it is sent."""
    connection.execute(
        insert(commands).values(
            id=identifier,
            site=site,
            gateway=gateway,
            activation=activation,
            step=step,
            expires=command.expires,
            document=encode(command),
        )
    )


def move_command(connection: Connection, identifier: str, command: Command) -> None:
    """Have a command that waits for its reply expire at another time."""
    connection.execute(
        update(commands)
        .where(commands.c.id == identifier, commands.c.outcome.is_(None))
        .values(expires=command.expires, document=encode(command))
    )


def pending_commands(connection: Connection, site: str) -> list[GivenCommand]:
    """Commands without a reply, oldest first: to be sent (again) while they have not expired."""
    query = select(commands).where(commands.c.site == site, commands.c.outcome.is_(None)).order_by(commands.c.expires)
    return [_given(row) for row in connection.execute(query)]


def get_command(connection: Connection, identifier: str) -> GivenCommand | None:
    """A command by id."""
    row = connection.execute(select(commands).where(commands.c.id == identifier)).first()
    return None if row is None else _given(row)


def get_reply(connection: Connection, identifier: str) -> Reply | None:
    """The reply to a command; None while there is none."""
    text = connection.execute(select(commands.c.reply).where(commands.c.id == identifier)).scalar()
    return None if text is None else decode(text, Reply)


def record_reply(connection: Connection, identifier: str, reply: Reply) -> bool:
    """Keep the reply; False when there is one already, or no such command."""
    changed = connection.execute(
        update(commands)
        .where(commands.c.id == identifier, commands.c.outcome.is_(None))
        .values(outcome=reply.outcome.value, reply=encode(reply))
    )
    return changed.rowcount == 1


def _given(row: object) -> GivenCommand:
    columns = row._mapping  # type: ignore[attr-defined]
    return GivenCommand(
        columns["id"], columns["gateway"], columns["activation"], columns["step"], decode(columns["document"], Command)
    )
