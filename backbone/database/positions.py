"""How far a consumer is with each gateway, stored in the transaction of what it did."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from backbone.database.tables import positions
from backbone.stream import Position


def load_positions(connection: Connection, consumer: str, site: str) -> dict[str, Position]:
    """Positions by gateway."""
    query = select(positions).where(positions.c.consumer == consumer, positions.c.site == site)
    return {row.gateway: Position(row.epoch, row.urgent, row.bulk) for row in connection.execute(query)}


def save_positions(connection: Connection, consumer: str, site: str, reached: Mapping[str, Position]) -> None:
    """Replace the positions of these gateways."""
    if not reached:
        return
    connection.execute(
        delete(positions).where(
            positions.c.consumer == consumer, positions.c.site == site, positions.c.gateway.in_(list(reached))
        )
    )
    connection.execute(
        insert(positions),
        [
            {"consumer": consumer, "site": site, "gateway": gateway, **position._asdict()}
            for gateway, position in reached.items()
        ],
    )
