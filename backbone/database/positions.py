"""How far a consumer is with each gateway, stored in the transaction of what it did."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Executable, select

from backbone.database.statements import Prepared
from backbone.database.tables import positions
from backbone.position import Position

_MOVES = ("epoch", "urgent", "bulk")


def _replace(new: Any) -> Executable:
    statement: Executable = new.on_conflict_do_update(
        index_elements=["consumer", "site", "gateway"], set_={name: new.excluded[name] for name in _MOVES}
    )
    return statement


_replaces = Prepared.insert(positions, _replace)


def load_positions(connection: Connection, consumer: str, site: str) -> dict[str, Position]:
    """Positions by gateway."""
    query = select(positions).where(positions.c.consumer == consumer, positions.c.site == site)
    return {row.gateway: Position(row.epoch, row.urgent, row.bulk) for row in connection.execute(query)}


def save_positions(connection: Connection, consumer: str, site: str, reached: Mapping[str, Position]) -> None:
    """Replace the positions of these gateways."""
    if not reached:
        return
    rows = [{"consumer": consumer, "site": site, "gateway": name, **at._asdict()} for name, at in reached.items()]
    _replaces.run_all(connection, rows)
