"""When a reading happened, whatever clock its device has: an emergency is never taken for old news."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.quality import Quality
from gateway.event_time import (
    CATCH_UP_MS,
    PROMPT_MS,
    STEADY_MS,
    Absence,
    ClockLimits,
    DeviceClock,
    Moment,
    event_time,
)

NOW = 1_790_000_000_000
MINUTE = 60_000
DAY = 86_400_000
SUSPECT = int(Quality.CLOCK_SUSPECT)
LIMITS = ClockLimits(60_000, DAY)
WAYS = st.lists(st.integers(0, STEADY_MS - 1), min_size=4, max_size=30)


def heard(clock: DeviceClock, device: int | None, now: int, **more: object) -> Moment:
    return event_time(device, now, LIMITS, clock, **more)  # type: ignore[arg-type]


def both(at: int, q: int = 0) -> Moment:
    return Moment(at, q, at, q)


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (None, both(NOW)),
        (NOW - 5_000, both(NOW - 5_000)),
        (NOW + 60_000, both(NOW)),
        (NOW + 60_001, both(NOW, SUSPECT)),
        (NOW - 7 * MINUTE, Moment(NOW - 7 * MINUTE, SUSPECT, NOW, SUSPECT)),
        (NOW - DAY - 1, both(NOW, SUSPECT)),
        (0, both(NOW, SUSPECT)),
    ],
)
def test_the_first_message_of_a_device(device: int | None, expected: Moment) -> None:
    assert heard(DeviceClock(), device, NOW) == expected


@given(st.integers(PROMPT_MS + STEADY_MS, 40 * 365 * DAY), WAYS)
def test_a_slow_clock_is_put_right_within_three_messages_minutes_apart(behind: int, ways: list[int]) -> None:
    clock = DeviceClock()
    for number, way in enumerate(ways):
        happened = NOW + number * 3 * MINUTE
        now = happened + way
        at = heard(clock, happened - behind, now)
        assert at.urgent_q & SUSPECT
        assert now - PROMPT_MS <= at.urgent <= now, "an urgent reading is news from the first one on"
        if number >= 2:
            assert abs(at.bulk - happened) <= STEADY_MS
            assert at.bulk_q & SUSPECT


@given(st.integers(PROMPT_MS + STEADY_MS, 40 * 365 * DAY), WAYS)
def test_a_fast_clock_never_makes_a_reading_of_the_future(ahead: int, ways: list[int]) -> None:
    clock = DeviceClock()
    for number, way in enumerate(ways):
        now = NOW + number * 3 * MINUTE + way
        at = heard(clock, now - way + ahead, now)
        assert now - PROMPT_MS <= at.bulk <= now + 1
        assert at.bulk_q & SUSPECT


@given(WAYS)
def test_a_right_clock_is_believed_and_never_suspected(ways: list[int]) -> None:
    clock = DeviceClock()
    for number, way in enumerate(ways):
        happened = NOW + number * 10_000
        assert heard(clock, happened, happened + way) == both(happened)


def right_clock() -> DeviceClock:
    clock = DeviceClock()
    for minute in range(5):
        heard(clock, NOW + minute * MINUTE, NOW + minute * MINUTE + 200)
    return clock


def test_bulk_that_waited_in_a_device_with_a_right_clock_keeps_its_time() -> None:
    clock = right_clock()
    back = NOW + 60 * MINUTE
    for number in range(50):
        happened = back - 50 * MINUTE + number * MINUTE
        at = heard(clock, happened, back + number * 20)
        assert (at.bulk, at.bulk_q) == (happened, 0)
    assert clock.offset is not None
    assert abs(clock.offset) < PROMPT_MS, "a backlog that drains is no slow clock"


@given(st.integers(1, 90), st.integers(2, 600))
def test_a_backlog_that_drains_within_minutes_leaves_the_clock_right(minutes_away: int, per_minute: int) -> None:
    """Old times, ever younger, fresh ones after: the offset is not learnt from it."""
    clock = right_clock()
    began, now = NOW + 5 * MINUTE, NOW + (5 + minutes_away) * MINUTE
    for number in range(minutes_away):
        heard(clock, began + number * MINUTE, now + number * MINUTE // per_minute)
    after = now + minutes_away * MINUTE // per_minute + 1000
    assert heard(clock, after, after + 100) == both(after)


def test_urgent_news_of_a_right_clock_that_is_old_without_a_reason_is_taken_as_live_and_flagged() -> None:
    clock, later = right_clock(), NOW + 60 * MINUTE
    at = heard(clock, later - 7 * MINUTE, later)
    assert (at.urgent, at.urgent_q) == (later, SUSPECT)
    assert (at.bulk, at.bulk_q) == (later - 7 * MINUTE, 0)


def test_what_says_itself_that_it_was_kept_is_old() -> None:
    assert heard(DeviceClock(), NOW - 7 * MINUTE, NOW, stored=True) == both(NOW - 7 * MINUTE)
    assert heard(DeviceClock(), NOW - 3 * DAY, NOW, stored=True) == both(NOW - 3 * DAY, SUSPECT)
    assert heard(DeviceClock(offset=10 * MINUTE), NOW - 17 * MINUTE, NOW, stored=True) == both(
        NOW - 7 * MINUTE, SUSPECT
    )


def test_what_the_broker_kept_for_a_gateway_that_was_away_is_old() -> None:
    clock, back = right_clock(), NOW + 60 * MINUTE
    away = Absence(NOW + 30 * MINUTE, back)
    happened = NOW + 40 * MINUTE
    assert heard(clock, happened, back + 500, absence=away) == both(happened)
    assert heard(clock, NOW + 20 * MINUTE, back + 500, absence=away).urgent == back + 500, "it was there then"
    assert heard(clock, happened, back + CATCH_UP_MS + 1, absence=away).urgent_q == SUSPECT, "not for ever"


def test_with_an_unknown_clock_an_absence_explains_nothing() -> None:
    """Seven minutes slow and burning, just after the gateway started: that must not be late."""
    at = heard(DeviceClock(), NOW - 7 * MINUTE, NOW + 100, absence=Absence(0, NOW))
    assert (at.urgent, at.urgent_q) == (NOW + 100, SUSPECT)


def test_a_clock_that_was_set_is_believed_at_once() -> None:
    clock = DeviceClock()
    for minute in range(5):
        heard(clock, NOW + minute * MINUTE - 20 * MINUTE, NOW + minute * MINUTE)
    assert clock.offset == 20 * MINUTE
    later = NOW + 6 * MINUTE
    assert heard(clock, later - 50, later) == both(later - 50)
    assert clock.offset == 50


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(8 * MINUTE, 30 * MINUTE)), min_size=2, max_size=100))
def test_no_two_urgent_readings_get_the_same_time(steps: list[tuple[int, int]]) -> None:
    """Readings of a point at one time count as one."""
    clock, now, times = right_clock(), NOW + 10 * 60 * MINUTE, []
    for step, behind in steps:
        now += step
        times.append(heard(clock, now - behind, now).urgent)
    assert all(first < second for first, second in pairwise(times))


@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**53), 2**53) | st.integers(NOW - 2 * DAY, NOW + 2 * DAY),
            st.integers(-DAY, DAY),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_whatever_clocks_do_no_time_lies_ahead(messages: list[tuple[int | None, int, bool]]) -> None:
    """Also when the gateway's own clock jumps to and fro."""
    clock = DeviceClock()
    for count, (device, jump, stored) in enumerate(messages):
        at = heard(clock, device, NOW + jump, stored=stored)
        assert max(at.bulk, at.urgent) <= NOW + jump + count + MINUTE
