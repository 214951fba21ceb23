"""Late readings of hours that were forgotten: the roll-ups are all there is of these, and are added to.

When readings are forgotten (`ANJU_KEEP_DAYS`), it is kept when the first and the last usable one of each hour was made.
When something comes late for such an hour, its roll-ups as they stand are set aside; what has come since is summed up
with them. So what comes twice, or is corrected, counts once.
"""

import duckdb

from backbone.historian.buckets import HOUR_MS
from community.quality import UNUSABLE

LEVELS = ("hours", "minutes")
_LEAVING = """
CREATE OR REPLACE TEMP TABLE leaving AS
SELECT point, t, min(first_t) AS first_t, max(last_t) AS last_t FROM (
    SELECT point, t // $hour * $hour AS t, t AS first_t, t AS last_t FROM readings
    WHERE t < $before AND point IN (SELECT unnest($points)) AND q & $unusable = 0
    UNION ALL SELECT * FROM ends WHERE t < $before AND point IN (SELECT unnest($points)))
GROUP BY ALL
"""
_KEEP = """
INSERT INTO kept_{level}
SELECT *, coalesce((SELECT first_t FROM ends WHERE ends.point = {level}.point AND ends.t = $begin), $begin) AS first_t,
    coalesce((SELECT last_t FROM ends WHERE ends.point = {level}.point AND ends.t = $begin), $end - 1) AS last_t
FROM {level} WHERE t >= $begin AND t < $end AND point IN (SELECT point FROM fresh)
    AND point NOT IN (SELECT point FROM readings WHERE t >= $begin AND t < $end)
    AND point NOT IN (SELECT point FROM kept_{level} WHERE t >= $begin AND t < $end)
"""


def keep_ends(connection: duckdb.DuckDBPyConnection, points: list[int], before: int) -> None:
    """The points' readings before a whole hour are about to be deleted; in the caller's transaction."""
    span = {"before": before, "points": points}
    connection.execute(_LEAVING, span | {"hour": HOUR_MS, "unusable": int(UNUSABLE)})
    for table in ("ends", *(f"kept_{level}" for level in LEVELS)):
        connection.execute(
            f"DELETE FROM {table} WHERE t < $before AND point IN (SELECT unnest($points))",  # noqa: S608 (our tables)
            span,
        )
    connection.execute("INSERT INTO ends SELECT * FROM leaving ORDER BY point, t")
    connection.execute("DROP TABLE leaving")


def keep_rolled(connection: duckdb.DuckDBPyConnection, hour: dict[str, int]) -> None:
    """Set aside the roll-ups of the points in `fresh` of which no reading of the hour is left, before any is added."""
    for level in LEVELS:
        connection.execute(_KEEP.format(level=level), hour)
