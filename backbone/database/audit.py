"""Who did what, and with what outcome: rows chained by hashes, so that a change afterwards shows."""

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from backbone.database.documents import storable
from backbone.database.tables import audit

FIRST = "0" * 64
MOST_DETAIL = 10_000
VERIFIED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry; `hash` is the SHA-256 of the entry before and this one's words."""

    id: int
    at: int
    who: str
    action: str
    target: str
    outcome: str
    detail: str
    previous: str
    hash: str

    def expected_hash(self) -> str:
        """What the hash must be."""
        return _hash(self.previous, self.at, self.who, self.action, self.target, self.outcome, self.detail)


def append(
    connection: Connection, *, at: int, who: str, action: str, target: str, outcome: str, detail: str = ""
) -> None:
    """One more entry, chained to the last. Within a write transaction."""
    last = connection.execute(select(audit.c.hash).order_by(audit.c.id.desc()).limit(1)).first()
    previous = last[0] if last else FIRST
    who, action, target = storable(who, 120), storable(action, 80), storable(target, 300)
    outcome, detail = storable(outcome, 40), storable(detail, MOST_DETAIL)
    connection.execute(
        insert(audit).values(
            at=at,
            who=who,
            action=action,
            target=target,
            outcome=outcome,
            detail=detail,
            previous=previous,
            hash=_hash(previous, at, who, action, target, outcome, detail),
        )
    )


def rows(connection: Connection, *, limit: int = 100, before: int | None = None) -> list[AuditRow]:
    """Entries, the latest first."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [AuditRow(*row) for row in connection.execute(query)]


def verify(connection: Connection) -> str | None:
    """None when the chain is whole; otherwise which entry was changed, added or taken out."""
    previous = FIRST
    everything = select(audit).order_by(audit.c.id).execution_options(yield_per=VERIFIED_AT_ONCE)
    with connection.execute(everything) as found:
        for row in found:
            entry = AuditRow(*row)
            if entry.previous != previous:
                return f"entry {entry.id} does not follow the one before: something was taken out or put in"
            if entry.hash != entry.expected_hash():
                return f"entry {entry.id} was changed after it was written"
            previous = entry.hash
    return None


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
