"""What lets most readings be done with at one look says nothing that looking closely would not."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rules.detect.cells import around
from rules.detect.kinds.trend import STEPS, middle, pairs_of, rising, slopes

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
bound = st.one_of(finite, st.sampled_from([-math.inf, math.inf]))
SLOPES = st.floats(-1e-2, 1e-2)


@given(finite, bound, bound)
def test_a_cell_is_all_that_compares_alike(x: float, low: float, high: float) -> None:
    begins, ends = (float(end[0]) for end in around(*(np.array([value]) for value in (x, low, high))))
    assert begins <= x <= ends
    inside = low < x < high
    for alike in (begins, ends):
        assert (low < alike < high) == inside or math.isinf(alike)
    if math.nextafter(low, math.inf) < high:
        for other in (math.nextafter(begins, -math.inf), math.nextafter(ends, math.inf)):
            assert math.isinf(other) or (low < other < high) != inside


@settings(max_examples=30, deadline=None)
@given(
    arrays.arrays(np.float64, (STEPS, 5), elements=st.one_of(st.just(math.nan), finite, st.integers(-3, 3).map(float))),
    arrays.arrays(np.float64, (STEPS, 5), elements=st.integers(0, 900).map(float)),
    arrays.arrays(np.float64, 5, elements=st.one_of(SLOPES, st.just(0.0), st.integers(-3, 3).map(lambda n: n / 1000))),
)
def test_pairs_that_rise_faster_are_counted_not_fewer_than_there_are(
    y: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    late: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    limit: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    ago = np.where(np.isnan(y), math.nan, np.arange(1, STEPS + 1)[:, None] * 1000.0 - late)
    ascending, pairs = slopes(y, ago)
    counted = rising(y, ago, limit)
    assert (counted >= (ascending >= limit[:, None]).sum(axis=1)).all()
    assert (pairs == pairs_of(y)).all()
    above = middle(ascending, pairs) > limit
    assert (2 * counted >= pairs)[above].all()


def test_a_trend_that_is_slower_is_told_by_the_count_alone() -> None:
    ago = np.arange(1.0, STEPS + 1)[:, None] * np.full(2, 1000.0)
    y = -ago * [[0.002, 0.004]]
    assert (2 * rising(y, ago, np.full(2, 0.003)) >= pairs_of(y)).tolist() == [False, True]
