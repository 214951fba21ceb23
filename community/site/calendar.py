"""Calendars: when a rule holds, in the site's time zone with its daylight rules.

Night is 22:00 to 06:00 (《噪声污染防治法》第八十八条). Public holidays, and the weekend days that are worked for them,
are China's as the `holidays` library knows them; it knows a year once the State Council has announced it, and the site
file's `holidays` add to it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from community.site.listed import Weekday
from community.site.model import SiteFile
from community.site.rules import Holidays, Times

HORIZON_DAYS = 8
"""How far ahead an end is looked for; a calendar that holds longer is asked again then."""
BUILT_IN: Mapping[str, Times] = {
    "day": Times(hours=("06:00-22:00",)),
    "night": Times(hours=("22:00-06:00",)),
    "weekdays": Times(weekdays=tuple(Weekday)[:5]),
    "weekend": Times(weekdays=tuple(Weekday)[5:]),
    "workdays": Times(workday=True),
    "rest-days": Times(workday=False),
    "holiday": Times(holiday=True),
    "working-hours": Times(hours=("09:00-18:00",), workday=True),
}
"""Names every site has; a site's own calendar of the same name takes its place."""
_DAYS = tuple(Weekday)
_Span = tuple[int, int]


class Hours:
    """When some calendars hold, as one: while any of them does."""

    def __init__(self, rows: Iterable[Times], timezone: str, holidays: Holidays) -> None:
        self._rows = tuple(rows)
        self._zone = ZoneInfo(timezone)
        self._off = frozenset(_dates(holidays.off))
        self._working = frozenset(_dates(holidays.working))
        self._dates = [frozenset(_dates(row.dates)) for row in self._rows]
        self._known: tuple[int, int, bool] = (0, 0, False)
        self._of_day = lru_cache(maxsize=64)(self._spans)

    def at(self, t: int) -> tuple[bool, int]:
        """Whether they hold at `t` (Unix ms), and until when that is certain: their next edge, or a week ahead."""
        begin, end, inside = self._known
        if not begin <= t < end:
            inside, end = self._look(t)
            self._known = (t, end, inside)
        return inside, end

    def _look(self, t: int) -> tuple[bool, int]:
        today = datetime.fromtimestamp(t / 1000, self._zone).date()
        days = [today + timedelta(days=n) for n in range(-1, HORIZON_DAYS)]
        spans = sorted(span for day in days for span in self._of_day(day))
        horizon = self._instant(days[-1], time.min, fold=0)
        until = t
        for begin, end in spans:
            if begin <= until < end:
                until = end
        if until > t:
            return True, min(until, horizon)
        return False, min([begin for begin, _ in spans if begin > t], default=horizon)

    def _spans(self, day: date) -> tuple[_Span, ...]:
        return tuple(
            span
            for row, dates in zip(self._rows, self._dates, strict=True)
            if self._has(row, dates, day)
            for span in self._hours(row, day)
        )

    def _has(self, row: Times, dates: frozenset[date], day: date) -> bool:
        return (
            (not row.weekdays or _DAYS[day.weekday()] in row.weekdays)
            and (not row.dates or day in dates)
            and (row.holiday is None or row.holiday == self._is_holiday(day))
            and (row.workday is None or row.workday == self._is_workday(day))
        )

    def _hours(self, row: Times, day: date) -> Iterator[_Span]:
        for text in row.hours or ("00:00-24:00",):
            begin, _, end = text.partition("-")
            ends_next = end == "24:00" or end <= begin
            last = time.min if end == "24:00" else time.fromisoformat(end)
            yield (
                self._instant(day, time.fromisoformat(begin), fold=0),
                self._instant(day + timedelta(days=int(ends_next)), last, fold=1 if last > time.min else 0),
            )

    def _instant(self, day: date, at: time, *, fold: int) -> int:
        """Of an hour that comes twice when clocks go back, the first begins and the second ends a span."""
        return round(datetime.combine(day, at, self._zone).replace(fold=fold).timestamp() * 1000)

    def _is_holiday(self, day: date) -> bool:
        return day in self._off or (day not in self._working and _public(day)[0])

    def _is_workday(self, day: date) -> bool:
        return day in self._working or (day not in self._off and _public(day)[1])


def hours_of(file: SiteFile, names: Iterable[str]) -> Hours:
    """The named calendars of a site, as one.

    Raises:
        KeyError: there is no such calendar.
    """
    own = {row.id: row for row in file.calendars}
    rows = [own[name] if name in own else BUILT_IN[name] for name in names]
    return Hours(rows, file.site.timezone, file.holidays)


def calendar_names(file: SiteFile) -> list[str]:
    """Every name `during` may have."""
    return list(dict.fromkeys([*(row.id for row in file.calendars), *BUILT_IN]))


def _dates(texts: Iterable[str]) -> Iterator[date]:
    for text in texts:
        first, _, last = text.partition("..")
        day, end = date.fromisoformat(first), date.fromisoformat(last or first)
        while day <= end:
            yield day
            day += timedelta(days=1)


@lru_cache(maxsize=4096)
def _public(day: date) -> tuple[bool, bool]:
    """Whether a day is a public holiday of China, and whether people work on it."""
    china = _china()
    return day in china, china.is_working_day(day)


@lru_cache(maxsize=1)
def _china() -> Any:
    import holidays  # noqa: PLC0415 - half a second, and few sites ask

    return holidays.country_holidays("CN")
