"""Whether a site's history on a server is sound: readings that stand once, hours that are what their readings say."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from backbone.historian import influx_marks, influx_rows, influxql
from backbone.historian.buckets import HOUR_MS
from backbone.historian.influx_rows import ROLLED
from backbone.historian.influx_sums import Query, Sum
from backbone.historian.levels import Span
from backbone.historian.partials import buckets, of_readings
from backbone.historian.port import Bucket, ReadingBatch


def faults(
    query: Query, site: str, batches: Iterator[ReadingBatch], said: Callable[[int], None]
) -> Iterator[tuple[int, str]]:
    """The hour of each fault (Unix ms), and a sentence; `batches` are of an hour at most."""
    read = 0
    for batch in batches:
        hour = batch.t.item(0) // HOUR_MS * HOUR_MS
        twice = batch.t.size - np.unique(np.stack([batch.t, batch.p.astype(np.int64)]), axis=1).shape[1]
        if twice:
            yield hour, f"{twice} readings around {hour} ms stand twice"
        if wrong := _not_as_read(query, site, batch, hour):
            yield hour, f"{wrong} points of the hour from {hour} ms have roll-ups that are not what the readings say"
        read += batch.t.size
        said(read)


def _not_as_read(query: Query, site: str, batch: ReadingBatch, hour: int) -> int:
    """How many points; none of an hour that is not rolled up or changed since: its roll-ups are not read."""
    state = influx_marks.answer(query(*influx_marks.question(site, Span(hour, hour + HOUR_MS))))
    if state.until is None or hour >= state.until or hour in state.changed:
        return 0
    condition = influxql.where(hour, hour + HOUR_MS, site=site)
    stood = {
        f"{row.device}.{row.measure}": row.sum
        for row in influx_rows.read(query(influx_rows.select(ROLLED["hours"], condition))[0])
    }
    deleted = bool(influx_marks.deletions(query, site, hour))
    edges = np.array([hour, hour + HOUR_MS])
    wrong = 0
    for number, point in enumerate(batch.points):
        own = batch.p == number
        (said,) = buckets(of_readings(batch.t[own], batch.x[own], batch.q[own]), edges)
        known = stood.get(point)
        if known is None:
            wrong += 1
        elif not (deleted and known.number > said.count):  # the older ones of them went by age
            wrong += not _same(known, said)
    return wrong


def _same(known: Sum, said: Bucket) -> bool:
    mean = known.total / known.usable if known.usable else None
    if (known.number, known.q, known.usable, known.min, known.max, known.first, known.last) != (
        said.count,
        said.q,
        said.usable,
        said.min,
        said.max,
        said.first,
        said.last,
    ):
        return False
    return mean is None or said.mean is None or math.isclose(mean, said.mean, rel_tol=1e-9, abs_tol=1e-9)
