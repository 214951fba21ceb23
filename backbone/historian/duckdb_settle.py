"""Housekeeping of the DuckDB file, the second time: a week that is over is put into the order of points.

An hour of a point that speaks each minute is sixty rows, then comes the next point: DuckDB packs 2,048 rows together,
and packs badly what jumps thirty times. Of a whole week the rows of a point lie together, in a third less room, and a
question about a month reads five pieces instead of 720. Its hours and minutes are put in order with them.
"""

from collections.abc import Iterable

import duckdb

from backbone.historian.buckets import HOUR_MS
from backbone.historian.duckdb_file import WEEK_MS, transaction
from backbone.historian.levels import CLOSED_AFTER_MS

A_PIECE = 500_000
"""Rows put in order at once: a quarter of a second."""
OFTEN = 1_000 * WEEK_MS // HOUR_MS
"""Readings of a point in a week. More fill whole blocks each hour as they are, and are left there."""
_SHARE = 10
"""A week is put in order again when a tenth of what it has came late."""
_DUE = """
SELECT t, reached FROM weeks
WHERE t <= $newest AND (reached IS NOT NULL OR loose > 0 AND loose * $share >= folded) ORDER BY t LIMIT 1
"""
_SIZES = """
SELECT point, sum(count)::BIGINT FROM hours WHERE t >= $begin AND t < $end AND point >= $reached
GROUP BY point ORDER BY point
"""
_PIECE = "t >= $begin AND t < $end AND point >= $first AND point <= $last AND point NOT IN (SELECT unnest($without))"


def note(connection: duckdb.DuckDBPyConnection, hour: int, rows: int) -> None:
    """So many rows of an hour are stored at the end of the table; in the caller's transaction."""
    names = {"t": hour // WEEK_MS * WEEK_MS, "rows": rows}
    changed = connection.execute(
        "UPDATE weeks SET folded = folded + $rows, loose = loose + $rows WHERE t = $t", names
    ).fetchone()
    if changed is None or not changed[0]:
        connection.execute("INSERT INTO weeks VALUES ($t, $rows, $rows, NULL)", names)


def settle(connection: duckdb.DuckDBPyConnection, now: int) -> bool:
    """Put a piece of the oldest week that is over and not in order in its order; False when there was none.

    One transaction, as for an hour (duckdb_fold.py): a crash leaves the piece as it was, and how far the week is.
    """
    row = connection.execute(_DUE, {"newest": now - CLOSED_AFTER_MS - WEEK_MS, "share": _SHARE}).fetchone()
    if row is None:
        return False
    begin, reached = row
    week = {"begin": begin, "end": begin + WEEK_MS}
    sizes = connection.execute(_SIZES, week | {"reached": reached or 0}).fetchall()
    piece = _first(sizes)
    with transaction(connection):
        if reached is None:
            connection.execute("UPDATE weeks SET loose = 0 WHERE t = $begin", {"begin": begin})
        if piece:
            names = week | {"first": piece[0][0], "last": piece[-1][0]}
            _in_order(connection, "readings", names, [point for point, number in piece if number > OFTEN])
            for table in ("hours", "minutes"):
                _in_order(connection, table, names, [])
        following = piece[-1][0] + 1 if len(piece) < len(sizes) else None
        connection.execute("UPDATE weeks SET reached = $to WHERE t = $begin", {"to": following, "begin": begin})
    return True


def _first(sizes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """As many points, with the number of their readings, as make a piece; one at least."""
    rows = 0
    for place, (_, number) in enumerate(sizes):
        rows += number if number <= OFTEN else WEEK_MS // HOUR_MS * 60
        if rows > A_PIECE:
            return sizes[: max(place, 1)]
    return sizes


def _in_order(connection: duckdb.DuckDBPyConnection, table: str, names: dict[str, int], without: Iterable[int]) -> None:
    where = f"WHERE {_PIECE}", {**names, "without": list(without)}
    connection.execute(f"CREATE OR REPLACE TEMP TABLE piece AS SELECT * FROM {table} {where[0]}", where[1])  # noqa: S608
    connection.execute(f"DELETE FROM {table} {where[0]}", where[1])  # noqa: S608
    # every other point backwards, as in an hour
    connection.execute(f"INSERT INTO {table} SELECT * FROM piece ORDER BY point, if(point % 2 = 0, t, -t)")  # noqa: S608
    connection.execute("DROP TABLE piece")
