import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.historian.buckets import DAY_MS, STEPS_MS, step_for

TIMES = st.integers(0, 4_102_444_800_000)


@given(start=TIMES, length=st.integers(1, 20 * 365 * DAY_MS), most=st.integers(1, 5000))
def test_a_series_never_has_more_buckets_than_asked_for(start: int, length: int, most: int) -> None:
    step = step_for(start, start + length, most)
    touched = (start + length - 1) // step - start // step + 1
    assert touched <= most or (most == 1 and start < step)


@pytest.mark.parametrize(
    ("length", "most", "step"),
    [(1000, 1000, 1), (3_600_000, 3600, 1000), (DAY_MS, 500, 180_000), (30 * DAY_MS, 500, 7_200_000 // 1)],
)
def test_steps_are_round(length: int, most: int, step: int) -> None:
    assert step_for(0, length, most) == step


def test_steps_grow_and_divide_the_day() -> None:
    assert list(STEPS_MS) == sorted(STEPS_MS)
    assert all(DAY_MS % step == 0 for step in STEPS_MS)


@pytest.mark.parametrize(("start", "end", "most"), [(5, 5, 1), (6, 5, 1), (0, 1, 0)])
def test_an_empty_series_is_refused(start: int, end: int, most: int) -> None:
    with pytest.raises(ValueError, match="start < end"):
        step_for(start, end, most)
