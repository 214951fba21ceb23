"""Which messages are to be handed over now, and when the next one may be."""

from collections.abc import Set

from sqlalchemy import Connection

from backbone.database.notifications import escalations_by_id, pace_of, people_waiting, queued_for, queued_high
from community.notifications import Notification, release_at
from community.site.duty import Notifications
from community.site.site import Site
from rules.notify.delivery import Delivery, delivery_of, together

MOST_AT_ONCE = 200
MOST_TOGETHER = 5_000


def due(c: Connection, site: Site, now: int, busy: Set[str], *, urgent_only: bool) -> tuple[list[Delivery], int | None]:
    """Deliveries to begin now, and when the next one may be (Unix ms); `busy` are the keys of those in delivery."""
    grouping = (site.file.notifications or Notifications()).grouping
    found: list[tuple[Notification, ...]] = []
    high = queued_high(c, site.id, MOST_AT_ONCE)
    later = [n.next_at for n in high if n.next_at > now]
    found += together([n for n in high if n.next_at <= now and n.id not in busy])
    waiting = {} if urgent_only else people_waiting(c, site.id)
    for person, first in waiting.items():
        if f"person:{person}" in busy:
            continue
        at = max(first, release_at(pace_of(c, site.id, person), grouping))
        if at > now:
            later.append(at)
        else:
            found.append(tuple(queued_for(c, site.id, person, now, MOST_TOGETHER)))
    escalations = escalations_by_id(c, list({n.escalation for some in found for n in some}))
    return [delivery_of(some, escalations) for some in found], min(later, default=None)
