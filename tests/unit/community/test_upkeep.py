"""The planner: a year of every kind of schedule in moments, whatever clocks, daylight rules and restarts do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from community.recurrence import Recurrence
from community.renewal import renewals
from community.site.model import SiteFile
from community.site.upkeep import Facility
from community.upkeep import MOST_MISSED, Deadline, Due, Planner
from community.usage import LONGEST_GAP_MS, Usage, count

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000
DAY = 24 * HOUR
SCHEDULES = [
    {
        "id": "daily",
        "name": {"zh": "日检"},
        "facilities": "pump",
        "every": "FREQ=DAILY",
        "at": "02:30",
        "within": "12h",
    },
    {"id": "weekly", "name": {"zh": "周检"}, "facilities": ["pump", "lift"], "every": "FREQ=WEEKLY;BYDAY=MO"},
    {
        "id": "monthly",
        "name": {"zh": "月检"},
        "facilities": "lift",
        "every": "FREQ=MONTHLY;BYMONTHDAY=-1",
        "at": "23:30",
    },
    {
        "id": "quarterly",
        "name": {"zh": "季检"},
        "facilities": "pump",
        "every": "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=15",
        "since": "2025-12-01",
    },
    {"id": "yearly", "name": {"zh": "年检"}, "facilities": "lift", "every": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"},
    {"id": "oil", "name": {"zh": "换油"}, "facilities": "pump", "running": {"point": "pump.on", "every": "500h"}},
    {"id": "seal", "name": {"zh": "密封"}, "facilities": "pump", "starts": {"point": "pump.on", "every": 100}},
]


def ms(*parts: int, zone: ZoneInfo = BERLIN) -> int:
    year, month, day, hour = (*parts, 0)[:4]
    return round(datetime(year, month, day, hour, tzinfo=zone).timestamp() * 1000)


def site(schedules: object = SCHEDULES, **more: object) -> SiteFile:
    facility = {"zone": "z", "party": "p"}
    return SiteFile.model_validate(
        {
            "site": {"id": "test", "name": {"zh": "测试"}, "timezone": "Europe/Berlin"},
            "zones": [{"id": "z", "name": {"zh": "区"}, "kind": "building"}],
            "gateways": [],
            "facilities": [
                {"id": "pump", "name": {"zh": "水泵", "en": "Pump"}, **facility},
                {"id": "lift", "name": {"zh": "电梯", "en": "Lift"}, **facility},
            ],
            "schedules": schedules,
            **more,
        }
    )


class World:
    """Deadlines as a database would keep them, and each thing that was made once by its source."""

    def __init__(self, file: SiteFile) -> None:
        self.file = file
        self.planner = Planner(file)
        self.deadlines: dict[str, Deadline] = {}
        self.made: dict[str, Due] = {}
        self.again = 0

    def look(self, now: int, usage: Usage | None = None, *, killed: bool = False) -> list[Due]:
        """One look; `killed` before it was committed."""
        kept, due = self.planner.plan(self.deadlines, {"pump.on": usage or Usage()}, now)
        if killed:
            return []
        self.deadlines = {row.id: row for row in kept}
        new = [one for one in due if one.source not in self.made]
        self.again += len(due) - len(new)
        self.made |= {one.source: one for one in new}
        return new

    def of(self, schedule: str) -> list[Due]:
        return [one for source, one in self.made.items() if source.startswith(f"schedule:{schedule}:")]


def test_a_year_of_every_schedule() -> None:
    world, usage = World(site()), Usage()
    begin, end = ms(2028, 1, 1), ms(2029, 1, 1, 2)
    for now in range(begin, end, 2 * HOUR):
        usage = Usage(at=now, running_ms=(now - begin) // 4, starts=(now - begin) // (6 * HOUR))
        for one in world.look(now, usage):
            assert 0 <= now - one.at < 2 * HOUR, one
            assert not one.late or now - one.at > HOUR
    daily = [datetime.fromtimestamp(one.at / 1000, BERLIN) for one in world.of("daily")]
    days = [date(2028, 1, 1) + timedelta(days=n) for n in range(366)]
    assert [at.date() for at in daily[:366]] == days, "one a day, on both days the clocks are moved too"
    odd = {at.date(): (at.hour, at.minute) for at in daily if (at.hour, at.minute) != (2, 30)}
    assert odd == {date(2028, 3, 26): (3, 30)}, "02:30 is left out that day"
    assert all(one.due_by - one.at == 12 * HOUR for one in world.of("daily"))
    again = next(at for at in daily if at.date() == date(2028, 10, 29))
    assert again.utcoffset() == timedelta(hours=2), "of an hour that comes twice, the first"
    weekly = world.of("weekly")
    assert len(weekly) == 2 * 52
    assert {datetime.fromtimestamp(one.at / 1000, BERLIN).strftime("%a %H:%M") for one in weekly} == {"Mon 08:00"}
    assert all(one.due_by - one.at == 7 * DAY for one in weekly)
    assert [datetime.fromtimestamp(one.at / 1000, BERLIN).day for one in world.of("monthly")] == [
        31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    ]  # fmt: skip
    assert [datetime.fromtimestamp(one.at / 1000, BERLIN).month for one in world.of("quarterly")] == [3, 6, 9, 12]
    assert [one.source for one in world.of("yearly")] == ["schedule:yearly:lift:2028-02-29"]
    assert [one.figure for one in world.of("oil")] == [500.0, 1000.0, 1500.0, 2000.0]
    assert len(world.of("seal")) == 14
    assert world.again == 0


def test_what_was_missed_is_made_once_and_marked_late() -> None:
    world = World(site())
    world.look(ms(2028, 1, 3, 12))
    found = world.look(ms(2028, 1, 20, 12))
    assert [one.late for one in found if one.source.startswith("schedule:weekly:pump")] == [True, True]
    daily = [one for one in found if one.source.startswith("schedule:daily")]
    assert (len(daily), daily[0].skipped, daily[-1].source) == (MOST_MISSED, 5, "schedule:daily:pump:2028-01-20")
    assert world.look(ms(2028, 1, 20, 12)) == []


def test_a_first_look_makes_nothing_of_the_past() -> None:
    assert World(site()).look(ms(2028, 6, 1)) == []


def test_a_clock_that_jumps_ahead_and_back_costs_no_later_time() -> None:
    world = World(site())
    world.look(ms(2028, 1, 3))
    world.look(ms(2036, 1, 3))  # a battery is empty
    world.look(ms(2028, 1, 3, 1))
    new = world.look(ms(2028, 1, 4, 3))
    assert {one.source for one in new} == {
        "schedule:daily:pump:2028-01-03",
        "schedule:daily:pump:2028-01-04",
        "schedule:weekly:pump:2028-01-03",
        "schedule:weekly:lift:2028-01-03",
    }


def test_a_rule_that_was_changed_holds_at_once() -> None:
    world = World(site([{**SCHEDULES[1], "every": "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=1"}]))
    world.look(ms(2028, 1, 3))
    world.planner = Planner(site([{**SCHEDULES[1], "every": "FREQ=DAILY"}]))
    assert world.look(ms(2028, 1, 3, 7)) == []
    assert {one.source for one in world.look(ms(2028, 1, 3, 9))} == {
        "schedule:weekly:pump:2028-01-03",
        "schedule:weekly:lift:2028-01-03",
    }


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(-3 * 24, 10 * 24), st.booleans()), min_size=1, max_size=25))
def test_no_restart_and_no_jump_makes_anything_twice_or_loses_it(moves: list[tuple[int, bool]]) -> None:
    """Hours the clock moves by, also back, and whether the process is killed before it commits."""
    world = World(site(SCHEDULES[:2]))
    now = latest = begin = ms(2028, 3, 1)
    world.look(now)
    for hours, killed in moves:
        now += hours * HOUR
        world.look(now, killed=killed)
        latest = max(latest, now)
    world.look(latest)
    expected = Recurrence("FREQ=DAILY", "02:30", date(2020, 1, 1), "Europe/Berlin").between(begin + 1, latest)
    days = [datetime.fromtimestamp(at / 1000, BERLIN).date().isoformat() for at in expected]
    made = {one.source.rpartition(":")[2] for one in world.of("daily")}
    assert set(days[-MOST_MISSED:]) <= made
    assert made <= set(days) | {"2028-02-29", *_days_before(begin)}


def _days_before(begin: int) -> set[str]:
    return {datetime.fromtimestamp(begin / 1000 - n * 86400, UTC).date().isoformat() for n in range(90)}


def test_running_counts_only_what_is_known() -> None:
    usage = Usage()
    for t, x in ((1, 0.0), (60_001, 1.0), (120_001, 1.0), (90_001, 0.0), (180_001, 0.0), (200_001, 0.0)):
        usage = count(usage, t, x)
    assert (usage.running_ms, usage.starts) == (120_000, 1)
    usage = count(count(usage, 300_001, 1.0), 300_002 + LONGEST_GAP_MS, 1.0)
    assert (usage.running_ms, usage.starts) == (120_000, 2), "nobody knows whether it ran through the silence"


@given(st.lists(st.tuples(st.integers(1, 10_000_000), st.sampled_from([0.0, 1.0]))))
def test_counting_again_changes_nothing(readings: list[tuple[int, float]]) -> None:
    readings.sort()
    usage = Usage()
    for t, x in readings:
        usage = count(usage, t, x)
    again = usage
    for t, x in readings:
        again = count(again, t, x)
    assert again == usage


@pytest.mark.parametrize(
    ("row", "due"),
    [
        ({"installed": "2019-09-01", "life": "12y"}, date(2031, 9, 1)),
        ({"installed": "2024-02-29", "life": "5y"}, date(2029, 2, 28)),
        ({"installed": "2020-01-31"}, date(2035, 1, 31)),
        ({"installed": "2022-10-01", "category": "service-centre"}, date(2027, 10, 1)),
    ],
)
def test_the_end_of_life(row: dict[str, str], due: date) -> None:
    facility = Facility.model_validate({"id": "f", "name": {"zh": "设施"}, "zone": "z", "party": "p", **row})
    assert [renewal.due for renewal in renewals([facility])] == [due]
