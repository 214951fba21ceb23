"""A point's readings from the DuckDB file: roll-ups where they say all there is to say, raw readings elsewhere."""

from datetime import tzinfo
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from backbone.frames import FloatColumn, QualityColumn, TimeColumn
from backbone.historian import levels
from backbone.historian.buckets import HOUR_MS, MINUTE_MS, Grid
from backbone.historian.levels import Level, Span, apart, forgotten, kept, level_of, merged, pieces, units, within
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


def partials(cursor: duckdb.DuckDBPyConnection, point: int, span: Span, grid: Grid, zone: tzinfo) -> Partials:
    """All rows of a point in a span from which the grid's buckets can be made."""
    cursor.begin()
    try:
        arrived = _columns(cursor, _ARRIVED, point, span)
        t = arrived["t"]
        level = level_of(grid, zone)
        if level is None:
            parts, rolled = [span], []
        else:
            parts = pieces(level, span, units(level, t), MOST_PIECES)
            if level.unit_ms == MINUTE_MS:
                parts = merged([*parts, *_sparse(cursor, point, span)], MOST_PIECES)
            rolled = [_rolled(cursor, level, point, level.whole(span))]
        stored = [_columns(cursor, _RAW, point, part) for part in parts]
        gone: list[Span] = []
        if level is not None:
            known = np.concatenate([np.empty(0, np.int64), *(rows["t"] for rows in stored)])
            gone = forgotten(level, rolled[0], parts, known, np.ones_like(known))
            rolled = [kept(rolled[0], ~within(rolled[0].t, apart(parts, gone)))]
        raw = [of_readings(t, arrived["x"], arrived["q"])]
        for rows in stored:
            those = ~np.isin(rows["t"], t) & ~within(rows["t"], gone)
            raw.append(of_readings(rows["t"][those], rows["x"][those], rows["q"][those]))
    finally:
        cursor.rollback()
    return together([*rolled, *raw])


def _sparse(cursor: duckdb.DuckDBPyConnection, point: int, span: Span) -> list[Span]:
    """The hours of so few readings that their minutes are not summed up."""
    around = {"point": point, "begin": span.begin - HOUR_MS, "end": span.end, "dense": levels.DENSE}
    hours = cursor.execute(_SPARSE, around).fetchnumpy()["t"].tolist()
    return [Span(max(hour, span.begin), min(hour + HOUR_MS, span.end)) for hour in hours]


def _rolled(cursor: duckdb.DuckDBPyConnection, level: Level, point: int, span: Span) -> Partials:
    rows = _columns(cursor, _ROLLED.format(level=level.name), point, span)
    first, last, least, most = (np.ma.filled(rows[name], np.nan) for name in ("first", "last", "min", "max"))
    return Partials(rows["t"], first, last, least, most, rows["total"], rows["usable"], rows["count"], rows["q"])


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
