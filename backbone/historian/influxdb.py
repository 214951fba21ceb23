"""The historian on InfluxDB 1.8, 2.x or 3.x (or anything that takes /api/v2/write and answers InfluxQL).

Writing the same line again changes nothing, so the positions need no transaction: they are stored after the server took
the lines, and a crash in between has a few frames written twice to the same effect. The server has them, so that a
worker on another machine goes on where this one was, and a server that is set back takes them with it; a file beside
says that it was.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import structlog

from backbone.frames import FrameEvent
from backbone.historian import influx_check, influx_marks, influx_positions, influx_series, influxql
from backbone.historian.buckets import HOUR_MS, grid_for
from backbone.historian.influx_address import InfluxAddress
from backbone.historian.influx_moves import DEVICES_A_QUERY, MEASURES_A_QUERY, Moves
from backbone.historian.influx_positions import Stored
from backbone.historian.influx_rollups import RollUps
from backbone.historian.influx_server import InfluxServer
from backbone.historian.levels import CLOSED_AFTER_MS, Span
from backbone.historian.line_protocol import LineWriter, split
from backbone.historian.line_sender import LINES_A_REQUEST, LineSender
from backbone.historian.partials import buckets
from backbone.historian.port import (
    HistorianRefused,
    HistorianUnavailable,
    HistorianWentBack,
    Reading,
    ReadingBatch,
    Series,
    Unwritten,
)
from backbone.historian.positions_file import PositionsFile
from backbone.position import Position
from backbone.steady import wall_ms
from community.site.profile import ValueKind
from community.site.site import Site

CLOSE_S = 2.0
REQUESTS_AT_ONCE = 2
"""A server stores one request on one core. Two say in any order what they say: not of one point and time."""
SURE_S = 30.0
"""Nobody restores a server so quickly, unnoticed by a write."""
LOOKS, LOOK_EVERY_S = 10, 1.0
"""Some servers show late what they took: one is believed to be set back when it has been looked at so often."""
log = structlog.get_logger()
_EVER = 4_102_444_800_000
"""The year 2100, Unix ms."""
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
        self._sender = LineSender(self._send, self._closed.wait)
        self._stored: Stored | None = None
        self._sure_at = -SURE_S
        """When the server last was what it was (monotonic, s)."""
        self._rollups = RollUps(
            self._server.query, self._sender.send, self._writing, site.id, self._zone, self._family_of
        )

    def close(self) -> None:
        """Close the connections; a write under way stops at its next pause."""
        self._closed.set()
        # A write that waits for an answer ends with its own time limit, and meets the closed door at its next try.
        if self._writing.acquire(timeout=CLOSE_S):
            self._writing.release()
        self._server.close()

    def positions(self) -> dict[str, Position]:
        """See `Historian.positions`."""
        self._server.ping()
        with self._writing:
            return dict(self._known().positions)

    def _known(self) -> Stored:
        if self._stored is None:
            beside = self._file.read()
            there = self._there(beside.number)
            if there is None:
                self._stored = beside
            elif there.number < beside.number:
                log.error("the history was set back: gateways send again what they still have, and tell what is gone")
                self._stored = there
            else:
                self._stored = Stored(there.number, {**beside.positions, **there.positions})
        return self._stored

    def _there(self, number: int) -> Stored | None:
        """What the server knows, which should be as far as a number; None: it answers no such question."""
        for look in range(LOOKS):
            try:
                there = influx_positions.answer(self._server.query(influx_positions.question(self._site.id))[0])
            except HistorianRefused:
                return None
            last = self._server.shows_at_once or look == LOOKS - 1
            if there.number >= number or last or self._closed.wait(LOOK_EVERY_S):
                break
        return there

    def _send(self, body: bytes, precision: str) -> None:
        try:
            self._server.write(body, precision)
        except HistorianUnavailable:
            self._sure_at = -SURE_S
            raise

    def _must_be_what_it_was(self, known: Stored) -> None:
        """Before a commit has a higher number than the last.

        Raises:
            HistorianWentBack: it is not.
        """
        if time.monotonic() - self._sure_at > SURE_S:
            there = self._there(known.number)
            if there is not None and there.number < known.number:
                raise HistorianWentBack("the history was set back while it was away; beginning again where it stands")
        self._sure_at = time.monotonic()

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
            touched = self._rollups.touched(batches)
            self._mark(touched)
            for batch in batches:
                parts = self._lines.parts(batch, self._moves.elsewhere(batch), LINES_A_REQUEST)
                at_once = 1 if batch.corrects_itself else REQUESTS_AT_ONCE
                unwritten += self._sender.send_each(parts, at_once=at_once)
            if events:
                unwritten += self._sender.send(self._lines.events(events))
            self._mark(touched)
            if not unwritten:
                self._commit(positions)
        return unwritten

    def _commit(self, positions: Mapping[str, Position]) -> None:
        known = self._known()
        moved = {gateway: at for gateway, at in positions.items() if known.positions.get(gateway) != at}
        if moved:
            self._must_be_what_it_was(known)
            number = known.number + 1
            self._sender.send(influx_positions.lines(self._site.id, Stored(number, moved), wall_ms()))
            stored = Stored(number, {**known.positions, **moved})
            self._file.store(stored)
            self._stored = stored

    def _mark(self, hours: Sequence[int]) -> None:
        if hours:
            # A server that refuses these keeps no roll-ups either.
            self._sender.send(influx_marks.changed(self._site.id, hours))

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
        grid, span = grid_for(start, end, max_points, self._zone), Span(start, end)
        if site == self._site.id:
            found = influx_series.partials(self._server.query, site, point, span, grid, self._zone)
        else:  # only one's own site is rolled up
            found = influx_series.raw(self._server.query, site, point, span, influx_series.unit_of(grid))
        return Series(point, start, end, grid.step_ms, buckets(found, grid.edges), tuple(grid.edges.tolist()))

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
            rows: list[tuple[str, int, float, int]] = []
            for series in self._over_measures(wanted, lambda some: influxql.readings(some, condition)):  # noqa: B023
                point = f"{series['tags']['device']}.{series['name']}"
                if wanted is None or point in wanted:
                    rows += ((point, t, float(x), q) for t, x, q in series["values"])
            if rows:
                yield ReadingBatch.of(site, sorted(rows, key=itemgetter(1, 0)))
            at = until

    def tidy(self, now: int) -> bool:
        """See `Historian.tidy`: rolls up one hour."""
        return self._rollups.tidy(now)

    def forget(self, site: str, points: Sequence[str], before: int) -> int:
        """See `Historian.forget`. A server goes by the family a reading was tagged with, of whatever device.

        Raises:
            HistorianRefused: the server cannot delete by family and age.
        """
        families = sorted({family for point in points if (family := self._family_of(point))})
        forgotten, before = 0, before // HOUR_MS * HOUR_MS
        self._server.must_delete()
        while self._rollups.tidy(before + CLOSED_AFTER_MS):
            pass
        for family in families:
            condition = influxql.where(0, before, site=site, family=family)
            found = {
                series["name"]: int(series["values"][0][1])
                for series in self._over_measures(None, lambda some: influxql.count(some, condition))  # noqa: B023
            }
            with self._rollups.deletion(family, before):
                for measurement in (*found, influxql.EVENT):
                    self._server.delete(measurement, before, {"site": site, "family": family})
            forgotten += sum(found.values())
        return forgotten

    def _family_of(self, point: str) -> str:
        known = self._site.points.get(point)
        return known.family.value if known else ""

    def check(self, said: Callable[[int], None]) -> Iterator[str]:
        """See `Historian.check`. The server answers for its files; here all is read, and compared with the roll-ups."""
        for _, fault in self._faults(said):
            yield fault

    def repair(self, said: Callable[[int], None]) -> int:
        """Have ingest make roll-ups again where they are not what the readings say; how many hours."""
        hours = sorted({hour for hour, _ in self._faults(said)})
        with self._writing:
            self._mark(hours)
        return len(hours)

    def _faults(self, said: Callable[[int], None]) -> Iterator[tuple[int, str]]:
        self.positions()
        site = self._site.id
        yield from influx_check.faults(self._server.query, site, self.scan(site, None, 0, _EVER), said)

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
