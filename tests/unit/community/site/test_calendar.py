"""Calendars: hours and days in the site's time zone, with its daylight rules and China's public holidays."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.site.calendar import BUILT_IN, Hours
from community.site.rules import Holidays, Times

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"
WEEK_MS = 86_400_000 * 6 - 3_600_000
"""Where nothing ends, it is looked at again at a midnight no nearer than this; clocks may go forward meanwhile."""


def holds(at: str, timezone: str = SHANGHAI, holidays: Holidays | None = None, **row: Any) -> bool:
    return Hours([Times(**row)], timezone, holidays or Holidays()).at(ms(at, timezone))[0]


def ms(at: str, timezone: str = SHANGHAI) -> int:
    return round(datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(timezone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("at", "row", "expected"),
    [
        ("2026-11-23 22:00", {"hours": "22:00-06:00"}, True),
        ("2026-11-24 05:59", {"hours": "22:00-06:00"}, True),
        ("2026-11-24 06:00", {"hours": "22:00-06:00"}, False),
        ("2026-11-21 05:00", {"hours": "22:00-06:00", "weekdays": "fri"}, True),  # Friday's night, on Saturday
        ("2026-11-22 05:00", {"hours": "22:00-06:00", "weekdays": "fri"}, False),
        ("2026-11-20 12:30", {"hours": ["08:00-12:00", "13:00-17:00"]}, False),
        ("2026-11-20 23:59", {"hours": "12:00-24:00"}, True),
        ("2026-07-31 12:00", {"dates": ["2026-07-01..2026-07-31", "2026-10-01"]}, True),
        ("2026-08-01 00:00", {"dates": ["2026-07-01..2026-07-31", "2026-10-01"]}, False),
        ("2026-10-07 12:00", {"holiday": True}, True),
        ("2026-10-08 12:00", {"holiday": True}, False),
        ("2026-10-10 12:00", {"workday": True}, True),  # a Saturday that is worked for National Day
        ("2026-10-17 12:00", {"workday": True}, False),
        ("2026-10-06 12:00", {"workday": True}, False),
    ],
)
def test_when_it_holds(at: str, row: dict[str, Any], expected: bool) -> None:
    assert holds(at, **row) is expected


def test_the_site_lists_days_that_were_announced_since() -> None:
    announced = Holidays(off=("2027-02-11..2027-02-12",), working=("2027-02-20",))
    assert holds("2027-02-11 10:00", holidays=announced, holiday=True)
    assert not holds("2027-02-12 10:00", holidays=announced, workday=True)
    assert holds("2027-02-20 10:00", holidays=announced, workday=True)


def test_clocks_that_change_keep_the_hours_on_the_wall() -> None:
    assert holds("2026-03-29 05:59", BERLIN, hours="22:00-06:00")
    assert not holds("2026-03-29 06:00", BERLIN, hours="22:00-06:00")
    night = Hours([BUILT_IN["night"]], BERLIN, Holidays())
    spring, autumn = ms("2026-03-28 22:00", BERLIN), ms("2026-10-24 22:00", BERLIN)
    assert night.at(spring) == (True, spring + 7 * 3_600_000)
    assert night.at(autumn) == (True, autumn + 9 * 3_600_000)


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 30)),  # noqa: DTZ001
    st.sampled_from([*BUILT_IN.values(), Times(hours=("01:30-02:30",)), Times(hours=("00:00-24:00",), holiday=False)]),
    st.sampled_from([SHANGHAI, BERLIN]),
    st.floats(0, 1, exclude_max=True),
)
def test_what_holds_until_an_edge_holds_all_the_time_before_it(
    at: datetime, row: Times, timezone: str, part: float
) -> None:
    hours = Hours([row], timezone, Holidays())
    t = round(at.replace(tzinfo=ZoneInfo(timezone)).timestamp() * 1000)
    inside, until = hours.at(t)
    assert t < until <= t + timedelta(days=9) / timedelta(milliseconds=1)
    between = t + int((until - t) * part)
    assert Hours([row], timezone, Holidays()).at(between) == (inside, until) or until - t > WEEK_MS
    assert Hours([row], timezone, Holidays()).at(between)[0] == inside
