"""Where each card was last, for as long as it takes: somebody who has not passed a door for weeks is still inside."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from backbone.database.tables import last_places
from community.headcount import Pass

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def load_last_places(connection: Connection, site: str) -> list[Pass]:
    """One for each card that ever went through a door."""
    rows = connection.execute(select(last_places).where(last_places.c.site == site))
    return [Pass(card=row.card, zone=row.zone, at=row.at) for row in rows]


def save_last_places(connection: Connection, site: str, passes: Iterable[Pass]) -> None:
    """Keep the later of what is stored and what is new, of each card; at most one pass a card."""
    values = [{"site": site, "card": one.card, "zone": one.zone, "at": one.at} for one in passes]
    if not values:
        return
    new = _INSERTS[connection.dialect.name](last_places)
    later = new.on_conflict_do_update(
        index_elements=["site", "card"],
        set_={"zone": new.excluded.zone, "at": new.excluded.at},
        where=last_places.c.at <= new.excluded.at,
    )
    connection.execute(later, values)
