from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.historian.buckets import DAY_MS, HOUR_MS, STEPS_MS, grid_for

TIMES = st.integers(0, 4_102_444_800_000)
BERLIN, SHANGHAI, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Kolkata")
ZONES = st.sampled_from(
    [UTC, BERLIN, SHANGHAI, KOLKATA, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Australia/Lord_Howe")]
)


def ms(year: int, month: int, day: int, hour: int, zone: tzinfo) -> int:
    return round(datetime(year, month, day, hour, tzinfo=zone).timestamp() * 1000)


@given(start=TIMES, length=st.integers(1, 20 * 365 * DAY_MS), most=st.integers(1, 5000), zone=ZONES)
def test_a_series_has_no_more_buckets_than_asked_for_and_they_take_in_the_interval(
    start: int, length: int, most: int, zone: tzinfo
) -> None:
    grid = grid_for(start, start + length, most, zone)
    assert 1 <= grid.edges.size - 1 <= most
    assert (np.diff(grid.edges) > 0).all()
    assert grid.edges[0] <= start
    assert grid.edges[1] > start
    assert grid.edges[-1] >= start + length
    assert grid.edges[-2] < start + length


@pytest.mark.parametrize(
    ("length", "most", "step"),
    [(1000, 1000, 1), (3_600_000, 3600, 1000), (DAY_MS, 500, 180_000), (30 * DAY_MS, 500, 7_200_000 // 1)],
)
def test_steps_are_round(length: int, most: int, step: int) -> None:
    assert grid_for(0, length, most).step_ms == step


def test_steps_grow_and_divide_the_day() -> None:
    assert list(STEPS_MS) == sorted(STEPS_MS)
    assert all(DAY_MS % step == 0 for step in STEPS_MS)


@pytest.mark.parametrize(("start", "end", "most"), [(5, 5, 1), (6, 5, 1), (0, 1, 0)])
def test_an_empty_series_is_refused(start: int, end: int, most: int) -> None:
    with pytest.raises(ValueError, match="start < end"):
        grid_for(start, end, most)


def test_days_are_the_days_of_the_site() -> None:
    grid = grid_for(ms(2026, 9, 21, 12, SHANGHAI), ms(2026, 9, 24, 1, SHANGHAI), 4, SHANGHAI)
    assert grid.step_ms == DAY_MS
    assert grid.edges.tolist() == [ms(2026, 9, day, 0, SHANGHAI) for day in (21, 22, 23, 24, 25)]


def test_the_days_the_clock_is_changed_have_23_and_25_hours() -> None:
    spring = grid_for(ms(2026, 3, 29, 0, BERLIN), ms(2026, 3, 30, 0, BERLIN), 30, BERLIN)
    autumn = grid_for(ms(2026, 10, 25, 0, BERLIN), ms(2026, 10, 26, 0, BERLIN), 30, BERLIN)
    assert [spring.edges.size - 1, autumn.edges.size - 1] == [23, 25]
    assert set(np.diff(spring.edges).tolist()) | set(np.diff(autumn.edges).tolist()) == {HOUR_MS}
    days = grid_for(ms(2026, 3, 28, 0, BERLIN), ms(2026, 3, 31, 0, BERLIN), 3, BERLIN)
    assert (np.diff(days.edges) // HOUR_MS).tolist() == [24, 23, 24]


def test_buckets_of_some_hours_keep_to_the_clock_on_the_wall() -> None:
    grid = grid_for(ms(2026, 10, 24, 0, BERLIN), ms(2026, 10, 27, 0, BERLIN), 12, BERLIN)
    hours = [datetime.fromtimestamp(edge / 1000, BERLIN).hour for edge in grid.edges.tolist()]
    assert hours == [0, 6, 12, 18] * 3 + [0]
