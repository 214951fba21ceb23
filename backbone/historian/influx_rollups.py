"""Minutes, hours and days of a site's readings on a server, kept up by ingest: an hour ten minutes after its end.

The server sums up (`influx_sums`), we write what it says as rows of measurements of their own (`influx_rows`): so the
same is done on 1.x, 2.x and 3.x, and no right but to read and write is needed. An hour in which something changed since
is rolled up again, with the day it is in; until then readers take its raw readings (`influx_marks`).
"""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from typing import TypeVar

from backbone.historian import influx_marks, influx_rows, influxql, levels
from backbone.historian.buckets import DAY_MS, HOUR_MS, MINUTE_MS
from backbone.historian.influx_rows import KEPT, ROLLED, Row
from backbone.historian.influx_sums import Query, Sum, by_device, sums
from backbone.historian.levels import Level, Span
from backbone.historian.line_protocol import Lines
from backbone.historian.port import HistorianRefused, HistorianUnavailable, ReadingBatch, Unwritten

DEVICES_A_QUERY = 40
MEASURES_A_QUERY = 50
_NEVER = -1
Key = TypeVar("Key", bound=Hashable)
Send = Callable[[Lines], list[Unwritten]]


class RollUps:
    """Of one site, by one process at a time: the one that takes in what gateways send. Others may write beside it."""

    def __init__(
        self,
        query: Query,
        send: Send,
        writing: threading.Lock,
        site: str,
        zone: tzinfo,
        family: Callable[[str], str],
    ) -> None:
        """`writing` is held by whoever writes; `family` is that of a point as it is tagged now."""
        self._query = query
        self._send = send
        self._writing = writing
        self._site = site
        self._day = Level("days", DAY_MS, zone)
        self._family = family
        self._closing: int | None = None
        """Hours before may be rolled up; None: nobody asked yet, so any may."""
        self._until: int | None = None
        """Hours before are, but for those that changed."""
        self._changed: list[int] = []
        self._able = True

    def touched(self, batches: Sequence[ReadingBatch]) -> list[int]:
        """The hours of readings that may be rolled up already: `influx_marks.changed` goes before and after them."""
        return influx_marks.hours_of(batches, self._site, self._closing)

    def tidy(self, now: int) -> bool:
        """Roll up one hour; False when there is none to be."""
        if self._closing is None:
            self._begin()
        if not self._able:
            return False
        end = (now - levels.CLOSED_AFTER_MS) // HOUR_MS * HOUR_MS
        hour = self._next_changed(end)
        if hour is None:
            hour = self._next_new(end)
        if hour is not None:
            self._roll_up(hour)
        return hour is not None

    @contextmanager
    def deletion(self, family: str, before: int) -> Iterator[None]:
        """While readings of a family that were made before a whole hour are deleted: nothing of them is rolled up."""
        known = influx_marks.deletions(self._query, self._site, -HOUR_MS)
        number = known[family].number + 1 if family in known else 1
        self._store(influx_marks.deletion(self._site, family, before, number, "begun"))
        yield
        self._store(influx_marks.deletion(self._site, family, before, number, "done"))

    def _begin(self) -> None:
        """Ask how far it went before. A server that answers no InfluxQL has nothing rolled up, ever."""
        try:
            until = influx_marks.answer(self._query(*influx_marks.question(self._site, Span(0, 0)))).until
        except HistorianRefused:
            until, self._able = None, False
        with self._writing:
            self._until, self._closing = until, _NEVER if until is None else until

    def _next_changed(self, end: int) -> int | None:
        """The oldest hour before `end` in which something changed since it was rolled up."""
        if not self._changed and self._until is not None:
            question = influx_marks.question(self._site, Span(0, min(self._until, end)))
            self._changed = list(influx_marks.answer(self._query(*question)).changed)
        while self._changed:
            hour = self._changed.pop(0)
            if all(one.done for one in influx_marks.deletions(self._query, self._site, hour).values()):
                return hour
        return None

    def _next_new(self, end: int) -> int | None:
        """The oldest hour before `end` that has readings and was never rolled up; with none, all before it is done."""
        until = self._until
        if until is not None and until < end:
            self._close(end)
        first = self._first(until or 0)
        if first is not None and first < end:
            return first // HOUR_MS * HOUR_MS
        if until is not None and until < end:
            self._sum_up_days({until - 1}, end)
            self._store(influx_marks.rolled(self._site, end - HOUR_MS, 0, end))
            self._until = end
        return None

    def _close(self, end: int) -> None:
        """Before it is looked what an hour has: whoever writes into it from here on says so."""
        with self._writing:
            self._closing = max(end, self._closing or _NEVER)

    def _first(self, since: int) -> int | None:
        """When the oldest reading was made that is not older than `since`."""
        condition = influxql.where(since, None, site=self._site)
        found = [
            series["values"][0][0]
            for measures in _some(self._measures(), MEASURES_A_QUERY)
            for series in self._query(influxql.first(measures, condition))[0]
        ]
        return min(found, default=None)

    def _measures(self) -> list[str]:
        """All there are in the server: a point may come into the site file after its readings came."""
        answer = self._query(influxql.MEASUREMENTS)[0]
        return [name for one in answer for (name,) in one["values"] if "_" not in name and name != influxql.EVENT]

    def _roll_up(self, hour: int) -> None:
        before, until = self._until, self._until
        if before is None or hour >= before:
            until = hour + HOUR_MS
            self._close(until)
        assert until is not None
        number = influx_marks.number_of(self._query, self._site, hour)
        deletions = influx_marks.deletions(self._query, self._site, hour)
        span = Span(hour, hour + HOUR_MS)
        for measure, devices in self._counted(span).items():
            self._hour(measure, devices, span, {family: one.number for family, one in deletions.items()})
        # The hours just before this one may have had no readings; then a day that ended in them is summed up only now.
        self._sum_up_days({hour, (hour if before is None else min(before, hour)) - 1}, until)
        self._store(influx_marks.rolled(self._site, hour, number, until))
        self._until = until

    def _counted(self, span: Span) -> dict[str, dict[str, int]]:
        """By measure and device how many readings there are."""
        condition, found = influxql.where(*span, site=self._site), dict[str, dict[str, int]]()
        for measures in _some(self._measures(), MEASURES_A_QUERY):
            for series in self._query(influxql.devices(measures, condition))[0]:
                found.setdefault(series["name"], {})[series["tags"]["device"]] = series["values"][0][1]
        return found

    def _hour(self, measure: str, number: dict[str, int], hour: Span, gone: Mapping[str, int]) -> None:
        """All devices of a measure; `gone` are the families whose readings of the hour were deleted, and by which."""
        for devices in _some(sorted(number), DEVICES_A_QUERY):
            deleted = {d: gone[family] for d in devices if (family := self._family(f"{d}.{measure}")) in gone}
            hours = self._kept("hours", measure, hour, deleted)
            minutes = self._kept("minutes", measure, hour, deleted)
            for device, rows in hours.items():
                number[device] += sum(row.sum.number for row in rows)
            fine = self._sums(measure, [device for device in devices if number[device] > levels.DENSE], hour, MINUTE_MS)
            coarse = self._sums(measure, [device for device in devices if device not in fine], hour, HOUR_MS)
            for device, rows in fine.items():
                minutes.setdefault(device, []).extend(rows)
            ends = self._ends(measure, devices, hour)
            for device, rows in (fine | coarse).items():
                whole = influx_rows.together(hour.begin, rows)._replace(
                    first_t=ends[0].get(device), last_t=ends[1].get(device)
                )
                hours.setdefault(device, []).append(whole)
            by_minute = [
                influx_rows.together(t, rows)
                for device in fine
                for t, rows in _grouped(minutes[device], lambda row: row.sum.t).items()
            ]
            by_hour = [influx_rows.together(hour.begin, rows) for rows in hours.values()]
            self._store(influx_rows.written(self._site, {ROLLED["minutes"]: by_minute, ROLLED["hours"]: by_hour}))

    def _sums(self, measure: str, devices: Sequence[str], span: Span, step_ms: int) -> dict[str, list[Row]]:
        if not devices:
            return {}
        condition, times = influxql.where(*span, devices=devices, site=self._site), influxql.where(*span)
        found = sums(self._query, measure, condition, times, step_ms)
        return {device: [Row(device, measure, one) for one in rows] for device, rows in found.items()}

    def _ends(self, measure: str, devices: Sequence[str], span: Span) -> list[dict[str, int]]:
        """When the first and the last usable reading of each device were made."""
        condition = influxql.where(*span, devices=devices, site=self._site)
        asked = [influxql.usable_end(which, measure, condition) for which in ("first", "last")]
        return [dict(by_device(series).keys()) for series in self._query(*asked)]

    def _kept(self, level: str, measure: str, hour: Span, deleted: Mapping[str, int]) -> dict[str, list[Row]]:
        """Roll-ups of devices as they were when their readings were deleted, by which deletion.

        They are set aside the first time something comes late for an hour that was deleted; so what is corrected or
        comes again counts once.
        """
        if not deleted:
            return {}
        if level == "hours":
            self._set_aside(measure, hour, deleted)
        rows = self._rows(KEPT[level], measure, hour, deleted)
        return _grouped(
            [row for row in rows if row.of == deleted[row.device] and row.sum.number], lambda row: row.device
        )

    def _set_aside(self, measure: str, hour: Span, deleted: Mapping[str, int]) -> None:
        aside = {
            row.device for row in self._rows(KEPT["hours"], measure, hour, deleted) if row.of == deleted[row.device]
        }
        missing = [device for device in deleted if device not in aside]
        if not missing:
            return
        # Hours last: they tell that all is set aside, also of a device that had nothing.
        minutes = self._rows(ROLLED["minutes"], measure, hour, missing)
        stood = {row.device: row for row in self._rows(ROLLED["hours"], measure, hour, missing)}
        nothing = Sum(hour.begin, None, None, None, None, 0.0, 0, 0, 0)
        hours = [stood.get(device, Row(device, measure, nothing)) for device in missing]
        for level, rows in (("minutes", minutes), ("hours", hours)):
            marked = [row._replace(of=deleted[row.device]) for row in rows]
            self._store(influx_rows.written(self._site, {KEPT[level]: marked}))

    def _rows(self, measurement: str, measure: str, span: Span, devices: Iterable[str]) -> list[Row]:
        condition = influxql.where(*span, devices=devices, site=self._site, measure=measure)
        return influx_rows.read(self._query(influx_rows.select(measurement, condition))[0])

    def _sum_up_days(self, times: set[int], until: int) -> None:
        """The days that times are in and that are over; not those that begin within an hour of UTC."""
        for day in {self._day.around(t) for t in times}:
            if day.end <= until and not (day.begin % HOUR_MS or day.end % HOUR_MS):
                self._sum_up(day)

    def _sum_up(self, day: Span) -> None:
        """A whole day from its hours."""
        condition = influxql.where(*day, site=self._site)
        there = self._query(influx_rows.devices(ROLLED["hours"], condition))[0]
        for devices in _some(sorted({series["tags"]["device"] for series in there}), DEVICES_A_QUERY):
            asked = influx_rows.select(ROLLED["hours"], influxql.where(*day, devices=devices, site=self._site))
            rows = _grouped(influx_rows.read(self._query(asked)[0]), lambda row: (row.device, row.measure))
            days = [influx_rows.together(day.begin, some) for some in rows.values()]
            self._store(influx_rows.written(self._site, {ROLLED["days"]: days}))

    def _store(self, lines: Lines) -> None:
        if lines.text and (refused := self._send(lines)):
            raise HistorianUnavailable(f"the server refuses roll-ups: {refused[0].reason}")


def _some(all_: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(all_), most):
        yield all_[start : start + most]


def _grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found
