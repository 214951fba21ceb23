"""Months of alarms and tickets, read for figures: of each document only what they ask for, of rows only those asked."""

from collections.abc import Collection, Iterator

import msgspec
from sqlalchemy import Connection, Table, select

from backbone.database.tables import alarms, rounds, tickets
from community.past import PastAlarm, PastRound, PastTicket

_AT_ONCE = 1_000
_alarm = msgspec.json.Decoder(PastAlarm)
_ticket = msgspec.json.Decoder(PastTicket)
_round = msgspec.json.Decoder(PastRound)


def past_alarms(
    connection: Connection, site: str, since: int, until: int, rules: Collection[str] | None = None
) -> Iterator[PastAlarm]:
    """Every alarm raised from `since` to before `until` (Unix ms), of these rules or of all."""
    of_rules = [] if rules is None else [alarms.c.rule.in_(sorted(rules))]
    for document in _documents(connection, alarms, site, since, until, *of_rules):
        yield _alarm.decode(document)


def past_tickets(connection: Connection, site: str, since: int, until: int) -> Iterator[PastTicket]:
    """Every ticket reported from `since` to before `until` (Unix ms)."""
    for document in _documents(connection, tickets, site, since, until):
        yield _ticket.decode(document)


def past_rounds(connection: Connection, site: str, since: int, until: int) -> Iterator[PastRound]:
    """Every round planned from `since` to before `until` (Unix ms)."""
    for document in _documents(connection, rounds, site, since, until):
        yield _round.decode(document)


def _documents(
    connection: Connection, table: Table, site: str, since: int, until: int, *where: object
) -> Iterator[str]:
    query = select(table.c.document).where(table.c.site == site, table.c.at >= since, table.c.at < until, *where)  # type: ignore[arg-type]
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
        yield row[0]
