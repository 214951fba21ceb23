"""The historian on InfluxDB 1.8, 2.x or 3.x (or anything that takes /api/v2/write and answers InfluxQL).

Writing the same line again changes nothing, so the positions need no transaction: they are stored in a file after the
server took the lines, and a crash in between has a few frames written twice to the same effect.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from backbone.frames import FrameEvent
from backbone.historian import influxql
from backbone.historian.buckets import HOUR_MS, MINUTE_MS, Grid, grid_for
from backbone.historian.influx_address import InfluxAddress
from backbone.historian.influx_moves import DEVICES_A_QUERY, MEASURES_A_QUERY, Moves
from backbone.historian.influx_server import InfluxServer
from backbone.historian.line_protocol import LineWriter, split
from backbone.historian.line_sender import LineSender
from backbone.historian.partials import Partials, buckets
from backbone.historian.port import Reading, ReadingBatch, Series, Unwritten
from backbone.historian.positions_file import PositionsFile
from backbone.stream import Position
from community.site.profile import ValueKind
from community.site.site import Site

CLOSE_S = 2.0
_EVER = 4_102_444_800_000
"""The year 2100, Unix ms."""
_TYPES = (np.int64, *[np.float64] * 5, np.int64, np.int64, np.uint8)
_NOTHING = (None, None, None, None, 0.0, 0)
_Columns = dict[str, Any]


class InfluxHistorian:
    """Readings in a bucket of an InfluxDB server."""

    def __init__(self, address: InfluxAddress, data_dir: Path, site: Site) -> None:
        self._server = InfluxServer(address)
        self._file = PositionsFile(data_dir / f"ingest-positions-{site.id}.json")
        self._zone = ZoneInfo(site.file.site.timezone)
        self._writing = threading.Lock()
        self.use(site)
        self._closed = threading.Event()
        self._sender = LineSender(self._server.write, self._closed.wait)
        self._positions: dict[str, Position] | None = None

    def close(self) -> None:
        """Close the connections; a write under way stops at its next pause."""
        self._closed.set()
        # A write that waits for an answer ends with its own time limit, and meets the closed door at its next try.
        if self._writing.acquire(timeout=CLOSE_S):
            self._writing.release()
        self._server.close()

    def positions(self) -> dict[str, Position]:
        """See `Historian.positions`. They are on this machine, but of no use while the server is away."""
        self._server.ping()
        return dict(self._stored())

    def _stored(self) -> dict[str, Position]:
        if self._positions is None:
            self._positions = self._file.read()
        return self._positions

    def use(self, site: Site) -> None:
        """See `Historian.use`: new lines carry the new tags."""
        measures = sorted({p.measure for p in site.points.values() if p.kind is not ValueKind.EVENT})
        with self._writing:
            self._site, self._lines, self._measures = site, LineWriter(site), measures
            self._moves = Moves(self._server.query, self._lines, measures)

    def write(
        self,
        batches: Sequence[ReadingBatch],
        events: Sequence[tuple[str, FrameEvent]],
        positions: Mapping[str, Position],
    ) -> Sequence[Unwritten]:
        """See `Historian.write`."""
        with self._writing:
            unwritten: list[Unwritten] = []
            for batch in batches:
                unwritten += self._sender.send(self._lines.readings(batch, self._moves.elsewhere(batch)))
            if events:
                unwritten += self._sender.send(self._lines.events(events))
            moved = {**self._stored(), **positions}
            if not unwritten and moved != self._positions:
                self._file.store(moved)
                self._positions = moved
        return unwritten

    def latest(self, site: str, points: Sequence[str] | None, since: int) -> dict[str, Reading]:
        """See `Historian.latest`."""
        wanted = None if points is None else set(points)
        devices = sorted({split(point)[0] for point in wanted or ()})
        condition = influxql.where(since, None, devices=devices if len(devices) <= DEVICES_A_QUERY else (), site=site)
        found: dict[str, Reading] = {}
        for series in self._over_measures(wanted, lambda measures: influxql.latest(measures, condition)):
            point = f"{series['tags']['device']}.{series['name']}"
            if wanted is None or point in wanted:
                t, q, x = series["values"][0]
                found[point] = Reading(point, t, float(x), q)
        return found

    def series(self, site: str, point: str, start: int, end: int, max_points: int) -> Series:
        """See `Historian.series`."""
        grid = grid_for(start, end, max_points, self._zone)
        step = _unit(grid)
        device, measure = split(point)
        condition = influxql.where(start, end, devices=[device], site=site)
        values, qualities = (
            _by_time(series)
            for series in self._server.query(
                f"{influxql.usable_values(measure, condition, step)}; {influxql.qualities(measure, condition, step)}"
            )
        )
        bits: dict[int, list[Any]] = {}
        if any(least != greatest for _, least, greatest in qualities.values()):
            times = influxql.where(start, end)
            bits = _by_time(self._server.query(influxql.quality_bits(measure, condition, times, step))[0])
        rows = [
            (
                t,
                *_usable(values.get(t)),
                number,
                greatest if least == greatest else sum(filter(None, bits.get(t, [greatest]))),
            )
            for t, (number, least, greatest) in qualities.items()
            if number is not None
        ]
        return Series(point, start, end, grid.step_ms, buckets(_partials(rows), grid.edges))

    def scan(self, site: str, points: Sequence[str] | None, start: int, end: int) -> Iterator[ReadingBatch]:
        """See `Historian.scan`: an hour at a time, from the first hour that has a reading to the last."""
        wanted = None if points is None else set(points)
        whole = influxql.where(start, end, site=site)
        times = [
            series["values"][0][0]
            for choose in (influxql.first, influxql.last)
            for series in self._over_measures(wanted, lambda some: choose(some, whole))  # noqa: B023
        ]
        at, last = min(times, default=0), max(times, default=-1)
        while at <= last:
            until = min(at // HOUR_MS * HOUR_MS + HOUR_MS, end)
            condition = influxql.where(at, until, site=site)
            rows: list[tuple[int, str, float, int]] = []
            for series in self._over_measures(wanted, lambda some: influxql.readings(some, condition)):  # noqa: B023
                point = f"{series['tags']['device']}.{series['name']}"
                if wanted is None or point in wanted:
                    rows += ((t, point, float(x), q) for t, x, q in series["values"])
            if rows:
                yield _in_order(site, sorted(rows))
            at = until

    def tidy(self, now: int) -> bool:
        """See `Historian.tidy`. The server keeps its own house."""
        del now
        return False

    def forget(self, site: str, points: Sequence[str], before: int) -> int:
        """See `Historian.forget`. A server goes by the family a reading was tagged with, of whatever device.

        Raises:
            HistorianRefused: the server cannot delete by family and age.
        """
        families = sorted({self._site.points[point].family.value for point in points if point in self._site.points})
        forgotten = 0
        for family in families:
            condition = influxql.where(0, before, site=site, family=family)
            found = {
                series["name"]: int(series["values"][0][1])
                for series in self._over_measures(None, lambda some: influxql.count(some, condition))  # noqa: B023
            }
            for measurement in (*found, influxql.EVENT):
                self._server.delete(measurement, before, {"site": site, "family": family})
            forgotten += sum(found.values())
        return forgotten

    def check(self, said: Callable[[int], None]) -> Iterator[str]:
        """See `Historian.check`. The server answers for its files; here all is read, and what stands twice is told."""
        read = 0
        self.positions()
        for batch in self.scan(self._lines.site, None, 0, _EVER):
            twice = batch.t.size - np.unique(np.stack([batch.t, batch.p.astype(np.int64)]), axis=1).shape[1]
            if twice:
                yield f"{twice} readings around {batch.t.item(0)} ms stand twice"
            read += batch.t.size
            said(read)

    def backup(self, path: Path) -> bool:
        """See `Historian.backup`: `influx backup` does it."""
        del path
        return False

    def events(self, site: str, point: str | None, start: int, end: int, limit: int) -> list[FrameEvent]:
        """See `Historian.events`."""
        tags = {"site": site}
        if point is not None:
            tags["device"], tags["measure"] = split(point)
        condition, asked = influxql.where(start, end, **tags), limit
        while True:
            answer = self._server.query(influxql.events(condition, asked))[0]
            rows = [tuple(row) for series in answer for row in series["values"]]
            # Reported again after its device moved, an event is in the server once for each place.
            found = dict.fromkeys(rows)
            if len(found) >= limit or len(rows) < asked:
                break
            asked *= 2
        return [
            FrameEvent(f"{device}.{measure}", t, kind, msgspec.json.decode(data))
            for t, kind, data, device, measure in list(found)[:limit]
        ]

    def count(self, site: str, point: str | None, start: int, end: int) -> int:
        """See `Historian.count`."""
        devices = () if point is None else (split(point)[0],)
        condition = influxql.where(start, end, devices=devices, site=site)
        wanted = None if point is None else {point}
        counted = self._over_measures(wanted, lambda measures: influxql.count(measures, condition))
        return sum(int(series["values"][0][1]) for series in counted)

    def _over_measures(self, wanted: set[str] | None, query: Any) -> Iterator[_Columns]:
        """The series of a query over the wanted points' measures (None: all of the site's)."""
        measures = self._measures if wanted is None else sorted({split(point)[1] for point in wanted})
        for start in range(0, len(measures), MEASURES_A_QUERY):
            yield from self._server.query(query(measures[start : start + MEASURES_A_QUERY]))[0]


def _usable(row: Sequence[float | None] | None) -> Sequence[float | None]:
    """First, last, least, greatest, sum and count; of a reading that is being written the server has some, or none."""
    return _NOTHING if row is None or None in row else row


def _unit(grid: Grid) -> int:
    """What the server is asked for: it knows nothing of the site's clock, so days are put together of hours here."""
    if grid.step_ms < HOUR_MS:
        return grid.step_ms
    return HOUR_MS if not (grid.edges % HOUR_MS).any() else 15 * MINUTE_MS


def _partials(rows: Sequence[tuple[Any, ...]]) -> Partials:
    """From rows of time; first, last, least, greatest, sum and count of the usable values; count and quality of all."""
    columns = zip(*rows, strict=True) if rows else [()] * len(_TYPES)
    return Partials._make(np.array(column, dtype=kind) for column, kind in zip(columns, _TYPES, strict=True))


def _in_order(site: str, rows: Sequence[tuple[int, str, float, int]]) -> ReadingBatch:
    names = tuple(dict.fromkeys(row[1] for row in rows))
    place = {name: number for number, name in enumerate(names)}
    t, _, x, q = zip(*rows, strict=True)
    index = np.array([place[row[1]] for row in rows], dtype=np.uint32)
    return ReadingBatch(site, names, index, np.array(t), np.array(x), np.array(q, dtype=np.uint8))


def _by_time(series: Sequence[_Columns]) -> dict[int, list[Any]]:
    """Rows of a query without GROUP BY tags: the columns after time, by time."""
    return {row[0]: row[1:] for one in series for row in one["values"]}
