"""What gateways lost, as they told it."""

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select, update

from backbone.database.documents import storable
from backbone.database.tables import losses
from community.losses import Loss, LossReason

_c = losses.c


def record_losses(connection: Connection, site: str, told: Iterable[Loss]) -> None:
    """Add them; a later telling of the same loss replaces the earlier."""
    for loss in told:
        key = {
            "site": site,
            "gateway": loss.gateway,
            "device": storable(loss.device or "", 63),
            "lane": storable(loss.lane or "", 10),
            "reason": loss.reason.value,
            "began": loss.began,
        }
        extent = {"first": loss.first, "last": loss.last, "count": loss.count}
        where = [_c[name] == value for name, value in key.items()]
        if connection.execute(update(losses).where(*where).values(extent)).rowcount == 0:
            connection.execute(insert(losses).values(**key, **extent))


def list_losses(
    connection: Connection,
    site: str,
    gateway: str,
    *,
    start: int,
    end: int,
    limit: int = 100,
    before: tuple[int, int] | None = None,
) -> list[tuple[int, Loss]]:
    """Losses that touch `[start, end)` with their numbers, the latest first; `before`: where the page before ended."""
    query = (
        select(losses)
        .where(_c.site == site, _c.gateway == gateway, _c.last >= start, _c.first < end)
        .order_by(_c.last.desc(), _c.id.desc())
        .limit(limit)
    )
    if before is not None:
        last, number = before
        query = query.where((_c.last < last) | ((_c.last == last) & (_c.id < number)))
    return [
        (
            row.id,
            Loss(
                row.gateway,
                row.device or None,
                row.lane or None,
                LossReason(row.reason),
                row.began,
                row.first,
                row.last,
                row._mapping["count"],
            ),
        )
        for row in connection.execute(query)
    ]
