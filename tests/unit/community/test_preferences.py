"""What people choose about being told: by kind and grade, and by the clock on the wall."""

from datetime import datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.preferences import CHOICES, SUBJECT_OF, Choice, Preferences, Subject, channels_for, quiet_until
from community.site.rules import Grade

NIGHT = Preferences(person="p", channels={}, quiet_from="22:00", quiet_to="07:00")


def ms(text: str, timezone: str = "Asia/Shanghai") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("timezone", "at", "until"),
    [
        ("Asia/Shanghai", "2026-11-28T23:00", "2026-11-29T07:00"),
        ("Asia/Shanghai", "2026-11-29T06:30", "2026-11-29T07:00"),
        ("Asia/Shanghai", "2026-11-29T07:00", "2026-11-29T07:00"),
        ("Asia/Shanghai", "2026-11-29T12:00", "2026-11-29T12:00"),
        ("Europe/Berlin", "2026-03-28T23:00", "2026-03-29T07:00"),  # the night that is an hour short
        ("Europe/Berlin", "2026-10-24T23:00", "2026-10-25T07:00"),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(timezone: str, at: str, until: str) -> None:
    now, end = ms(at, timezone), ms(until, timezone)
    assert quiet_until(NIGHT, "alarm", "medium", now, timezone) == end
    assert quiet_until(None, "alarm", "medium", now, timezone) == now


def test_a_choice_for_a_kind_and_grade_stands_in_the_place_of_the_general_one() -> None:
    evenings = Choice(about=Subject.TICKET, grade="low", channels=("email",), quiet_from="18:00", quiet_to="09:00")
    always = Choice(about=Subject.ALARM, grade="medium")
    chosen = Preferences(
        person="p", channels={"medium": ("sms",), "low": ("sms",)}, quiet_from="22:00", quiet_to="07:00",
        own=(evenings, always),
    )  # fmt: skip
    evening, night = ms("2026-11-28T19:00"), ms("2026-11-29T03:00")

    def told(kind: str, grade: str, at: int) -> int:
        return quiet_until(chosen, kind, grade, at, "Asia/Shanghai")

    for kind in ("ticket", "overdue"):
        assert told(kind, "low", evening) == told(kind, "low", night) == ms("2026-11-29T09:00")
        assert told(kind, "medium", evening) == evening
        assert told(kind, "medium", night) == ms("2026-11-29T07:00")
    assert told("alarm", "medium", night) == night, "no quiet hours for these, although there are in general"
    ways = ("wecom", "sms", "email")
    assert channels_for(ways, chosen, "ticket", "low")[0] == "email"
    assert channels_for(ways, chosen, "ticket", "medium")[0] == "sms"
    assert channels_for(ways, chosen, "alarm", "medium")[0] == "sms", "no channel of its own: as for all of that grade"


def test_a_chosen_channel_goes_first_and_the_rest_remain_to_fall_over_to() -> None:
    chosen = Preferences(person="p", channels={"medium": ("email", "gone")})
    assert channels_for(("sms", "email"), chosen, "alarm", "medium") == ("email", "sms")
    assert channels_for(("sms", "email"), chosen, "alarm", "high") == ("sms", "email")


@given(
    st.lists(st.sampled_from(["sms", "email", "wecom"]), unique=True),
    st.dictionaries(st.sampled_from(list(Grade)), st.lists(st.sampled_from(["sms", "gone"])).map(tuple)),
    st.lists(st.sampled_from(["email", "gone"])).map(tuple),
)
def test_no_choice_takes_a_way_to_somebody_away(
    reachable: list[str], general: dict[str, tuple[str, ...]], own: tuple[str, ...]
) -> None:
    for kind, grade in product(SUBJECT_OF, Grade):
        choice = Choice(about=SUBJECT_OF[kind], grade=grade, channels=own)
        chosen = Preferences(person="p", channels=general, own=(choice,))
        assert sorted(channels_for(reachable, chosen, kind, grade)) == sorted(reachable)


def test_what_may_be_quiet_is_never_high_and_never_a_plan() -> None:
    quiet = {(about, grade) for about, grades in CHOICES.items() for grade, may in grades.items() if may}
    assert quiet == {("alarm", "medium"), ("ticket", "medium"), ("ticket", "low")}
