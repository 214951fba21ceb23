"""Readings summed up by the server: what a bucket or a row of a roll-up says of them, by device and unit of time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from backbone.historian import influxql
from backbone.historian.partials import Partials

Query = Callable[..., list[list[dict[str, Any]]]]
"""Of statements; the series of each one's answer."""
_TYPES = (np.int64, *[np.float64] * 5, np.int64, np.int64, np.uint8)
_NOTHING = (None, None, None, None, 0.0, 0)


class Sum(NamedTuple):
    """What readings from `t` on come to; first, last, min and max are None when none of them is usable."""

    t: int
    first: float | None
    last: float | None
    min: float | None
    max: float | None
    total: float
    usable: int
    number: int
    q: int


def sums(query: Query, measure: str, condition: str, times: str, step_ms: int) -> dict[str, list[Sum]]:
    """By device, ascending. `times` is the part of the condition that is about time."""
    values, qualities = (
        by_device(series)
        for series in query(
            influxql.usable_values(measure, condition, step_ms), influxql.qualities(measure, condition, step_ms)
        )
    )
    bits: Mapping[tuple[str, int], Sequence[Any]] = {}
    if any(least != greatest for _, least, greatest in qualities.values()):
        bits = by_device(query(influxql.quality_bits(measure, condition, times, f'time({step_ms}ms), "device"'))[0])
    found: dict[str, list[Sum]] = {}
    for key, (number, least, greatest) in sorted(qualities.items()):
        if number is not None:
            quality = greatest if least == greatest else ored(bits.get(key, [greatest]))
            found.setdefault(key[0], []).append(Sum._make((key[1], *_usable(values.get(key)), number, quality)))
    return found


def columns(rows: Iterable[Sum]) -> Partials:
    """The same in columns."""
    listed = list(rows)
    parts = zip(*listed, strict=True) if listed else [()] * len(_TYPES)
    return Partials._make(np.array(part, dtype=kind) for part, kind in zip(parts, _TYPES, strict=True))


def ored(bits: Iterable[int | None]) -> int:
    """The quality that has all of these bits, each at its place or 0."""
    return sum(filter(None, bits))


def by_device(series: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], list[Any]]:
    """Rows of a query that is grouped by device and time: the columns after the time."""
    return {(one["tags"]["device"], row[0]): row[1:] for one in series for row in one["values"]}


def _usable(row: Sequence[Any] | None) -> Sequence[Any]:
    """First, last, least, greatest, sum and count; of a reading that is being written the server has some, or none."""
    return _NOTHING if row is None or None in row else row
