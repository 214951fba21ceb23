"""Columns come back bit for bit, and small numbers take little."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.detect.columns import Column, packed, unpacked

sensor = st.integers(-50_000, 50_000).flatmap(lambda n: st.sampled_from([n / 1, n / 10, n / 100, n / 10_000]))
any_float = st.floats(width=64, allow_nan=True, allow_infinity=True)
times = st.integers(-(2**63), 2**63 - 1)


def again(values: npt.NDArray[np.generic]) -> bytes:
    column = packed(values)
    assert len(column.raw) <= values.nbytes
    return unpacked(column, values.dtype).tobytes()


@given(st.lists(st.one_of(sensor, any_float, st.just(-0.0))) | st.lists(sensor, min_size=30) | st.lists(any_float))
def test_floats_come_back(values: list[float]) -> None:
    column = np.array(values, dtype=np.float64)
    assert again(column) == column.tobytes()


@given(st.lists(times) | st.lists(st.integers(1_790_000_000_000, 1_790_000_000_300)))
def test_times_come_back(values: list[int]) -> None:
    column = np.array(values, dtype=np.int64)
    assert again(column) == column.tobytes()


@given(st.lists(st.integers(0, 255)), st.lists(st.integers(0, 2**32 - 1)))
def test_qualities_and_points_come_back(qualities: list[int], points: list[int]) -> None:
    for column in (np.array(qualities, dtype=np.uint8), np.array(points, dtype=np.uint32)):
        assert again(column) == column.tobytes()


def test_what_sensors_say_takes_little() -> None:
    n = 1_000
    columns = (
        np.arange(n) % 300,
        1_790_000_000_000 + np.arange(n),
        np.round(np.linspace(-20, 95, n), 1),
        np.zeros(n, dtype=np.uint8),
    )
    assert sum(len(packed(column).raw) for column in columns) == 6 * n


def test_bytes_that_do_not_amount_to_the_values_are_refused() -> None:
    with pytest.raises(ValueError, match="1 values, not 2"):
        unpacked(Column(2, b"\x01", 1), np.uint8)
