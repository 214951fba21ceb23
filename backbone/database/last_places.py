"""Where each card was last, for as long as it takes: somebody who has not passed a door for weeks is still inside."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from backbone.database.statements import insert_of
from backbone.database.tables import last_places, retired_cards
from community.headcount import Pass, RetiredCard


def load_last_places(connection: Connection, site: str) -> list[Pass]:
    """One for each card that ever went through a door."""
    rows = connection.execute(select(last_places).where(last_places.c.site == site))
    return [Pass(card=row.card, zone=row.zone, at=row.at) for row in rows]


def save_last_places(connection: Connection, site: str, passes: Iterable[Pass]) -> None:
    """Keep the later of what is stored and what is new, of each card; at most one pass a card."""
    values = [{"site": site, "card": one.card, "zone": one.zone, "at": one.at} for one in passes]
    if not values:
        return
    new = insert_of(connection.dialect.name)(last_places)
    later = new.on_conflict_do_update(
        index_elements=["site", "card"],
        set_={"zone": new.excluded.zone, "at": new.excluded.at},
        where=last_places.c.at <= new.excluded.at,
    )
    connection.execute(later, values)


def load_retired_cards(connection: Connection, site: str) -> dict[str, RetiredCard]:
    """By card."""
    rows = connection.execute(select(retired_cards).where(retired_cards.c.site == site))
    return {row.card: RetiredCard(card=row.card, at=row.at, by=row.by, reason=row.reason) for row in rows}


def save_retired_card(connection: Connection, site: str, one: RetiredCard) -> None:
    """The last word on a card counts."""
    new = insert_of(connection.dialect.name)(retired_cards)
    values = {"site": site, "card": one.card, "at": one.at, "by": one.by, "reason": one.reason}
    changed = {key: new.excluded[key] for key in ("at", "by", "reason")}
    connection.execute(new.on_conflict_do_update(index_elements=["site", "card"], set_=changed), values)
