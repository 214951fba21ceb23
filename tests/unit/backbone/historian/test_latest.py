from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backbone.historian.latest import Latest

ROW = st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(-50, 50), st.integers(0, 255))


def observe(latest: Latest, rows: Sequence[tuple[int, int, int, int]]) -> None:
    p, t, x, q = zip(*rows, strict=True) if rows else ((), (), (), ())
    latest.observe(np.array(p, np.int32), np.array(t, np.int64), np.array(x, np.float64), np.array(q, np.uint8))


@given(st.lists(st.lists(ROW, max_size=20), max_size=5), st.integers(0, 9))
def test_the_newest_reading_of_each_point_is_kept_and_of_equal_times_the_last_written(
    batches: list[list[tuple[int, int, int, int]]], since: int
) -> None:
    latest = Latest()
    expected: dict[int, tuple[int, int, int]] = {}
    for rows in batches:
        observe(latest, rows)
        for p, t, x, q in rows:
            if p not in expected or t >= expected[p][0]:
                expected[p] = (t, x, q)
    found = latest.since(since)
    assert {p: (t, x, q) for p, t, x, q in zip(*(column.tolist() for column in found), strict=True)} == {
        p: row for p, row in expected.items() if row[0] >= since
    }
