"""What was refused, gathered between two writes to the quarantine; bounded, whatever arrives."""

import re
from collections.abc import Iterable
from dataclasses import replace

from community.quarantine import SAMPLE_CHARACTERS, Quarantined

MAX_ENTRIES = 2_000
"""Different sources and reasons a process records; what is beyond is counted under `OTHERS`."""
OTHERS = "(others)"
MAX_CHARACTERS = 300
_WHERE = re.compile(r"\(byte \d+\)|\[\d+\]|\d{4,}")


class Ledger:
    """Entries by source and reason. `take` empties it; `give_back` returns what could not be recorded."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], Quarantined] = {}
        self._known: set[tuple[str, str]] = set()

    @property
    def waiting(self) -> bool:
        """Whether there is anything to record."""
        return bool(self._entries)

    def add(self, row: Quarantined) -> None:
        """Count a refusal."""
        row = self._bounded(row)
        key = (row.source, row.reason)
        known = self._entries.get(key)
        self._entries[key] = known.merged(row) if known else row

    def take(self) -> list[Quarantined]:
        """All entries; there are none afterwards."""
        taken = list(self._entries.values())
        self._entries = {}
        return taken

    def give_back(self, rows: list[Quarantined]) -> None:
        """Keep for the next time what could not be recorded."""
        newer = self.take()
        for row in [*rows, *newer]:
            self.add(row)

    def gathered(self, rows: Iterable[Quarantined]) -> list[Quarantined]:
        """Rows by source and reason, as they are recorded; what waits here is not touched."""
        found: dict[tuple[str, str], Quarantined] = {}
        for row in map(self._bounded, rows):
            known = found.get((row.source, row.reason))
            found[row.source, row.reason] = known.merged(row) if known else row
        return list(found.values())

    def _bounded(self, row: Quarantined) -> Quarantined:
        # A reason that tells the byte would make one entry of each broken message.
        source, reason = _text(row.source)[:MAX_CHARACTERS], _WHERE.sub("…", _text(row.reason))[:MAX_CHARACTERS]
        if (source, reason) not in self._known:
            if len(self._known) >= MAX_ENTRIES:
                source = reason = OTHERS
            self._known.add((source, reason))
        sample = _text(row.sample)[:SAMPLE_CHARACTERS]
        return replace(row, source=source, reason=reason, sample=sample)


def _text(value: str) -> str:
    # PostgreSQL takes no NUL in a text, and no database half a surrogate pair.
    return value.replace("\0", "\\0").encode(errors="backslashreplace").decode()
