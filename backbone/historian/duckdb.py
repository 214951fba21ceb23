"""The embedded historian: one DuckDB file, written by one thread, read by any number.

Readings go in as columns, in one transaction with the consumer's positions, so that a crash at any point leaves both or
neither and a resent frame is never stored twice. `write` returns when DuckDB has synced its log.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backbone.frames import FrameEvent
from backbone.historian.buckets import HOUR_MS, grid_for
from backbone.historian.duckdb_check import faults
from backbone.historian.duckdb_file import Stamp, connect, copy, stamp_of, transaction, translated
from backbone.historian.duckdb_fold import fold, forget
from backbone.historian.duckdb_series import next_reading, partials, readings_between
from backbone.historian.duckdb_settle import settle
from backbone.historian.latest import Latest, PointColumn
from backbone.historian.levels import Span
from backbone.historian.partials import buckets
from backbone.historian.port import (
    Bucket,
    HistorianCorrupt,
    HistorianUnavailable,
    Reading,
    ReadingBatch,
    Series,
    Unwritten,
)
from backbone.position import Position
from community.site.site import Site

_Key = tuple[str, str]
"""Site and point."""

_PLACE = "INSERT INTO positions SELECT $site, unnest($gateway), unnest($epoch), unnest($urgent), unnest($bulk)"
_MOVE = """
UPDATE positions SET epoch = moved.epoch, urgent = moved.urgent, bulk = moved.bulk
FROM (SELECT unnest($gateway) AS gateway, unnest($epoch) AS epoch, unnest($urgent) AS urgent,
    unnest($bulk) AS bulk) moved
WHERE site = $site AND positions.gateway = moved.gateway
"""
"""All gateways in one: a statement takes DuckDB as long as a thousand readings."""
_LATEST = """
WITH known AS (
    SELECT point, t, x, q, 0 AS turn, rowid AS place FROM readings WHERE t >= $since AND t < $before
    UNION ALL SELECT point, t, x, q, 1, rowid FROM arrived WHERE t >= $since AND t < $before)
SELECT k.point, k.t, k.x, k.q FROM known k
JOIN (SELECT point, max(t) AS t FROM known GROUP BY point) newest ON k.point = newest.point AND k.t = newest.t
ORDER BY k.turn, k.place
"""
_COUNT = """
WITH wanted AS (SELECT id FROM points WHERE site = $site AND ($point IS NULL OR point = $point)),
    late AS (SELECT DISTINCT point, t FROM arrived
        WHERE t >= $start AND t < $end AND point IN (SELECT id FROM wanted))
SELECT (SELECT count(*) FROM readings WHERE t >= $start AND t < $end AND point IN (SELECT id FROM wanted))
    + (SELECT count(*) FROM late ANTI JOIN readings USING (point, t))
"""


class DuckDBHistorian:
    """Readings in a DuckDB file of this process."""

    def __init__(self, path: Path, site: str, zone: tzinfo = UTC) -> None:
        self._path = path
        self._site = site
        self._zone = zone
        self._writing = threading.Lock()
        self._connecting = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._tidying: duckdb.DuckDBPyConnection | None = None
        self._damage: tuple[Stamp, str] | None = None
        """Of which file it is known that it cannot be opened, and why."""
        self._closed = False
        self._ids: dict[_Key, int] = {}
        self._keys: list[_Key] = []
        self._positioned: set[str] = set()
        """The gateways that have a position."""
        self._numbered: tuple[str, tuple[str, ...], PointColumn] | None = None
        self._latest = Latest()
        self._latest_lock = threading.Lock()

    def open(self) -> "DuckDBHistorian":
        """Open the file now, so that what is wrong with it is said at start.

        Raises:
            HistorianUnavailable, HistorianCorrupt: see `duckdb_file.connect`.
        """
        self._connected()
        return self

    def close(self) -> None:
        """Checkpoint and release the file; a write under way is finished first, housekeeping is given up."""
        tidying = self._tidying
        if tidying is not None:
            tidying.interrupt()
        with self._writing, self._connecting:
            self._closed = True
            self._drop_connection()

    def positions(self) -> dict[str, Position]:
        """See `Historian.positions`."""
        with self._cursor() as cursor:
            rows = cursor.execute(
                "SELECT gateway, epoch, urgent, bulk FROM positions WHERE site = ?", [self._site]
            ).fetchall()
        return {gateway: Position(epoch, urgent, bulk) for gateway, epoch, urgent, bulk in rows}

    def use(self, site: Site) -> None:
        """See `Historian.use`. Nothing of a point but its name is kept here."""

    def write(
        self,
        batches: Sequence[ReadingBatch],
        events: Sequence[tuple[str, FrameEvent]],
        positions: Mapping[str, Position],
    ) -> Sequence[Unwritten]:
        """See `Historian.write`. DuckDB takes every row, so nothing is ever left unwritten."""
        with self._writing, self._fatal_reopens(), translated(self._path, writing=True):
            connection = self._connected()
            added: dict[_Key, int] = {}
            columns = [(self._numbers(batch, added), batch) for batch in batches if batch.t.size]
            event_points = [self._number((site, event.point), added) for site, event in events]
            with self._named(added), transaction(connection):
                if added:
                    sites, points = zip(*added, strict=True)
                    _insert(
                        connection, "points", pa.table({"id": list(added.values()), "site": sites, "point": points})
                    )
                if columns:
                    p, t, x, q = (
                        np.concatenate(parts)
                        for parts in zip(*((p, batch.t, batch.x, batch.q) for p, batch in columns), strict=True)
                    )
                    _insert(connection, "arrived", pa.table({"point": p, "t": t, "x": x, "q": q}))
                if events:
                    _insert(connection, "events", _event_rows(event_points, events))
                new = set(positions) - self._positioned
                for query, gateways in ((_PLACE, new), (_MOVE, set(positions) - new)):
                    if gateways:
                        connection.execute(query, _placed(self._site, {name: positions[name] for name in gateways}))
            self._positioned |= set(positions)
            if columns:
                with self._latest_lock:
                    self._latest.observe(p, t, x, q)
        return ()

    def latest(self, site: str, points: Sequence[str] | None, since: int) -> dict[str, Reading]:
        """See `Historian.latest`. The first call for a longer time reads the file, later ones only memory."""
        with self._cursor() as cursor, self._latest_lock:
            if since < self._latest.known_from:
                rows = cursor.execute(_LATEST, {"since": since, "before": self._latest.known_from}).fetchnumpy()
                self._latest.observe(rows["point"].astype(np.int32), rows["t"], rows["x"], rows["q"].astype(np.uint8))
                self._latest.known_from = since
            newest = self._latest.since(since)
        wanted = None if points is None else set(points)
        found = {}
        for number, t, x, q in zip(*(column.tolist() for column in newest), strict=True):
            key = self._keys[number]
            if key[0] == site and (wanted is None or key[1] in wanted):
                found[key[1]] = Reading(key[1], t, x, q)
        return found

    def series(self, site: str, point: str, start: int, end: int, max_points: int) -> Series:
        """See `Historian.series`."""
        grid = grid_for(start, end, max_points, self._zone)
        found: tuple[Bucket, ...] = ()
        with self._cursor() as cursor:
            number = self._ids.get((site, point))
            if number is not None:
                found = buckets(partials(cursor, number, Span(start, end), grid, self._zone), grid.edges)
        return Series(point, start, end, grid.step_ms, found, tuple(grid.edges.tolist()))

    def events(self, site: str, point: str | None, start: int, end: int, limit: int) -> list[FrameEvent]:
        """See `Historian.events`."""
        with self._cursor() as cursor:
            rows = cursor.execute(
                "SELECT DISTINCT p.point, e.t, e.type, e.data FROM events e JOIN points p ON p.id = e.point "
                "WHERE p.site = $site AND ($point IS NULL OR p.point = $point) AND e.t >= $start AND e.t < $end "
                "ORDER BY e.t DESC, p.point, e.type, e.data LIMIT $limit",
                {"site": site, "point": point, "start": start, "end": end, "limit": limit},
            ).fetchall()
        return [FrameEvent(name, t, kind, msgspec.json.decode(data)) for name, t, kind, data in rows]

    def count(self, site: str, point: str | None, start: int, end: int) -> int:
        """See `Historian.count`."""
        with self._cursor() as cursor:
            row = cursor.execute(_COUNT, {"site": site, "point": point, "start": start, "end": end}).fetchone()
        assert row is not None
        return int(row[0])

    def scan(self, site: str, points: Sequence[str] | None, start: int, end: int) -> Iterator[ReadingBatch]:
        """See `Historian.scan`: an hour at a time."""
        wanted = None if points is None else set(points)
        numbers = [
            number for (of, point), number in self._ids.items() if of == site and (not wanted or point in wanted)
        ]
        at = start
        while wanted != set():
            with self._cursor() as cursor:
                found = next_reading(cursor, at, end)
                if found is None:
                    return
                at = min(found // HOUR_MS * HOUR_MS + HOUR_MS, end)
                p, t, x, q = readings_between(cursor, numbers, found, at)
            if t.size:
                used, index = np.unique(p, return_inverse=True)
                names = tuple(self._keys[number][1] for number in used.tolist())
                yield ReadingBatch(site, names, index.astype(np.uint32), t, x, q)

    def tidy(self, now: int) -> bool:
        """See `Historian.tidy`: folds one hour; when all are, puts a piece of a week in order."""
        with self._cursor() as cursor:
            self._tidying = cursor
            try:
                return fold(cursor, now, self._zone) or settle(cursor, now)
            finally:
                self._tidying = None

    def forget(self, site: str, points: Sequence[str], before: int) -> int:
        """See `Historian.forget`."""
        with self._cursor() as cursor:
            numbers = [self._ids[site, point] for point in points if (site, point) in self._ids]
            return forget(cursor, numbers, before) if numbers else 0

    def check(self, said: Callable[[int], None]) -> Iterator[str]:
        """See `Historian.check`: keys, roll-ups, events and positions as well."""
        with self._cursor() as cursor:
            yield from faults(cursor, self._zone, said)

    def backup(self, path: Path) -> bool:
        """See `Historian.backup`."""
        with self._cursor() as cursor:
            copy(cursor, path)
        return True

    def _numbers(self, batch: ReadingBatch, added: dict[_Key, int]) -> PointColumn:
        """The batch's readings as point numbers; a batch with the same tuple of points costs no look-ups."""
        known = self._numbered
        if known is None or known[1] is not batch.points or known[0] != batch.site:
            numbers = np.array([self._number((batch.site, point), added) for point in batch.points], dtype=np.int32)
            if added:
                return numbers[batch.p]
            self._numbered = known = (batch.site, batch.points, numbers)
        return known[2][batch.p]

    @contextlib.contextmanager
    def _named(self, added: Mapping[_Key, int]) -> Iterator[None]:
        """Points have their names before a reader can meet their numbers, and only if the write succeeds."""
        before = len(self._keys)
        self._keys.extend(added)
        try:
            yield
        except BaseException:
            del self._keys[before:]
            raise
        if added:  # a new dictionary: readers go through the old one
            self._ids = {**self._ids, **added}

    def _number(self, key: _Key, added: dict[_Key, int]) -> int:
        number = self._ids.get(key)
        if number is None:
            number = added.setdefault(key, len(self._keys) + len(added))
        return number

    def _connected(self) -> duckdb.DuckDBPyConnection:
        with self._connecting:
            if self._closed:
                raise HistorianUnavailable(f"{self._path} is closed")
            if self._connection is None:
                self._connection = self._connect()
                rows = self._connection.execute("SELECT site, point, id FROM points ORDER BY id").fetchall()
                self._ids = {(site, point): number for site, point, number in rows}
                self._keys = list(self._ids)
                self._numbered = None
                rows = self._connection.execute("SELECT gateway FROM positions WHERE site = ?", [self._site]).fetchall()
                self._positioned = {gateway for (gateway,) in rows}
            return self._connection

    def _connect(self) -> duckdb.DuckDBPyConnection:
        """Open the file; a damaged one is read again only when it is another, as after a repair."""
        stamp = stamp_of(self._path)
        if self._damage is not None and self._damage[0] == stamp:
            raise HistorianCorrupt(self._damage[1])
        try:
            return connect(self._path)
        except HistorianCorrupt as error:
            self._damage = (stamp, str(error))
            raise

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own for one query of the calling thread."""
        with self._fatal_reopens(), translated(self._path):
            cursor = self._connected().cursor()
            try:
                yield cursor
            finally:
                cursor.close()

    @contextlib.contextmanager
    def _fatal_reopens(self) -> Iterator[None]:
        """After a fatal error (a full disk, mostly) DuckDB refuses all further work until the file is opened again."""
        try:
            yield
        except Exception as error:
            if isinstance(error.__cause__, duckdb.FatalException | duckdb.InternalException):
                with self._connecting:
                    self._drop_connection()
            raise

    def _drop_connection(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(duckdb.Error):
                self._connection.close()
            self._connection = None


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Any) -> None:
    """A relation, not a view that is registered for a statement: that costs as much as it is to append 10,000 rows."""
    connection.from_arrow(rows).insert_into(table)


def _placed(site: str, positions: Mapping[str, Position]) -> dict[str, object]:
    epoch, urgent, bulk = zip(*positions.values(), strict=True)
    return {"site": site, "gateway": list(positions), "epoch": list(epoch), "urgent": list(urgent), "bulk": list(bulk)}


def _event_rows(points: Sequence[int], events: Sequence[tuple[str, FrameEvent]]) -> Any:
    numbers: npt.NDArray[np.int32] = np.array(points, dtype=np.int32)
    return pa.table(
        {
            "point": numbers,
            "t": np.array([event.t for _, event in events], dtype=np.int64),
            "type": [event.type for _, event in events],
            "data": [msgspec.json.encode(event.data).decode() for _, event in events],
        }
    )
