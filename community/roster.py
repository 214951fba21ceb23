"""Who is on duty: shifts in the site's time zone, turns, public holidays, substitutes and swaps."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from community.site.duty import WEEKDAYS, DayKind, Roster, Rota, Shift, minutes_of
from community.training import Barred, fit

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterChange:
    """From one time to another, `out` is not on duty and `in_` is; of a swap there are two."""

    id: str
    site: str
    duty: str
    since: int
    until: int
    """Unix ms; `until` no longer belongs to it."""
    out: str
    in_: str | None
    """None: nobody takes over."""
    by: str
    reason: str
    at: int
    withdrawn: bool = False
    request: str | None = None
    """What `out` asked `in_` for; the two changes of a swap have the same. None: somebody with the right made it."""
    accepted: bool | None = None
    """Of a request: what `in_` answered; None: nothing yet."""
    answered_at: int | None = None
    version: int = 1

    @property
    def counts(self) -> bool:
        """Whether the roster goes by it."""
        return not self.withdrawn and (self.request is None or self.accepted is True)

    @property
    def waits(self) -> bool:
        """Whether it was asked for and not answered."""
        return not self.withdrawn and self.request is not None and self.accepted is None


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of a duty by the same people (Unix ms)."""

    duty: str
    shift: str
    since: int
    until: int
    people: tuple[str, ...]
    changed: bool = False


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is on record beside the site file, and decides with it who is on duty."""

    changes: Sequence[RosterChange] = ()
    barred: Barred = frozenset()


def on_duty(roster: Roster, timezone: str, duty: str, at: int, record: OnRecord = OnRecord()) -> tuple[str, ...]:
    """The people on duty for `duty` at a time (Unix ms), in the order they are to be called.

    Whoever lacks a training the duty is not done without is left out, unless nobody else is on duty.
    """
    return fit(duty, rostered(roster, timezone, duty, at, record.changes), record.barred)


def all_on_duty(roster: Roster, timezone: str, at: int, record: OnRecord = OnRecord()) -> dict[str, tuple[str, ...]]:
    """By duty, as `on_duty` says of each: the days around are gone through once."""
    found: dict[str, dict[str, None]] = {}
    for spell in _spells(roster, timezone, at, at + 1):
        if spell.since <= at < spell.until:
            found.setdefault(spell.duty, {}).update(dict.fromkeys(_changed(spell, at, record.changes)))
    return {duty: fit(duty, tuple(people), record.barred) for duty, people in found.items()}


def rostered(
    roster: Roster, timezone: str, duty: str, at: int, changes: Sequence[RosterChange] = ()
) -> tuple[str, ...]:
    """Whom the roster names for `duty` at a time (Unix ms), whatever they have learned."""
    found: dict[str, None] = {}
    for spell in _spells(roster, timezone, at, at + 1):
        if spell.duty == duty and spell.since <= at < spell.until:
            found.update(dict.fromkeys(_changed(spell, at, changes)))
    return tuple(found)


def spells(roster: Roster, timezone: str, since: int, until: int, changes: Sequence[RosterChange] = ()) -> list[Spell]:
    """Every stretch of duty that touches a span of time, cut where a change begins or ends; by time and duty."""
    found: list[Spell] = []
    for spell in _spells(roster, timezone, since, until):
        mine = [c for c in changes if c.counts and c.duty == spell.duty and c.out in spell.people]
        cuts = {spell.since, spell.until}
        cuts.update(t for c in mine for t in (c.since, c.until) if spell.since < t < spell.until)
        edges = sorted(cuts)
        for begin, end in pairwise(edges):
            people = _changed(spell, begin, changes)
            found.append(Spell(spell.duty, spell.shift, begin, end, people, people != spell.people))
    return sorted((s for s in found if s.until > since and s.since < until), key=lambda s: (s.since, s.duty))


def duty_begins(
    roster: Roster, timezone: str, person: str, since: int, until: int, changes: Sequence[RosterChange] = ()
) -> int | None:
    """From when somebody is on duty for anything, in a span of time (Unix ms); None: not in it.

    Whether their training still counts is not asked: nobody rostered is kept from news.
    """
    found = spells(roster, timezone, since, max(until, since + 1), changes)
    return next((max(s.since, since) for s in found if person in s.people), None)


def gaps(roster: Roster, duty: str) -> list[tuple[DayKind, str, str, bool]]:
    """The times of a week in which nobody does `duty`: weekday, from, to, whether the day is a holiday."""
    found: list[tuple[DayKind, str, str, bool]] = []
    for holiday in (False, True):
        for number, weekday in enumerate(WEEKDAYS):
            free = _free_minutes(roster, duty, number, holiday)
            known = {(day, begin, end) for day, begin, end, _ in found}
            found += [(weekday, begin, end, holiday) for begin, end in free if (weekday, begin, end) not in known]
    return found


def is_rest_day(day: date, country: str) -> bool:
    """A weekend or public holiday; a weekend day that is worked in exchange (调休) is none."""
    return not _calendar(country).is_working_day(day)


def knows_holidays(country: str) -> bool:
    """Whether the public holidays of a country are known."""
    from holidays.registry import EntityLoader  # noqa: PLC0415 - a tenth of a second; the countries are more

    return country in EntityLoader.get_country_codes()


@lru_cache(maxsize=8)
def _calendar(country: str) -> Any:
    import holidays  # noqa: PLC0415 - half a second, and few ask

    return holidays.country_holidays(country)


def _changed(spell: Spell, at: int, changes: Iterable[RosterChange]) -> tuple[str, ...]:
    people = list(spell.people)
    for change in sorted(changes, key=lambda c: (c.at, c.id)):
        applies = change.counts and change.duty == spell.duty and change.since <= at < change.until
        if applies and change.out in people:
            place = people.index(change.out)
            people[place : place + 1] = [] if change.in_ is None or change.in_ in people else [change.in_]
    return tuple(people)


def _spells(roster: Roster, timezone: str, since: int, until: int) -> Iterator[Spell]:
    zone = ZoneInfo(timezone)
    shifts = {shift.id: shift for shift in roster.shifts}
    day = _local(since, zone).date() - _DAY
    last = _local(until, zone).date()
    while day <= last:
        for row in roster.rota:
            if row.days and not _falls_on(row.days, day.weekday(), is_rest_day(day, roster.holidays)):
                continue
            begin, end = _bounds(shifts[row.shift], day, zone)
            yield Spell(row.duty, row.shift, begin, end, _turn(row, day))
        day += _DAY


def _local(at: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, zone)


def _bounds(shift: Shift, day: date, zone: ZoneInfo) -> tuple[int, int]:
    begin, end = minutes_of(shift.from_), minutes_of(shift.to)
    return _ms(day, begin, zone), _ms(day if end > begin else day + _DAY, end, zone)


def _ms(day: date, minutes: int, zone: ZoneInfo) -> int:
    moment = datetime.combine(day, time(minutes // 60, minutes % 60), zone)
    return round(moment.astimezone(UTC).timestamp() * 1000)


def _turn(row: Rota, day: date) -> tuple[str, ...]:
    if row.turn == "together" or row.since is None or not row.people:
        return row.people
    days = (day - row.since).days
    place = (days if row.turn == "daily" else days // 7) % len(row.people)
    return (row.people[place],)


def _falls_on(days: Sequence[DayKind], weekday: int, rest: bool) -> bool:
    return WEEKDAYS[weekday] in days or ("rest-days" if rest else "workdays") in days


def _free_minutes(roster: Roster, duty: str, weekday: int, holiday: bool) -> list[tuple[str, str]]:
    shifts = {shift.id: shift for shift in roster.shifts}
    taken: list[tuple[int, int]] = []
    for row in roster.rota:
        shift = shifts.get(row.shift)
        if row.duty != duty or shift is None or not row.people:
            continue
        begin, end = minutes_of(shift.from_), minutes_of(shift.to)
        over = end <= begin
        for offset in (-1, 0):
            number = (weekday + offset) % 7
            if row.days and not _falls_on(row.days, number, holiday or number >= 5):
                continue
            if offset == 0:
                taken.append((begin, 1440 if over else end))
            elif over:
                taken.append((0, end))
    free, at = [], 0
    for begin, end in sorted(taken):
        if begin > at:
            free.append((at, begin))
        at = max(at, end)
    if at < 1440:
        free.append((at, 1440))
    return [(_clock(begin), _clock(end)) for begin, end in free]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
