"""Roll-ups in the server: one measurement a level, whose rows are what a minute, an hour or a day of a point comes to.

No measure has such a name: ids have no underscore. Tags: device, measure, site, whatever zone or gateway a device had.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from backbone.historian import influxql
from backbone.historian.influx_sums import Sum
from backbone.historian.line_protocol import Lines, line

ROLLED = {"minutes": "anju_minutes", "hours": "anju_hours", "days": "anju_days"}
KEPT = {"minutes": "anju_kept_minutes", "hours": "anju_kept_hours"}
"""Roll-ups as they were when their readings were deleted by age; `of` is the number of that deletion."""
FIELDS = ("first", "last", "min", "max", "total", "usable", "count", "quality", "first_t", "last_t", "of")
_WHOLE = frozenset({"usable", "count", "quality", "first_t", "last_t", "of"})


class Row(NamedTuple):
    """A row of a point: its sum, when its first and last usable readings were made, the deletion it was kept at."""

    device: str
    measure: str
    sum: Sum
    first_t: int | None = None
    last_t: int | None = None
    of: int | None = None


def written(site: str, rows: Mapping[str, Sequence[Row]]) -> Lines:
    """The lines of rows by measurement."""
    listed = [(measurement, row) for measurement, some in rows.items() for row in some]
    return Lines(
        [_line(measurement, site, row) for measurement, row in listed],
        [f"{row.device}.{row.measure}" for _, row in listed],
        [row.sum.t for _, row in listed],
        "ms",
    )


def _line(measurement: str, site: str, row: Row) -> str:
    fields = zip(FIELDS, (*row.sum[1:], row.first_t, row.last_t, row.of), strict=True)
    return line(
        measurement,
        {"device": row.device, "measure": row.measure, "site": site},
        {name: f"{value}i" if name in _WHOLE else repr(float(value)) for name, value in fields if value is not None},
        row.sum.t,
    )


def select(measurement: str, condition: str) -> str:
    """All rows that a condition names, by device and measure."""
    named = ", ".join(influxql.identifier(field) for field in FIELDS)
    return f'SELECT {named} FROM {influxql.identifier(measurement)} WHERE {condition} GROUP BY "device", "measure"'


def devices(measurement: str, condition: str) -> str:
    """How many rows each device has."""
    return f'SELECT count("count") FROM {influxql.identifier(measurement)} WHERE {condition} GROUP BY "device"'


def read(series: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The rows of such an answer. A field that a later row of the same time lacks is still there: `usable` tells."""
    found = []
    for one in series:
        device, measure = one["tags"]["device"], one["tags"]["measure"]
        for t, *values, total, usable, number, q, first_t, last_t, of in one["values"]:
            known = (*values, total, usable) if usable else (None, None, None, None, 0.0, 0)
            one_sum = Sum._make((t, *known, number, q))
            found.append(Row(device, measure, one_sum, first_t if usable else None, last_t if usable else None, of))
    return found


def together(t: int, rows: Sequence[Row]) -> Row:
    """What rows of one point come to; their order is that of their first usable readings."""
    usable = sorted((row for row in rows if row.sum.usable), key=lambda row: _or(row.first_t, row.sum.t))
    newest = max(usable, key=lambda row: _or(row.last_t, row.sum.t), default=None)
    quality = 0
    for row in rows:
        quality |= row.sum.q
    return Row(
        rows[0].device,
        rows[0].measure,
        Sum(
            t,
            usable[0].sum.first if usable else None,
            newest.sum.last if newest else None,
            min((row.sum.min for row in usable if row.sum.min is not None), default=None),
            max((row.sum.max for row in usable if row.sum.max is not None), default=None),
            sum(row.sum.total for row in rows),
            sum(row.sum.usable for row in rows),
            sum(row.sum.number for row in rows),
            quality,
        ),
        min((row.first_t for row in usable if row.first_t is not None), default=None),
        max((row.last_t for row in usable if row.last_t is not None), default=None),
    )


def _or(t: int | None, other: int) -> int:
    return other if t is None else t
