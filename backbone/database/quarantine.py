"""What was refused, one row a source and reason."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from backbone.database.documents import storable
from backbone.database.tables import quarantine
from community.quarantine import SAMPLE_CHARACTERS, Quarantined

_c = quarantine.c


def record(connection: Connection, rows: Iterable[Quarantined]) -> None:
    """Add to the entries of the same site, consumer, source and reason."""
    for row in rows:
        source, reason = storable(row.source, 300), storable(row.reason, 300)
        sample = storable(row.sample, SAMPLE_CHARACTERS)
        columns = quarantine.c
        changed = connection.execute(
            update(quarantine)
            .where(columns.site == row.site, columns.consumer == row.consumer)
            .where(columns.source == source, columns.reason == reason)
            .values(last=row.last, count=columns.count + row.count, sample=sample, kept=columns.kept + row.kept)
        )
        if changed.rowcount == 0:
            connection.execute(
                insert(quarantine).values(
                    site=row.site,
                    consumer=row.consumer,
                    source=source,
                    reason=reason,
                    first=row.first,
                    last=row.last,
                    count=row.count,
                    sample=sample,
                    kept=row.kept,
                )
            )


def list_quarantine(
    connection: Connection, site: str, *, limit: int = 100, before: tuple[int, int] | None = None
) -> list[tuple[int, Quarantined]]:
    """Entries with their numbers, the latest first; `before` is `last` and number of the last one seen."""
    query = (
        select(quarantine)
        .where(quarantine.c.site == site)
        .order_by(quarantine.c.last.desc(), quarantine.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        last, number = before
        query = query.where((quarantine.c.last < last) | ((quarantine.c.last == last) & (quarantine.c.id < number)))
    return [_entry(row) for row in connection.execute(query)]


def entries_of(
    connection: Connection, site: str, consumer: str, reasons: Sequence[str]
) -> list[tuple[int, Quarantined]]:
    """A consumer's entries of these reasons, with their numbers."""
    columns = quarantine.c
    query = select(quarantine).where(columns.site == site, columns.consumer == consumer, columns.reason.in_(reasons))
    return [_entry(row) for row in connection.execute(query)]


def forget(connection: Connection, numbers: Sequence[int]) -> None:
    """Delete entries whose cause is mended."""
    for number in numbers:
        connection.execute(delete(quarantine).where(quarantine.c.id == number))


def ask_again(connection: Connection, site: str, at: int) -> int:
    """Have what is set aside tried again; how many entries that is."""
    mine = (_c.site == site, _c.kept > 0)
    return connection.execute(update(quarantine).where(*mine).values(asked=at)).rowcount


def is_asked(connection: Connection, site: str, consumer: str) -> bool:
    """Whether somebody wants anything of this consumer's tried again."""
    query = select(_c.id).where(_c.site == site, _c.consumer == consumer, _c.asked.is_not(None))
    return connection.execute(query.limit(1)).first() is not None


def settle(connection: Connection, site: str, consumer: str, refused: Iterable[Quarantined], at: int) -> None:
    """All that was set aside has been tried: what is `refused` again stays, the rest is no longer in quarantine.

    An entry of which nothing is left is gone; what is refused for another reason than before is an entry of its own.
    """
    again = {(storable(row.source, 300), storable(row.reason, 300)): row for row in refused}
    query = select(quarantine).where(_c.site == site, _c.consumer == consumer)
    for number, entry in map(_entry, connection.execute(query.where((_c.kept > 0) | _c.asked.is_not(None))).all()):
        row = again.pop((entry.source, entry.reason), None)
        count, kept = (row.count, row.kept) if row is not None else (0, 0)
        count += entry.count - entry.kept
        here = quarantine.c.id == number
        if count > 0:
            connection.execute(update(quarantine).where(here).values(count=count, kept=kept, asked=None, tried=at))
        else:
            connection.execute(delete(quarantine).where(here))
    record(connection, again.values())


def _entry(row: Row[Any]) -> tuple[int, Quarantined]:
    return row.id, Quarantined(
        row.site,
        row.consumer,
        row.source,
        row.reason,
        row.first,
        row.last,
        row._mapping["count"],
        row.sample,
        row.kept,
        row.asked,
        row.tried,
    )
