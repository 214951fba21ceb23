"""Who is on duty: over midnight, holidays, moved workdays, clock changes, turns and stand-ins."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from community.roster import OnRecord, RosterChange, all_on_duty, gaps, is_rest_day, on_duty, spells
from community.site.duty import Roster

SHANGHAI = "Asia/Shanghai"
SHIFTS = [
    {"id": "day", "name": {"zh": "白班"}, "from": "08:00", "to": "20:00"},
    {"id": "night", "name": {"zh": "夜班"}, "from": "20:00", "to": "08:00"},
]
ROSTER = Roster.model_validate(
    {
        "shifts": SHIFTS,
        "duties": [{"id": "maintenance", "name": {"zh": "维修"}}, {"id": "manager", "name": {"zh": "经理"}}],
        "rota": [
            {"duty": "maintenance", "shift": "day", "people": ["a", "b"], "turn": "daily", "since": "2026-01-05"},
            {"duty": "maintenance", "shift": "night", "people": ["c"]},
            {"duty": "manager", "shift": "day", "days": ["workdays"], "people": ["m"]},
            {"duty": "manager", "shift": "day", "days": ["rest-days"], "people": ["w"]},
        ],
    }
)


def at(text: str, zone: str = SHANGHAI) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def test_shifts_meet_at_their_edge_and_go_over_midnight() -> None:
    assert on_duty(ROSTER, SHANGHAI, "maintenance", at("2026-01-05T08:00")) == ("a",)
    assert on_duty(ROSTER, SHANGHAI, "maintenance", at("2026-01-05T19:59:59")) == ("a",)
    assert on_duty(ROSTER, SHANGHAI, "maintenance", at("2026-01-05T20:00")) == ("c",)
    assert on_duty(ROSTER, SHANGHAI, "maintenance", at("2026-01-06T03:00")) == ("c",)
    assert on_duty(ROSTER, SHANGHAI, "maintenance", at("2026-01-06T08:00")) == ("b",)


def test_national_day_is_no_workday_and_a_saturday_worked_in_exchange_is_one() -> None:
    assert on_duty(ROSTER, SHANGHAI, "manager", at("2026-10-01T10:00")) == ("w",)
    assert on_duty(ROSTER, SHANGHAI, "manager", at("2026-02-14T10:00")) == ("m",)
    assert is_rest_day(datetime(2026, 2, 21, tzinfo=UTC).date(), "CN")


def test_a_stand_in_takes_the_place_for_as_long_as_said_and_no_longer() -> None:
    change = RosterChange(
        id="r-1",
        site="s",
        duty="maintenance",
        since=at("2026-01-05T10:00"),
        until=at("2026-01-05T12:00"),
        out="a",
        in_="z",
        by="manager",
        reason="ill",
        at=0,
    )
    for moment, who in (("09:59", "a"), ("10:00", "z"), ("11:59", "z"), ("12:00", "a")):
        assert on_duty(ROSTER, SHANGHAI, "maintenance", at(f"2026-01-05T{moment}"), OnRecord([change])) == (who,)
    week = spells(ROSTER, SHANGHAI, at("2026-01-05T08:00"), at("2026-01-05T20:00"), [change])
    mine = [(s.people, s.changed) for s in week if s.duty == "maintenance"]
    assert mine == [(("a",), False), (("z",), True), (("a",), False)]


@given(st.integers(0, 366 * 24 * 60), st.sampled_from(["Europe/Berlin", "America/New_York", SHANGHAI]))
def test_somebody_is_on_duty_at_every_minute_of_the_year_also_when_clocks_change(minute: int, zone: str) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    assert len(on_duty(ROSTER, zone, "maintenance", round(moment.timestamp() * 1000))) == 1


@given(st.integers(0, 525_600), st.booleans())
def test_all_duties_at_once_are_what_each_is_by_itself(minute: int, changed: bool) -> None:
    now = at("2026-01-01T00:00") + minute * 60_000
    ill = RosterChange(
        id="r-1",
        site="s",
        duty="maintenance",
        since=now - 60_000,
        until=now + 60_000,
        out="a",
        in_="z",
        by="manager",
        reason="ill",
        at=0,
    )
    record = OnRecord((ill,) if changed else (), frozenset({("maintenance", "b"), ("manager", "m")}))
    each = {duty.id: on_duty(ROSTER, SHANGHAI, duty.id, now, record) for duty in ROSTER.duties}
    assert all_on_duty(ROSTER, SHANGHAI, now, record) == {duty: people for duty, people in each.items() if people}


def test_the_times_nobody_is_there_are_found() -> None:
    assert gaps(ROSTER, "maintenance") == []
    found = gaps(ROSTER, "manager")
    assert ("mon", "00:00", "08:00", False) in found
    assert ("mon", "20:00", "24:00", False) in found
    only_workdays = ROSTER.model_copy(update={"rota": ROSTER.rota[:3]})
    assert ("wed", "00:00", "24:00", True) in gaps(only_workdays, "manager")


def test_whoever_lacks_a_training_is_left_out_unless_nobody_else_is_there() -> None:
    moment = at("2026-01-05T12:00")
    rows = ROSTER.model_copy(update={"rota": (ROSTER.rota[0].model_copy(update={"turn": "together"}),)})
    left_out = OnRecord(barred={("maintenance", "a"), ("manager", "b")})
    assert on_duty(rows, SHANGHAI, "maintenance", moment) == ("a", "b")
    assert on_duty(rows, SHANGHAI, "maintenance", moment, left_out) == ("b",)
    nobody = OnRecord(barred={("maintenance", "a"), ("maintenance", "b")})
    assert on_duty(rows, SHANGHAI, "maintenance", moment, nobody) == ("a", "b"), "somebody must come"
