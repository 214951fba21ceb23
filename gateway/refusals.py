"""What the gateway could not use, by source and reason: counted in a bounded table, logged once, then its recovery."""

from dataclasses import dataclass
from typing import NamedTuple

import structlog

ROWS = 1000
SHOWN = 20
QUIET_MS = 60_000
"""A source that fails and recovers by turns is reported at most this often."""
_SOURCE_LIMIT = 120
OTHERS = "(others)"

log = structlog.get_logger()


class RefusalRow(NamedTuple):
    """A row of the status."""

    source: str
    reason: str
    times: int
    last: int


@dataclass(slots=True)
class _Entry:
    count: int = 0
    last: int = 0
    said: int = -QUIET_MS


class Refusals:
    """The table. `source` is a topic or a Modbus unit."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._failing: dict[str, set[str]] = {}
        self.total = 0

    def count(self, source: str, reason: str, now: int) -> None:
        """One more; the first of its kind since the source last worked is logged."""
        self.total += 1
        key = (source[:_SOURCE_LIMIT], reason)
        entry = self._entries.get(key)
        if entry is None:
            if len(self._entries) >= ROWS:
                key = (OTHERS, "more sources than the table holds")
            entry = self._entries.setdefault(key, _Entry())
        entry.count += 1
        entry.last = now
        if reason not in self._failing.get(key[0], ()) and now - entry.said >= QUIET_MS:
            entry.said = now
            self._failing.setdefault(key[0], set()).add(reason)
            log.warning("refused", source=key[0], reason=reason)

    def recovered(self, source: str) -> None:
        """The source delivered something good; said once after a failure. Cheap when nothing fails."""
        if self._failing and (reasons := self._failing.pop(source[:_SOURCE_LIMIT], None)):
            log.info("accepted again", source=source, after=sorted(reasons))

    def rows(self) -> list[RefusalRow]:
        """The most frequent, for the status."""
        rows = [RefusalRow(source, reason, e.count, e.last) for (source, reason), e in self._entries.items()]
        rows.sort(key=lambda row: row.times, reverse=True)
        return rows[:SHOWN]
