"""A point's readings from the DuckDB file: roll-ups where they say all there is to say, raw readings elsewhere."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt

from backbone.frames import FloatColumn, QualityColumn, TimeColumn
from backbone.historian import duckdb_fold
from backbone.historian.buckets import DAY_MS, HOUR_MS, MINUTE_MS, Grid, midnight
from backbone.historian.partials import Partials, of_readings, together

MOST_PIECES = 20
"""More pieces of raw readings than this are read as one."""
_ARRIVED = """
SELECT t, arg_max(x, rowid) AS x, arg_max(q, rowid) AS q FROM arrived
WHERE point = $point AND t >= $begin AND t < $end GROUP BY t ORDER BY t
"""
_RAW = "SELECT t, x, q FROM readings WHERE point = $point AND t >= $begin AND t < $end ORDER BY t"
_SPARSE = "SELECT t FROM hours WHERE point = $point AND t > $begin AND t < $end AND count <= $dense ORDER BY t"
_ROLLED = """
SELECT t, first, last, min, max, total, usable, count, q FROM {level}
WHERE point = $point AND t >= $begin AND t < $end ORDER BY t
"""


_NEXT = "SELECT min(t) FROM (SELECT t FROM readings UNION ALL SELECT t FROM arrived) WHERE t >= $begin AND t < $end"
_BETWEEN = """
WITH wanted AS (SELECT unnest($points)::INTEGER AS point),
    late AS (SELECT point, t, arg_max(x, rowid) AS x, arg_max(q, rowid) AS q FROM arrived
        WHERE t >= $begin AND t < $end AND point IN (SELECT point FROM wanted) GROUP BY point, t),
    early AS (SELECT point, t, x, q FROM readings
        WHERE t >= $begin AND t < $end AND point IN (SELECT point FROM wanted))
SELECT point, t, x, q FROM late UNION ALL SELECT * FROM early ANTI JOIN late USING (point, t) ORDER BY t, point
"""


class Span(NamedTuple):
    """`begin <= t < end`, Unix ms."""

    begin: int
    end: int


class _Level(NamedTuple):
    """A table of roll-ups and the clock its rows keep to."""

    table: str
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


def partials(cursor: duckdb.DuckDBPyConnection, point: int, span: Span, grid: Grid, zone: tzinfo) -> Partials:
    """All rows of a point in a span from which the grid's buckets can be made."""
    cursor.begin()
    try:
        arrived = _columns(cursor, _ARRIVED, point, span)
        t = arrived["t"]
        level = _level(grid, zone)
        if level is None:
            pieces, rolled = [span], []
        else:
            pieces = _pieces(level, span, t)
            if level.unit_ms == MINUTE_MS:
                pieces = _merged([*pieces, *_sparse(cursor, point, span)])
            rolled = [_rolled(cursor, level, point, level.whole(span))]
        stored = [_columns(cursor, _RAW, point, piece) for piece in pieces]
        forgotten: list[Span] = []
        if level is not None:
            known = np.concatenate([np.empty(0, np.int64), *(rows["t"] for rows in stored)])
            forgotten = _forgotten(level, rolled[0], pieces, known)
            rolled = [_without(rolled[0], _apart(pieces, forgotten))]
        raw = [of_readings(t, arrived["x"], arrived["q"])]
        for rows in stored:
            kept = ~np.isin(rows["t"], t) & ~_within(rows["t"], forgotten)
            raw.append(of_readings(rows["t"][kept], rows["x"][kept], rows["q"][kept]))
    finally:
        cursor.rollback()
    return together([*rolled, *raw])


def _level(grid: Grid, zone: tzinfo) -> _Level | None:
    """The coarsest roll-up of which every bucket of the grid takes whole rows."""
    if grid.step_ms >= DAY_MS:
        return _Level("days", DAY_MS, zone)
    for table, unit in (("hours", HOUR_MS), ("minutes", MINUTE_MS)):
        if not (grid.edges % unit).any():
            return _Level(table, unit, UTC)
    return None


def _pieces(level: _Level, span: Span, arrived: TimeColumn) -> list[Span]:
    """The parts of a span whose roll-ups are missing or not complete: its ends, and units of which more arrived."""
    whole = level.whole(span)
    if whole.begin >= whole.end:
        return [span]
    found = [Span(span.begin, whole.begin), Span(whole.end, span.end)]
    t, place = arrived, 0
    while place < t.size:
        unit = level.around(t.item(place))
        found.append(Span(max(unit.begin, span.begin), min(unit.end, span.end)))
        place = int(np.searchsorted(t, unit.end))
    return _merged(found)


def _forgotten(level: _Level, rolled: Partials, pieces: list[Span], known: TimeColumn) -> list[Span]:
    """Units in `pieces` of which the roll-up tells of more readings than are `known`: it is all there is of them."""
    found = []
    for row in np.flatnonzero(_within(rolled.t, pieces)).tolist():
        unit = level.around(rolled.t.item(row))
        if rolled.number.item(row) > np.count_nonzero((known >= unit.begin) & (known < unit.end)):
            found.append(unit)
    return found


def _apart(pieces: list[Span], without: list[Span]) -> list[Span]:
    """What is left of pieces without others."""
    for gone in without:
        pieces = [
            part
            for piece in pieces
            for part in (Span(piece.begin, min(piece.end, gone.begin)), Span(max(piece.begin, gone.end), piece.end))
            if part.begin < part.end
        ]
    return pieces


def _within(t: TimeColumn, spans: list[Span]) -> npt.NDArray[np.bool_]:
    found = np.zeros(t.shape, dtype=np.bool_)
    for span in spans:
        found |= (t >= span.begin) & (t < span.end)
    return found


def _sparse(cursor: duckdb.DuckDBPyConnection, point: int, span: Span) -> list[Span]:
    """The hours of so few readings that their minutes are not summed up."""
    around = {"point": point, "begin": span.begin - HOUR_MS, "end": span.end, "dense": duckdb_fold.DENSE}
    hours = cursor.execute(_SPARSE, around).fetchnumpy()["t"].tolist()
    return [Span(max(hour, span.begin), min(hour + HOUR_MS, span.end)) for hour in hours]


def _merged(pieces: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for piece in sorted(piece for piece in pieces if piece.begin < piece.end):
        if merged and piece.begin <= merged[-1].end:
            merged[-1] = Span(merged[-1].begin, max(merged[-1].end, piece.end))
        else:
            merged.append(piece)
    if len(merged) > MOST_PIECES:
        return [Span(merged[0].begin, merged[-1].end)]
    return merged


def _rolled(cursor: duckdb.DuckDBPyConnection, level: _Level, point: int, span: Span) -> Partials:
    rows = _columns(cursor, _ROLLED.format(level=level.table), point, span)
    first, last, least, most = (np.ma.filled(rows[name], np.nan) for name in ("first", "last", "min", "max"))
    return Partials(rows["t"], first, last, least, most, rows["total"], rows["usable"], rows["count"], rows["q"])


def _without(rows: Partials, pieces: list[Span]) -> Partials:
    kept = ~_within(rows.t, pieces)
    return Partials._make(column[kept] for column in rows)


def _columns(cursor: duckdb.DuckDBPyConnection, query: str, point: int, span: Span) -> dict[str, Any]:
    return cursor.execute(query, {"point": point, "begin": span.begin, "end": span.end}).fetchnumpy()


def next_reading(cursor: duckdb.DuckDBPyConnection, begin: int, end: int) -> int | None:
    """When the first reading of any point at or after `begin` was made; None when there is none before `end`."""
    row = cursor.execute(_NEXT, {"begin": begin, "end": end}).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def readings_between(
    cursor: duckdb.DuckDBPyConnection, points: list[int], begin: int, end: int
) -> tuple[npt.NDArray[np.int32], TimeColumn, FloatColumn, QualityColumn]:
    """Columns (n,) of points, times, values and qualities, by time."""
    rows = cursor.execute(_BETWEEN, {"points": points, "begin": begin, "end": end}).fetchnumpy()
    return rows["point"], rows["t"], rows["x"], rows["q"]
