"""How far a site is rolled up on a server, and which hours have changed since: in the server, for all who ask it.

Whoever writes into an hour that may be rolled up gives it a number nobody else has, before its readings and after
them; whoever rolls it up notes the number it found before it read. While the two differ, the roll-ups are not believed.
"""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from backbone.historian import influxql
from backbone.historian.buckets import HOUR_MS
from backbone.historian.influx_sums import Query
from backbone.historian.levels import Span
from backbone.historian.line_protocol import Lines, line
from backbone.historian.port import ReadingBatch

HOURS, FORGOTTEN = "anju_rolled", "anju_forgotten"
_CHANGED = 'SELECT "written", "rolled" FROM {hours} WHERE {condition}'
_UNTIL = 'SELECT last("until") FROM {hours} WHERE {condition}'
_WRITTEN = 'SELECT "written" FROM {hours} WHERE {condition}'
_DELETIONS = 'SELECT max("begun"), max("done") FROM {forgotten} WHERE {condition} GROUP BY "family"'
_ALL = 0


class Rolled(NamedTuple):
    """Hours before `until` are rolled up (None: no hour is), but for those `changed`, Unix ms, ascending."""

    until: int | None
    changed: tuple[int, ...]


class Deletion(NamedTuple):
    """The newest deletion by age of a family that took an hour: its number, and whether it is over."""

    number: int
    done: bool


def question(site: str, span: Span) -> tuple[str, str]:
    """Two statements; `answer` reads what is said to them."""
    hours = influxql.identifier(HOURS)
    begin = span.begin // HOUR_MS * HOUR_MS
    return (
        _UNTIL.format(hours=hours, condition=influxql.where(_ALL, None, site=site)),
        _CHANGED.format(hours=hours, condition=influxql.where(begin, span.end, site=site)),
    )


def answer(statements: Sequence[list[dict[str, Any]]]) -> Rolled:
    """From what is said to a `question`."""
    until, changed = statements
    return Rolled(
        next((row[1] for series in until for row in series["values"]), None),
        tuple(t for series in changed for t, written, rolled in series["values"] if written != rolled),
    )


def hours_of(batches: Sequence[ReadingBatch], site: str, before: int | None) -> list[int]:
    """The hours (Unix ms) of a site's readings that were made before a time (None: of all)."""
    found: set[int] = set()
    for batch in batches:
        if batch.site == site:
            t = batch.t if before is None else batch.t[batch.t < before]
            found.update((np.unique(t // HOUR_MS) * HOUR_MS).tolist())
    return sorted(found)


def changed(site: str, hours: Sequence[int]) -> Lines:
    """The hours are given a new number."""
    number = random.getrandbits(62)
    return _lines([line(HOURS, {"site": site}, {"written": f"{number}i"}, hour) for hour in hours])


def number_of(query: Query, site: str, hour: int) -> int:
    """Which number an hour has."""
    condition = influxql.where(hour, hour + 1, site=site)
    found = query(_WRITTEN.format(hours=influxql.identifier(HOURS), condition=condition))[0]
    return next((row[1] for series in found for row in series["values"] if row[1] is not None), 0)


def rolled(site: str, hour: int, number: int, until: int) -> Lines:
    """The hour was rolled up as it was with that number; all hours before `until` are."""
    fields = {"until": f"{until}i"}
    if number:  # most hours have none, and are not told of to who asks what changed
        fields["rolled"] = f"{number}i"
    return _lines([line(HOURS, {"site": site}, fields, hour)])


def deletions(query: Query, site: str, hour: int) -> dict[str, Deletion]:
    """By family, of the families whose readings of an hour were deleted by age."""
    condition = influxql.where(hour + HOUR_MS, None, site=site)
    found = query(_DELETIONS.format(forgotten=influxql.identifier(FORGOTTEN), condition=condition))[0]
    return {
        series["tags"]["family"]: Deletion(begun, begun == done)
        for series in found
        for _, begun, done in series["values"]
        if begun is not None
    }


def deletion(site: str, family: str, before: int, number: int, state: str) -> Lines:
    """A deletion of what a family read before a whole hour has `begun` or is `done`."""
    return _lines([line(FORGOTTEN, {"family": family, "site": site}, {state: f"{number}i"}, before)])


def _lines(text: list[str]) -> Lines:
    return Lines(text, [HOURS] * len(text), [_ALL] * len(text), "ms")
