"""How a community is run, in figures, of a month, a quarter or a year (guide ch. 2, 4, 6, 8).

Goals are the guide's. A figure of which there is nothing to count has no value: it is neither met nor missed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import ceil
from statistics import median
from zoneinfo import ZoneInfo

from community.past import PastAlarm, PastRound, PastTicket
from community.tickets import TicketState

HOUR_MS = 3_600_000
PROMISED_MS = 2 * HOUR_MS
NEVER_OVER_MS = 24 * HOUR_MS
SATISFIED = 4
"""Stars from which on somebody is satisfied."""
_PERIOD = re.compile(r"(\d{4})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])))?")
_DROPPED = frozenset({TicketState.CANCELLED, TicketState.MERGED})
_FAULTS = ("rule:", "alarm:", "inspection:", "resident:", "person:", "plan:")
"""Tickets that say something is wrong; those of a schedule or a reminder do not."""


@dataclass(frozen=True, slots=True)
class Period:
    """A month `2026-11`, a quarter `2026-Q4` or a year `2026`, by the calendar of the site."""

    name: str
    begin: date
    end: date
    """The first day after it."""

    @classmethod
    def parse(cls, name: str) -> "Period":
        """The period of a name.

        Raises:
            ValueError: it is none.
        """
        found = _PERIOD.fullmatch(name)
        if found is None or not 1970 <= int(found[1]) <= 2999:
            raise ValueError(f"'{name}' is no period: write a month as 2026-11, a quarter as 2026-Q4, a year as 2026")
        year, month = int(found[1]), int(found[2] or 0)
        if month:
            return cls(name, date(year, month, 1), _first(year, month + 1))
        if found[3]:
            first = int(found[3]) * 3 - 2
            return cls(name, date(year, first, 1), _first(year, first + 3))
        return cls(name, date(year, 1, 1), date(year + 1, 1, 1))

    @property
    def before(self) -> "Period":
        """The one before it."""
        year, month = (last := self.begin - timedelta(days=1)).year, last.month
        if len(self.name) == 4:
            return Period.parse(str(year))
        return Period.parse(f"{year}-Q{(month + 2) // 3}" if "Q" in self.name else f"{year}-{month:02}")

    def span(self, timezone: str) -> tuple[int, int]:
        """From and to (Unix ms), midnight to midnight where the site is."""
        zone = ZoneInfo(timezone)
        begin, end = (datetime.combine(day, time.min, zone).timestamp() for day in (self.begin, self.end))
        return round(begin * 1000), round(end * 1000)


def _first(year: int, month: int) -> date:
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is on record of a period and before; times in Unix ms."""

    begin: int
    until: int
    """Its end, or now if that comes first."""
    tickets: Sequence[PastTicket] = ()
    """Also those reported before it: they may have been due, or open, in it."""
    rounds: Sequence[PastRound] = ()
    alarms: Sequence[PastAlarm] = ()
    """Raised in it."""
    facilities: Sequence[str] = ()
    zones: Mapping[str, bool] = field(default_factory=dict)
    """The zones that have no other inside, and whether a sensor is there that was heard."""
    drills_held: int = 0
    drills_overdue: int = 0
    trainings: int = 0
    qualified: tuple[int, int] = (0, 0)
    """People's qualifications that are valid, of those that are needed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure's value and of how many things it is."""

    value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure: its name, unit, goal, and how it is worked out."""

    id: str
    unit: str
    """`%`, `ms` or nothing."""
    measure: Callable[[Record], Measured]
    goal: float | None = None
    lower: bool = False
    """Whether less is better."""

    def met(self, value: float | None) -> bool | None:
        """None: there is no goal, or nothing to measure."""
        if self.goal is None or value is None:
            return None
        return value <= self.goal if self.lower else value >= self.goal


def _share(good: int, n: int) -> Measured:
    return Measured(round(100 * good / n, 1) if n else None, n)


def _within(record: Record, at: int | None) -> bool:
    return at is not None and record.begin <= at < record.until


def _answers(record: Record) -> list[int]:
    """How long people waited for a first answer, of what was reported in the period.

    Who waits still counts once it has been longer than was promised: before that nothing can be said of them.
    """
    some = [t for t in record.tickets if _within(record, t.reported_at) and t.state not in _DROPPED]
    waits = [t.responded_at - t.opened_at for t in some if t.responded_at is not None]
    still = [record.until - t.opened_at for t in some if t.responded_at is None]
    return waits + [wait for wait in still if wait > PROMISED_MS]


def _answered_in_time(record: Record) -> Measured:
    waits = _answers(record)
    return _share(sum(wait <= PROMISED_MS for wait in waits), len(waits))


def _answer_median(record: Record) -> Measured:
    waits = _answers(record)
    return Measured(median(waits) if waits else None, len(waits))


def _answer_p90(record: Record) -> Measured:
    waits = sorted(_answers(record))
    return Measured(waits[ceil(len(waits) * 0.9) - 1] if waits else None, len(waits))


def _over_a_day(record: Record) -> Measured:
    waits = _answers(record)
    return Measured(sum(wait > NEVER_OVER_MS for wait in waits) if waits else None, len(waits))


def _due(record: Record) -> list[PastTicket]:
    return [t for t in record.tickets if _within(record, t.complete_by) and t.state not in _DROPPED]


def _completion(record: Record) -> Measured:
    done = ["complete" not in t.late for t in _due(record)]
    done += [
        r.ended_at is not None and r.due_by is not None and r.ended_at <= r.due_by
        for r in record.rounds
        if _within(record, r.due_by)
    ]
    return _share(sum(done), len(done))


def _rectification(record: Record) -> Measured:
    findings = [t for t in _due(record) if t.source.startswith("inspection:")]
    return _share(sum(t.ended_at is not None and t.ended_at <= t.complete_by for t in findings), len(findings))


def _satisfaction(record: Record) -> Measured:
    stars = [t.rating.stars for t in record.tickets if t.rating is not None and _within(record, t.rating.at)]
    return _share(sum(one >= SATISFIED for one in stars), len(stars))


def _coverage(record: Record) -> Measured:
    return _share(sum(record.zones.values()), len(record.zones))


def _availability(record: Record) -> Measured:
    """The time of all facilities without an open fault."""
    length = record.until - record.begin
    faults: dict[str, list[tuple[int, int]]] = {name: [] for name in record.facilities}
    for ticket in record.tickets:
        if ticket.facility in faults and ticket.source.startswith(_FAULTS) and ticket.state not in _DROPPED:
            end = ticket.ended_at if ticket.ended_at is not None else record.until
            faults[ticket.facility].append((max(ticket.reported_at, record.begin), min(end, record.until)))
    if not faults or length <= 0:
        return Measured(None, len(faults))
    down = sum(_covered(spans) for spans in faults.values())
    return Measured(round(100 - 100 * down / (length * len(faults)), 2), len(faults))


def _covered(spans: Iterable[tuple[int, int]]) -> int:
    """How long spans last together; what two share counts once."""
    total = at = 0
    for begin, end in sorted(spans):
        if end > max(begin, at):
            total, at = total + end - max(begin, at), end
    return total


def _alarms_seen(record: Record) -> Measured:
    return _share(sum(a.acknowledged_by is not None for a in record.alarms), len(record.alarms))


def _alarm_answer(record: Record) -> Measured:
    waits = [a.acknowledged_at - a.raised_at for a in record.alarms if a.acknowledged_at is not None]
    return Measured(median(waits) if waits else None, len(waits))


KPIS = (
    Kpi("coverage", "%", _coverage, 90),
    Kpi("response", "ms", _answer_median, PROMISED_MS, lower=True),
    Kpi("response-p90", "ms", _answer_p90),
    Kpi("response-in-time", "%", _answered_in_time),
    Kpi("response-over-a-day", "", _over_a_day, 0, lower=True),
    Kpi("satisfaction", "%", _satisfaction, 85),
    Kpi("completion", "%", _completion, 95),
    Kpi("rectification", "%", _rectification, 88.7),
    Kpi("availability", "%", _availability),
    Kpi("tickets", "", lambda r: _count(_within(r, t.reported_at) for t in r.tickets)),
    Kpi("alarms-high", "", lambda r: _count(a.grade == "high" for a in r.alarms)),
    Kpi("alarms", "", lambda r: _count(True for _ in r.alarms)),
    Kpi("alarms-acknowledged", "%", _alarms_seen),
    Kpi("alarm-response", "ms", _alarm_answer),
    Kpi("drills", "", lambda r: Measured(r.drills_held, r.drills_held)),
    Kpi("drills-overdue", "", lambda r: Measured(r.drills_overdue, r.drills_overdue), 0, lower=True),
    Kpi("trainings", "", lambda r: Measured(r.trainings, r.trainings)),
    Kpi("qualified", "%", lambda r: _share(*r.qualified), 100),
)


def _count(found: Iterable[bool]) -> Measured:
    n = sum(found)
    return Measured(n, n)


@dataclass(frozen=True, slots=True)
class PartyFigures:
    """What became of the tickets of one responsible party."""

    party: str
    tickets: int
    answer_ms: float | None
    completed: float | None
    """Percent of those due."""


def by_party(record: Record) -> list[PartyFigures]:
    """Each party that had tickets, the most first."""
    groups: dict[str, list[PastTicket]] = {}
    for ticket in record.tickets:
        if ticket.party is not None:
            groups.setdefault(ticket.party, []).append(ticket)
    found = []
    for party, tickets in groups.items():
        mine = Record(begin=record.begin, until=record.until, tickets=tickets)
        n = sum(_within(record, t.reported_at) for t in tickets)
        if n or _due(mine):
            found.append(PartyFigures(party, n, _answer_median(mine).value, _completion(mine).value))
    return sorted(found, key=lambda one: (-one.tickets, one.party))


def by_rule(record: Record) -> list[tuple[str, str, int]]:
    """Each rule that alarmed: its id, its grade and how often, the most often first."""
    groups: dict[tuple[str, str], int] = {}
    for alarm in record.alarms:
        groups[alarm.rule, alarm.grade] = groups.get((alarm.rule, alarm.grade), 0) + 1
    return sorted(((rule, grade, n) for (rule, grade), n in groups.items()), key=lambda row: (-row[2], row[0]))
