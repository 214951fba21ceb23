"""What was refused, one row a source and reason."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from backbone.database.documents import storable
from backbone.database.tables import quarantine
from community.quarantine import SAMPLE_CHARACTERS, Quarantined


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
            .values(last=row.last, count=columns.count + row.count, sample=sample)
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


def _entry(row: Row[Any]) -> tuple[int, Quarantined]:
    count = row._mapping["count"]
    return row.id, Quarantined(row.site, row.consumer, row.source, row.reason, row.first, row.last, count, row.sample)
