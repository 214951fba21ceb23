"""A file of readings brought into a history: what is no reading is told by line, all others are stored."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backbone.historian.exchange_read import BadLine, ExchangeError, read_lines
from backbone.historian.port import Historian
from community.site.site import Site

MOST_LISTED = 100
MOST_UNKNOWN = 100
"""Points of a file that the site file does not have: on a server each is a series for good, and its index is memory."""
SKEW_MS = 300_000
"""Readings may be so far ahead of the clock."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of a file so far."""

    readings: int = 0
    """Stored."""
    refused: int = 0
    lines: tuple[BadLine, ...] = ()
    """The first hundred that were refused; line 0: the history's server refused readings."""
    unknown: tuple[str, ...] = ()
    """Points the site file does not have; their readings are stored."""


def bring_in(
    path: Path, kind: str, site: Site, historian: Historian, now: int, told: Callable[[Brought], None]
) -> Brought:
    """Store the readings of a file of a kind (csv, parquet, lines); `told` hears how far it is. `now` Unix ms.

    Raises:
        ExchangeError, HistorianError, OSError: why it went no further; what `told` heard of last is stored.
    """
    readings, refused = 0, 0
    lines, unknown = list[BadLine](), set[str]()

    def refuse(bad: BadLine, count: int = 1) -> None:
        nonlocal refused
        refused += count
        if len(lines) < MOST_LISTED:
            lines.append(bad)

    for batch in read_lines(path, kind, site.id, refuse, now + SKEW_MS):
        unknown |= set(batch.points) - set(site.points)
        if len(unknown) > MOST_UNKNOWN:
            raise ExchangeError(
                f"the file has more than {MOST_UNKNOWN} points the site file does not have ({min(unknown)}, …): is it "
                "the file of another site? If not, add them"
            )
        unwritten = historian.write([batch], [], {})
        for one in unwritten:
            refuse(BadLine(0, f"{one.source}: {one.reason} ({one.count} readings)"), one.count)
        readings += batch.t.size - sum(one.count for one in unwritten)
        told(Brought(readings, refused, tuple(lines), tuple(sorted(unknown))))
    return Brought(readings, refused, tuple(lines), tuple(sorted(unknown)))
