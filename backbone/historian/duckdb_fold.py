"""Housekeeping of the DuckDB file: what arrived is folded into order, hour by hour, and rolled up on the way.

Readings go in as they come, into `arrived`. Once an hour has closed, its rows move to `readings`: one row a point and
time, in the order of points and times, so that a query of a point reads a few blocks of the file, however long it is.
Minutes (of points that speak often), hours and days of what moved are summed up in the same transaction. What comes
late is folded the same way later; until then whoever reads takes what arrived into account.
"""

from datetime import datetime, timedelta, tzinfo

import duckdb

from backbone.historian import levels
from backbone.historian.buckets import HOUR_MS, MINUTE_MS, midnight
from backbone.historian.duckdb_file import transaction
from backbone.historian.duckdb_late import keep_ends, keep_rolled
from backbone.historian.duckdb_settle import note
from community.quality import UNUSABLE

_FRESH = """
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT point, t, arg_max(x, rowid) AS x, arg_max(q, rowid) AS q FROM arrived
WHERE t >= $begin AND t < $end GROUP BY point, t
"""
_IN_ORDER = "INSERT INTO readings SELECT point, t, x, q FROM fresh ORDER BY point, if(point % 2 = 0, t, -t)"
"""Every other point backwards: where one ends the next begins, so that times never jump back an hour. DuckDB packs the
differences of 2,048 times in as many bits as the largest takes: a jump in most of them cost 1.2 bytes a reading."""
_REPLACED = """
DELETE FROM readings WHERE t >= $begin AND t < $end AND (point, t) IN (SELECT point, t FROM fresh)
"""
_GOOD = "SELECT *, q & $unusable = 0 AS good FROM readings WHERE {where} AND point IN (SELECT point FROM fresh)"
_EACH = (
    "SELECT point, t // $unit * $unit AS bucket, if(good, x, NULL) AS first, first AS last, first AS min, "
    "first AS max, if(good, x, 0) AS total, if(good, 1, 0) AS usable, 1 AS count, q, t AS first_t, t AS last_t "
    f"FROM ({_GOOD.format(where='t >= $begin AND t < $end')})"
)
"""A reading as a row of roll-ups, and what is kept of those that were forgotten beside it (duckdb_late.py)."""
_SUMS = """
    arg_min(first, first_t) FILTER (usable > 0), arg_max(last, last_t) FILTER (usable > 0), min(min), max(max),
    fsum(total), sum(usable), sum(count), bit_or(q)
"""
_HOURS = f"""
INSERT INTO hours SELECT point, bucket, {_SUMS} FROM ({_EACH}
    UNION ALL SELECT * FROM kept_hours WHERE t = $begin AND point IN (SELECT point FROM fresh))
GROUP BY point, bucket ORDER BY point
"""
_MINUTES = f"""
INSERT INTO minutes SELECT point, bucket, {_SUMS} FROM ({_EACH}
    UNION ALL SELECT * FROM kept_minutes WHERE t >= $begin AND t < $end AND point IN (SELECT point FROM fresh))
WHERE point IN (SELECT point FROM hours WHERE t = $begin AND count > $dense)
GROUP BY point, bucket ORDER BY point, bucket
"""
_DAYS = f"""
INSERT INTO days SELECT point, $begin,
    arg_min(first, t) FILTER (usable > 0), arg_max(last, t) FILTER (usable > 0), min(min), max(max),
    fsum(total), sum(usable), sum(count), bit_or(q)
FROM (
    SELECT * FROM hours WHERE t >= $whole_begin AND t < $whole_end AND point IN (SELECT point FROM fresh)
    UNION ALL
    SELECT point, t, if(good, x, NULL), if(good, x, NULL), if(good, x, NULL), if(good, x, NULL), if(good, x, 0),
        if(good, 1, 0), 1, q
    FROM ({_GOOD.format(where="(t >= $begin AND t < $whole_begin OR t >= $whole_end AND t < $end)")}))
GROUP BY point ORDER BY point
"""
_WITHOUT_EDGE = """
DELETE FROM fresh WHERE point IN (SELECT point FROM kept_hours WHERE t = $begin)
    OR point IN (SELECT point FROM hours WHERE t = $begin)
    AND point NOT IN (SELECT point FROM readings WHERE t >= $begin AND t < $end)
"""
"""Where midnight is within an hour that was forgotten, the day stays as it is: nobody knows its halves any more."""
_FORGET = "DELETE FROM {table} WHERE t < $before AND point IN (SELECT unnest($points))"
_OUTDATED = "DELETE FROM {level} WHERE t >= $begin AND t < $end AND point IN (SELECT point FROM fresh)"


def fold(connection: duckdb.DuckDBPyConnection, now: int, zone: tzinfo) -> bool:
    """Fold the oldest closed hour of what arrived; False when there was none.

    One transaction on a connection of its own: whoever writes or reads meanwhile is not held up, and a crash leaves
    the hour as it was.
    """
    row = connection.execute("SELECT min(t) FROM arrived").fetchone()
    if row is None or row[0] is None:
        return False
    begin = row[0] // HOUR_MS * HOUR_MS
    if begin + HOUR_MS + levels.CLOSED_AFTER_MS > now:
        return False
    hour = {"begin": begin, "end": begin + HOUR_MS}
    with transaction(connection):
        connection.execute(_FRESH, hour)
        if _any(connection, "hours", hour):
            keep_rolled(connection, hour)
        if _any(connection, "readings", hour):
            connection.execute(_REPLACED, hour)
        moved = connection.execute(_IN_ORDER).fetchone()
        note(connection, begin, int(moved[0]) if moved else 0)
        connection.execute("DELETE FROM arrived WHERE t >= $begin AND t < $end", hour)
        roll_up(connection, begin, zone)
        connection.execute("DROP TABLE fresh")
    return True


def roll_up(connection: duckdb.DuckDBPyConnection, begin: int, zone: tzinfo) -> None:
    """Minutes, hours and days of the hour that begins then, of the points in the table `fresh`, from the readings."""
    hour, unusable = {"begin": begin, "end": begin + HOUR_MS}, {"unusable": int(UNUSABLE)}
    for level in ("hours", "minutes"):
        _replace(connection, level, hour)
    connection.execute(_HOURS, hour | unusable | {"unit": HOUR_MS})
    connection.execute(_MINUTES, hour | unusable | {"unit": MINUTE_MS, "dense": levels.DENSE})
    for day in days_of(begin, zone):
        whole = {"whole_begin": -(-day["begin"] // HOUR_MS) * HOUR_MS, "whole_end": day["end"] // HOUR_MS * HOUR_MS}
        for edge in (day["begin"], day["end"]):
            if edge % HOUR_MS:
                begins = edge // HOUR_MS * HOUR_MS
                connection.execute(_WITHOUT_EDGE, {"begin": begins, "end": begins + HOUR_MS})
        _replace(connection, "days", day)
        connection.execute(_DAYS, day | whole | unusable)


def forget(connection: duckdb.DuckDBPyConnection, points: list[int], before: int) -> int:
    """Delete the points' readings and events older than a time; their minutes, hours and days stay. How many readings.

    Whole hours go, so that roll-ups and what is left of the readings never contradict. What arrived and is not folded
    yet is left for a later time: its minutes are not summed up.
    """
    forgotten, before = 0, before // HOUR_MS * HOUR_MS
    with transaction(connection):
        keep_ends(connection, points, before)
        for table in ("readings", "events"):
            gone = connection.execute(_FORGET.format(table=table), {"before": before, "points": points}).fetchone()
            forgotten += int(gone[0]) if gone and table == "readings" else 0
    return forgotten


def _replace(connection: duckdb.DuckDBPyConnection, level: str, span: dict[str, int]) -> None:
    if _any(connection, level, span):
        connection.execute(_OUTDATED.format(level=level), span)


def _any(connection: duckdb.DuckDBPyConnection, table: str, span: dict[str, int]) -> bool:
    query = f"SELECT 1 FROM {table} WHERE t >= $begin AND t < $end LIMIT 1"
    return connection.execute(query, span).fetchone() is not None


def days_of(begin: int, zone: tzinfo) -> list[dict[str, int]]:
    """The days of the site that an hour is in; two, where midnight is not on a whole hour of UTC."""
    spans, t = [], begin
    while t < begin + HOUR_MS:
        day = datetime.fromtimestamp(t / 1000, zone).date()
        spans.append({"begin": midnight(day, zone), "end": midnight(day + timedelta(1), zone)})
        t = spans[-1]["end"]
    return spans
