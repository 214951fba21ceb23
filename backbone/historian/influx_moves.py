"""Readings that are stored under other tags than the site file gives their point now.

A server names a reading by measurement, all tags and time. After a device moved, the same reading written again
(resent, corrected, imported) would stand beside the first. So whoever writes what is older than the move asks first
where it is.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import structlog

from backbone.historian import influxql
from backbone.historian.buckets import HOUR_MS
from backbone.historian.line_protocol import LineWriter, prefix, split
from backbone.historian.port import HistorianRefused, ReadingBatch

DEVICES_A_QUERY = 40
MEASURES_A_QUERY = 50
"""Keeps a GET below the 8 KB that proxies allow a request line."""
Query = Callable[..., list[list[dict[str, Any]]]]
"""Of statements; the series of each one's answer."""
log = structlog.get_logger()


class Moves:
    """Of one version of the site file. What the server has is looked up once, at the first write."""

    def __init__(self, query: Query, lines: LineWriter, measures: Sequence[str]) -> None:
        self._query = query
        self._lines = lines
        self._measures = measures
        self._until: dict[str, int] | None = None
        """The newest reading of a point under other tags than now, Unix ms."""

    def elsewhere(self, batch: ReadingBatch) -> Mapping[int, str]:
        """By row of the batch how its line begins, for readings that are stored under other tags.

        Raises:
            HistorianUnavailable: the server does not say.
        """
        if self._until is None:
            self._until = self._moved()
        if not self._until or batch.site != self._lines.site:
            return {}
        until = np.array([self._until.get(point, -1) for point in batch.points], dtype=np.int64)
        if not until.size:
            return {}
        rows = np.flatnonzero(batch.t <= until[batch.p])
        asked: dict[tuple[str, int], list[int]] = {}
        for row in rows.tolist():
            asked.setdefault((split(batch.points[batch.p[row]])[1], batch.t.item(row) // HOUR_MS), []).append(row)
        found: dict[int, str] = {}
        for (measure, hour), some in asked.items():
            devices = {split(batch.points[batch.p[row]])[0] for row in some}
            stored = self._stored(measure, hour * HOUR_MS, devices)
            for row in some:
                begin = stored.get((split(batch.points[batch.p[row]])[0], batch.t.item(row)))
                if begin is not None:
                    found[row] = begin
        return found

    def _moved(self) -> dict[str, int]:
        until: dict[str, int] = {}
        for start in range(0, len(self._measures), MEASURES_A_QUERY):
            query = influxql.newest_of_series(
                self._measures[start : start + MEASURES_A_QUERY], influxql.where(0, None, site=self._lines.site)
            )
            try:
                answer = self._query(query)
            except HistorianRefused as error:  # it takes lines and answers no InfluxQL
                log.warning("the server does not say where readings are; a moved device may have some twice", why=error)
                return {}
            for series in answer[0] if answer else ():
                point = f"{series['tags']['device']}.{series['name']}"
                if _given(series) != self._lines.tags(self._lines.site, point):
                    until[point] = max(until.get(point, 0), series["values"][0][0])
        return until

    def _stored(self, measure: str, begin: int, devices: set[str]) -> dict[tuple[str, int], str]:
        named = sorted(devices) if len(devices) <= DEVICES_A_QUERY else ()
        condition = influxql.where(begin, begin + HOUR_MS, devices=named, site=self._lines.site)
        found: dict[tuple[str, int], str] = {}
        for series in self._query(influxql.times_of_series(measure, condition))[0]:
            device, tags = series["tags"]["device"], _given(series)
            if tags != self._lines.tags(self._lines.site, f"{device}.{measure}"):
                line = prefix(measure, tags)
                found |= {(device, row[0]): line for row in series["values"]}
        return found


def _given(series: Mapping[str, Any]) -> dict[str, str]:
    """The tags a series has; asked for all, a server names the ones it lacks as well."""
    return {name: value for name, value in series["tags"].items() if value}
