"""How far a consumer is with each gateway, stored in the transaction of what it did."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, delete, insert, select

from backbone.database.tables import positions
from backbone.stream import Position

_columns = positions.c
_forget = delete(positions).where(
    _columns.consumer == bindparam("consumer"),
    _columns.site == bindparam("site"),
    _columns.gateway == bindparam("gateway"),
)
_insert = insert(positions)


def load_positions(connection: Connection, consumer: str, site: str) -> dict[str, Position]:
    """Positions by gateway."""
    query = select(positions).where(positions.c.consumer == consumer, positions.c.site == site)
    return {row.gateway: Position(row.epoch, row.urgent, row.bulk) for row in connection.execute(query)}


def save_positions(connection: Connection, consumer: str, site: str, reached: Mapping[str, Position]) -> None:
    """Replace the positions of these gateways."""
    if not reached:
        return
    keys = [{"consumer": consumer, "site": site, "gateway": gateway} for gateway in reached]
    connection.execute(_forget, keys)
    connection.execute(
        _insert, [{**key, **position._asdict()} for key, position in zip(keys, reached.values(), strict=True)]
    )
