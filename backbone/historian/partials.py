"""Readings that were taken together: raw ones, or those of a minute, an hour, a day; and how they become buckets.

The same few columns say all a bucket needs, so any mixture of raw readings and roll-ups gives the same buckets as the
raw readings alone (the mean but for the rounding of its sum).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from backbone.frames import FloatColumn, QualityColumn, TimeColumn
from backbone.historian.port import Bucket
from community.quality import UNUSABLE

_NOTHING = (None, None, None, None, None)
Counts = npt.NDArray[np.int64]


class Partials(NamedTuple):
    """Columns (n,), by time: a row stands for `number` readings.

    `first` to `total` are of the `usable` ones of them, NaN (total 0) without any; `q` is of all, bits or-ed.
    """

    t: TimeColumn
    first: FloatColumn
    last: FloatColumn
    min: FloatColumn
    max: FloatColumn
    total: FloatColumn
    usable: Counts
    number: Counts
    q: QualityColumn


def of_readings(t: TimeColumn, x: FloatColumn, q: QualityColumn) -> Partials:
    """Each reading by itself; (n,) Unix ms, values, quality bits."""
    usable = (q & int(UNUSABLE)) == 0
    value = np.where(usable, x, np.nan)
    ones = np.ones(t.size, dtype=np.int64)
    return Partials(t, value, value, value, value, np.where(usable, x, 0.0), usable.astype(np.int64), ones, q)


def together(parts: Sequence[Partials]) -> Partials:
    """All rows, by time."""
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return Partials._make(column[order] for column in columns)


def buckets(parts: Partials, edges: TimeColumn) -> tuple[Bucket, ...]:
    """The rows between each two `edges` (m + 1, ascending) as a bucket; none where there are no rows."""
    if not parts.t.size:
        return ()
    place = np.searchsorted(edges, parts.t, side="right") - 1
    begin = np.flatnonzero(np.diff(place, prepend=-1))
    rows, usable = np.arange(parts.t.size), parts.usable > 0
    first = np.minimum.reduceat(np.where(usable, rows, parts.t.size), begin)
    last = np.maximum.reduceat(np.where(usable, rows, -1), begin)
    known = np.add.reduceat(parts.usable, begin)
    with np.errstate(invalid="ignore"):
        columns = (
            edges[place[begin]],
            np.take(parts.first, first, mode="clip"),
            np.take(parts.last, last, mode="clip"),
            np.fmin.reduceat(parts.min, begin),
            np.fmax.reduceat(parts.max, begin),
            np.add.reduceat(parts.total, begin) / known,
            np.add.reduceat(parts.number, begin),
            np.bitwise_or.reduceat(parts.q, begin),
            known,
        )
    return tuple(
        Bucket(t, first, last, least, most, mean, *rest) if rest[-1] else Bucket(t, *_NOTHING, *rest)
        for t, first, last, least, most, mean, *rest in zip(*(column.tolist() for column in columns), strict=True)
    )
