"""How far each gateway's frames are stored, in the server beside their readings: whoever sets one back sets back both.

Each commit has a number higher than the one before. A row an hour and gateway is kept, so that a retention of the
server keeps these as long as the readings they speak of.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from backbone.historian import influxql
from backbone.historian.buckets import HOUR_MS
from backbone.historian.line_protocol import Lines, line
from backbone.position import Position

POSITIONS = "anju_positions"
_NEWEST = 'SELECT max("number"), "epoch", "urgent", "bulk" FROM {name} WHERE {condition} GROUP BY "gateway"'
_EVER = 0


class Stored(NamedTuple):
    """Positions by gateway, and the number of the last commit; 0: before there were numbers."""

    number: int
    positions: Mapping[str, Position]


def question(site: str) -> str:
    """For the newest of a site's; `answer` reads what is said to it."""
    return _NEWEST.format(name=influxql.identifier(POSITIONS), condition=influxql.where(_EVER, None, site=site))


def answer(found: Sequence[Mapping[str, Any]]) -> Stored:
    """From what is said to a `question`."""
    rows = {series["tags"]["gateway"]: series["values"][0][1:] for series in found}
    number = max((row[0] for row in rows.values()), default=0)
    return Stored(int(number), {gateway: Position(*map(int, row[1:])) for gateway, row in rows.items()})


def lines(site: str, stored: Stored, now: int) -> Lines:
    """To store those, at a time (Unix ms)."""
    hour = now // HOUR_MS * HOUR_MS
    text = [
        line(
            POSITIONS,
            {"gateway": gateway, "site": site},
            {name: f"{value}i" for name, value in {"number": stored.number, **position._asdict()}.items()},
            hour,
        )
        for gateway, position in stored.positions.items()
    ]
    return Lines(text, [POSITIONS] * len(text), [hour] * len(text), "ms")
