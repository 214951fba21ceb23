"""Which roll-ups a question is answered from, and the pieces of its time that only raw readings can answer."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from backbone.frames import TimeColumn
from backbone.historian.buckets import DAY_MS, HOUR_MS, MINUTE_MS, Grid, midnight
from backbone.historian.partials import Partials

DENSE = 400
"""Readings of a point in an hour: with more, its minutes are summed up; fewer are read as fast as their minutes."""
CLOSED_AFTER_MS = 600_000
"""An hour closes so long after its end: most of what is late by then came from a gateway that was cut off."""


class Span(NamedTuple):
    """`begin <= t < end`, Unix ms."""

    begin: int
    end: int


class Level(NamedTuple):
    """One kind of roll-ups and the clock its rows keep to."""

    name: str
    unit_ms: int
    zone: tzinfo

    def around(self, t: int) -> Span:
        """The unit a time is in."""
        if self.unit_ms < DAY_MS:
            begin = t // self.unit_ms * self.unit_ms
            return Span(begin, begin + self.unit_ms)
        day = datetime.fromtimestamp(t / 1000, self.zone).date()
        return Span(midnight(day, self.zone), midnight(day + timedelta(1), self.zone))

    def whole(self, span: Span) -> Span:
        """What of a span are whole units."""
        first, last = self.around(span.begin), self.around(span.end)
        return Span(first.begin if first.begin == span.begin else first.end, last.begin)


def level_of(grid: Grid, zone: tzinfo) -> Level | None:
    """The coarsest roll-up of which every bucket of the grid takes whole rows."""
    if grid.step_ms >= DAY_MS:
        return Level("days", DAY_MS, zone)
    for name, unit in (("hours", HOUR_MS), ("minutes", MINUTE_MS)):
        if not (grid.edges % unit).any():
            return Level(name, unit, UTC)
    return None


def units(level: Level, t: TimeColumn) -> list[Span]:
    """The units ascending times are in."""
    found, place = list[Span](), 0
    while place < t.size:
        found.append(level.around(t.item(place)))
        place = int(np.searchsorted(t, found[-1].end))
    return found


def pieces(level: Level, span: Span, incomplete: Iterable[Span], most: int) -> list[Span]:
    """The parts of a span whose roll-ups are missing or not complete: its ends, and units that are `incomplete`.

    More than `most` pieces are one.
    """
    whole = level.whole(span)
    if whole.begin >= whole.end:
        return [span]
    found = [Span(span.begin, whole.begin), Span(whole.end, span.end)]
    found += [Span(max(unit.begin, span.begin), min(unit.end, span.end)) for unit in incomplete]
    return merged(found, most)


def merged(parts: Iterable[Span], most: int) -> list[Span]:
    """The same time in as few pieces as there can be; in one, if they were more than `most`."""
    found: list[Span] = []
    for part in sorted(part for part in parts if part.begin < part.end):
        if found and part.begin <= found[-1].end:
            found[-1] = Span(found[-1].begin, max(found[-1].end, part.end))
        else:
            found.append(part)
    if len(found) > most:
        return [Span(found[0].begin, found[-1].end)]
    return found


def forgotten(level: Level, rolled: Partials, parts: Sequence[Span], t: TimeColumn, number: TimeColumn) -> list[Span]:
    """Units in `parts` of which the roll-up tells of more readings than the `number` that is known of them, at `t`.

    It is all there is of them: the readings themselves were deleted by age.
    """
    found = []
    for row in np.flatnonzero(within(rolled.t, parts)).tolist():
        unit = level.around(rolled.t.item(row))
        if rolled.number.item(row) > number[(t >= unit.begin) & (t < unit.end)].sum():
            found.append(unit)
    return found


def apart(parts: Sequence[Span], without: Sequence[Span]) -> list[Span]:
    """What is left of parts without others."""
    left = list(parts)
    for gone in without:
        left = [
            piece
            for part in left
            for piece in (Span(part.begin, min(part.end, gone.begin)), Span(max(part.begin, gone.end), part.end))
            if piece.begin < piece.end
        ]
    return left


def within(t: TimeColumn, spans: Sequence[Span]) -> npt.NDArray[np.bool_]:
    """Which times are in one of the spans."""
    found = np.zeros(t.shape, dtype=np.bool_)
    for span in spans:
        found |= (t >= span.begin) & (t < span.end)
    return found


def kept(rows: Partials, which: npt.NDArray[np.bool_]) -> Partials:
    """Some of the rows."""
    return Partials._make(column[which] for column in rows)
