"""Whether a DuckDB history is sound: all of it readable, keys that stand once, roll-ups that are what readings say."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo

import duckdb

from backbone.historian import levels
from backbone.historian.buckets import DAY_MS, HOUR_MS, midnight
from community.quality import UNUSABLE

_BOUNDS = (
    "SELECT min(t), max(t) FROM (SELECT t FROM readings UNION ALL SELECT t FROM hours UNION ALL SELECT t FROM days)"
)
_TWICE = """
SELECT count(*) FROM (SELECT point, t FROM readings WHERE t >= $begin AND t < $end GROUP BY ALL HAVING count(*) > 1)
"""
_HOURS = """
WITH raw AS (
    SELECT point, t // $hour * $hour AS t, count(*) AS number, bit_or(q) AS q,
        count(*) FILTER (q & $unusable = 0) AS good, min(x) FILTER (q & $unusable = 0) AS least,
        max(x) FILTER (q & $unusable = 0) AS most, coalesce(fsum(x) FILTER (q & $unusable = 0), 0) AS total
    FROM readings WHERE t >= $begin AND t < $end GROUP BY ALL),
    kept AS (SELECT * FROM hours WHERE t >= $begin AND t < $end)
SELECT count(*) FROM raw ANTI JOIN kept_hours USING (point, t) LEFT JOIN kept USING (point, t)
WHERE (number, raw.q, good, least, most) IS DISTINCT FROM (kept.count, kept.q, usable, min, max)
    OR abs(raw.total - kept.total) > 1e-9 * greatest(1, abs(raw.total), good * greatest(abs(least), abs(most)))
"""
_MINUTES = """
WITH fine AS (
    SELECT point, t // $hour * $hour AS t, sum(count) AS number, min(min) AS least, max(max) AS most
    FROM minutes WHERE t >= $begin AND t < $end GROUP BY ALL),
    raw AS (
        SELECT point, t // $hour * $hour AS t, count(*) AS present
        FROM readings WHERE t >= $begin AND t < $end GROUP BY ALL),
    kept AS (SELECT * FROM hours WHERE t >= $begin AND t < $end)
SELECT count(*) FROM kept FULL JOIN fine USING (point, t) LEFT JOIN raw USING (point, t)
WHERE (number, least, most) IS DISTINCT FROM (count, min, max)
    AND NOT coalesce(number IS NULL AND count <= $dense, false)
    AND NOT coalesce(coalesce(present, 0) < count AND count - coalesce(number, 0) <= $dense, false)
"""
"""An hour of few readings needs no minutes; it may have some, of a time when fewer were enough. One that was forgotten
with too few for minutes, and then got more, has minutes of the later ones."""
_DAYS = """
WITH fine AS (SELECT point, sum(count) AS number, min(min) AS least, max(max) AS most FROM hours
    WHERE t >= $begin AND t < $end GROUP BY point),
    kept AS (SELECT * FROM days WHERE t = $begin)
SELECT count(*) FROM kept FULL JOIN fine USING (point)
WHERE (number, least, most) IS DISTINCT FROM (count, min, max)
"""
_WHOLE = (
    (
        "readings of points that have no name",
        "SELECT count(*) FROM readings WHERE point NOT IN (SELECT id FROM points)",
    ),
    (
        "new readings of points that have no name",
        "SELECT count(*) FROM arrived WHERE point NOT IN (SELECT id FROM points)",
    ),
    ("new readings that are none", "SELECT count(*) FROM arrived WHERE isnan(x + q + t)"),
    ("events of points that have no name", "SELECT count(*) FROM events WHERE point NOT IN (SELECT id FROM points)"),
    ("events that cannot be read", "SELECT count(*) FROM events WHERE type = '' OR NOT json_valid(data)"),
    ("points that stand twice", "SELECT count(*) - count(DISTINCT (site, point)) FROM points"),
    ("gateways with two positions", "SELECT count(*) - count(DISTINCT (site, gateway)) FROM positions"),
    ("positions that are none", "SELECT count(*) FROM positions WHERE least(epoch, urgent, bulk) < 0"),
)


def faults(cursor: duckdb.DuckDBPyConnection, zone: tzinfo, said: Callable[[int], None]) -> Iterator[str]:
    """What is wrong, a sentence each; `said` hears how many readings were looked at.

    Hours whose readings were forgotten (`ANJU_KEEP_DAYS`) are not compared: their roll-ups are all there is.
    """
    for words, query in _WHOLE:
        if number := _number(cursor, query, {}):
            yield f"{number} {words}"
    looked = _number(cursor, "SELECT count(*) FROM arrived", {})
    said(looked)
    bounds = cursor.execute(_BOUNDS).fetchone()
    if bounds is None or bounds[0] is None:
        return
    day = datetime.fromtimestamp(bounds[0] / 1000, zone).date()
    while midnight(day, zone) <= bounds[1]:
        span = {"begin": midnight(day, zone), "end": midnight(day + timedelta(1), zone)}
        for words, query, more in _compared(span):
            if number := _number(cursor, query, {**span, **more}):
                yield f"{day.isoformat()}: {number} {words}"
        looked += _number(cursor, "SELECT count(*) FROM readings WHERE t >= $begin AND t < $end", span)
        said(looked)
        day += timedelta(1)


def _compared(span: dict[str, int]) -> Iterator[tuple[str, str, dict[str, int]]]:
    yield "readings that stand twice", _TWICE, {}
    whole = span["begin"] % HOUR_MS == 0 and span["end"] % HOUR_MS == 0
    begin = span["begin"] // DAY_MS * DAY_MS
    # where hours reach over midnight, those of a day of UTC are compared: sooner or later all are
    hours = {"hour": HOUR_MS} if whole else {"hour": HOUR_MS, "begin": begin, "end": begin + DAY_MS}
    yield "hours of points that are not what the readings say", _HOURS, hours | {"unusable": int(UNUSABLE)}
    yield "hours of points that are not what their minutes say", _MINUTES, hours | {"dense": levels.DENSE}
    if whole:
        yield "days of points that are not what their hours say", _DAYS, {}


def _number(cursor: duckdb.DuckDBPyConnection, query: str, names: dict[str, int]) -> int:
    row = cursor.execute(query, names).fetchone()
    return 0 if row is None or row[0] is None else int(row[0])
