"""Tables brought to the newest version. Where they are it already, nothing but that is found out.

Alembic takes as long to import as a service to begin after a crash, and meanwhile nobody watches.
"""

import re
from pathlib import Path

from sqlalchemy import Connection, inspect, text

MIGRATIONS = Path(__file__).parent / "migrations"
_NAMED = re.compile(r'^(down_revision|revision) = "(\w+)"', re.MULTILINE)


class NewerTablesError(Exception):
    """Another version of Anju made these tables, later than this one."""


def migrate(connection: Connection) -> None:
    """To the newest tables, in the transaction of the connection.

    Raises:
        NewerTablesError: they are newer than this program.
    """
    if _version(connection) == newest():
        return
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above
    from alembic.util import CommandError  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise NewerTablesError from error


def newest() -> str:
    """The version no other comes after; empty where there are several, which Alembic refuses."""
    named: dict[str, set[str]] = {"revision": set(), "down_revision": set()}
    for path in (MIGRATIONS / "versions").glob("*.py"):
        for what, version in _NAMED.findall(path.read_text(encoding="utf-8")):
            named[what].add(version)
    heads = named["revision"] - named["down_revision"]
    return heads.pop() if len(heads) == 1 else ""


def _version(connection: Connection) -> str | None:
    """Of the tables there are; None where there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    rows = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return str(rows[0]) if len(rows) == 1 else None
