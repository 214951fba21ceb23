"""Figures of a period: against a plain count, and nothing is claimed of what nobody counted."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.evaluation import HOUR_MS, KPIS, Measured, Period, Record, by_party, by_rule
from community.evidence import Rating
from community.past import PastAlarm, PastRound, PastTicket
from community.tickets import TicketState

DAY = 24 * HOUR_MS
BEGIN, END = 0, 30 * DAY
TICKET = PastTicket(
    source="rule:smoke:x", zone="z", state=TicketState.CLOSED, priority="low", reported_at=DAY, complete_by=3 * DAY,
    responded_at=DAY + HOUR_MS, ended_at=2 * DAY, facility="pump", party="p",
)  # fmt: skip
ALARM = PastAlarm(
    rule="smoke", zone="z", grade="medium", raised_at=DAY, acknowledged_at=DAY + 60_000, acknowledged_by="w"
)


def measured(kpi: str, **record: object) -> Measured:
    (found,) = [one for one in KPIS if one.id == kpi]
    return found.measure(Record(begin=BEGIN, until=END, **record))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "begin", "end", "before"),
    [
        ("2026-11", date(2026, 11, 1), date(2026, 12, 1), "2026-10"),
        ("2026-01", date(2026, 1, 1), date(2026, 2, 1), "2025-12"),
        ("2026-12", date(2026, 12, 1), date(2027, 1, 1), "2026-11"),
        ("2026-Q1", date(2026, 1, 1), date(2026, 4, 1), "2025-Q4"),
        ("2026-Q4", date(2026, 10, 1), date(2027, 1, 1), "2026-Q3"),
        ("2026", date(2026, 1, 1), date(2027, 1, 1), "2025"),
    ],
)
def test_periods_follow_the_calendar(name: str, begin: date, end: date, before: str) -> None:
    period = Period.parse(name)
    assert (period.begin, period.end, period.before.name) == (begin, end, before)


@pytest.mark.parametrize("name", ["", "2026-13", "2026-00", "2026-Q5", "26-01", "2026-1", "2026-11-01", "0001"])
def test_what_is_no_period_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no period"):
        Period.parse(name)


def test_a_month_with_a_moved_clock_is_an_hour_shorter() -> None:
    begin, end = Period.parse("2027-03").span("Europe/Berlin")
    assert end - begin == 31 * DAY - HOUR_MS


def test_a_figure_of_nothing_has_no_value() -> None:
    nothing = Record(begin=BEGIN, until=END)
    for kpi in KPIS:
        value = kpi.measure(nothing).value
        assert value in {None, 0}, kpi.id
        if kpi.unit:
            assert value is None, kpi.id
            assert kpi.met(value) is None


def test_who_was_never_answered_counts_as_waiting() -> None:
    waiting = replace(TICKET, responded_at=None, ended_at=None, state=TicketState.REPORTED)
    assert measured("response", tickets=[TICKET]) == Measured(HOUR_MS, 1)
    assert measured("response-in-time", tickets=[TICKET, waiting]) == Measured(50.0, 2)
    assert measured("response-over-a-day", tickets=[TICKET, waiting]) == Measured(1, 2)
    assert measured("response-p90", tickets=[TICKET] * 9 + [waiting]).value == HOUR_MS
    merged = replace(waiting, state=TicketState.MERGED)
    assert measured("response", tickets=[TICKET, merged]).n == 1
    new = replace(waiting, reported_at=END - HOUR_MS)
    assert measured("response", tickets=[new]) == Measured(None, 0), "nobody has answered, and nobody is late yet"


def test_work_is_complete_by_its_deadline_or_not() -> None:
    late = replace(TICKET, late=("complete",))
    cancelled = replace(late, state=TicketState.CANCELLED)
    later = replace(TICKET, complete_by=END + 1)
    walked = PastRound(route="r", planned_at=DAY, due_by=2 * DAY, ended_at=2 * DAY)
    missed = replace(walked, ended_at=None)
    found = measured("completion", tickets=[TICKET, late, cancelled, later], rounds=[walked, missed])
    assert found == Measured(50.0, 4)
    finding = replace(TICKET, source="inspection:r-1")
    assert measured("rectification", tickets=[finding, replace(finding, ended_at=4 * DAY), TICKET]) == Measured(50.0, 2)


def test_satisfaction_is_of_who_rated_in_the_period() -> None:
    rated = [replace(TICKET, rating=Rating(at=at, stars=stars)) for at, stars in ((DAY, 5), (DAY, 3), (END + 1, 1))]
    assert measured("satisfaction", tickets=rated) == Measured(50.0, 2)


@given(st.lists(st.tuples(st.integers(-5, 35), st.integers(0, 20)), max_size=6))
def test_availability_is_the_share_of_days_without_an_open_fault(spans: list[tuple[int, int]]) -> None:
    """Whole days, so that a plain count of days is the same."""
    tickets = [replace(TICKET, reported_at=a * DAY, ended_at=(a + n) * DAY) for a, n in spans]
    down = {day for a, n in spans for day in range(a, a + n) if 0 <= day < 30}
    found = measured("availability", tickets=tickets, facilities=["pump", "lift"])
    assert found.value == pytest.approx(100 - 100 * len(down) / 60, abs=0.01)


def test_maintenance_is_no_fault() -> None:
    planned = replace(TICKET, source="schedule:weekly:pump:2026-11-01")
    assert measured("availability", tickets=[planned], facilities=["pump"]).value == 100


def test_alarms_parties_and_rules() -> None:
    unseen = replace(ALARM, rule="heat", grade="high", acknowledged_at=None, acknowledged_by=None)
    record = Record(begin=BEGIN, until=END, alarms=[ALARM, ALARM, unseen], tickets=[TICKET, replace(TICKET, party="q")])
    assert by_rule(record) == [("smoke", "medium", 2), ("heat", "high", 1)]
    assert [(one.party, one.tickets, one.completed) for one in by_party(record)] == [("p", 1, 100.0), ("q", 1, 100.0)]
    assert measured("alarms-acknowledged", alarms=[ALARM, unseen]) == Measured(50.0, 2)
    assert measured("alarm-response", alarms=[ALARM, unseen]) == Measured(60_000, 1)
