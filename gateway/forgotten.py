"""How far each lane was forgotten, and when: what is missing to a consumer that goes back behind that can be told.

A consumer restored from an older backup stands where it stood then. What it had committed since is gone here, and it
asks for nothing, because what it is sent next follows on where it stands.
"""

from typing import NamedTuple

from community.site.profile import Lane
from gateway.spool_file import SpoolFile

STEP_MS = 10_000
"""Frames made within this are one row."""
MOST = 60_000
"""Rows a lane: a week of steps; what lies before is told from the oldest on."""


class Missing(NamedTuple):
    """Readings that were made between two times (Unix ms); at most so many `readings`."""

    first: int
    last: int
    readings: int


def remember(file: SpoolFile, lane: Lane, upto: int) -> None:
    """The lane's frames up to `upto` are about to be deleted; in the caller's transaction."""
    at, readings = file.execute(
        "SELECT max(at), total(readings) FROM frames WHERE lane = ? AND seq <= ?", (lane, upto)
    )[0]
    if at is None:
        return
    newest = file.execute(
        "SELECT upto, began, readings FROM forgotten WHERE lane = ? ORDER BY upto DESC LIMIT 1", (lane,)
    )
    last, began, before = (int(str(value)) for value in newest[0]) if newest else (0, int(str(at)), 0)
    total = before + round(float(str(readings)))
    if newest and 0 <= int(str(at)) - began < STEP_MS:
        file.execute("DELETE FROM forgotten WHERE lane = ? AND upto = ?", (lane, last))
    else:
        began = int(str(at))
    file.execute("INSERT OR REPLACE INTO forgotten VALUES (?, ?, ?, ?, ?)", (lane, upto, began, at, total))
    file.execute(
        "DELETE FROM forgotten WHERE lane = ? AND upto <= "
        "(SELECT upto FROM forgotten WHERE lane = ? ORDER BY upto DESC LIMIT 1 OFFSET ?)",
        (lane, lane, MOST),
    )


def behind(file: SpoolFile, lane: Lane, after: int) -> Missing | None:
    """What was forgotten of the lane beyond `after`; None: nothing."""
    rows = [
        tuple(int(str(value)) for value in row)
        for row in file.execute(
            "SELECT upto, began, at, readings FROM forgotten WHERE lane = ? AND upto >= "
            "coalesce((SELECT max(upto) FROM forgotten WHERE lane = ? AND upto <= ?), 0) ORDER BY upto",
            (lane, lane, after),
        )
    ]
    gone = [row for row in rows if row[0] > after]
    if not gone:
        return None
    known = [row for row in rows if row[0] <= after]
    first = known[-1][2] if known else gone[0][1]
    return Missing(first, max(gone[-1][2], first), gone[-1][3] - (known[-1][3] if known else 0))
