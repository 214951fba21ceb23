"""Topics that overlap are found as by comparing each with each."""

from hypothesis import given
from hypothesis import strategies as st

from community.site.topics import Topics

LEVELS = st.lists(st.sampled_from(["+", "a", "b", ""]), min_size=1, max_size=4).map("/".join)


def _overlap(one: str, other: str) -> bool:
    pairs = list(zip(one.split("/"), other.split("/"), strict=False))
    return one.count("/") == other.count("/") and all(a == b or "+" in (a, b) for a, b in pairs)


@given(st.lists(LEVELS, max_size=8), LEVELS)
def test_the_first_that_overlaps_is_found(topics: list[str], topic: str) -> None:
    known = Topics[int]()
    for number, one in enumerate(topics):
        known.add(one, number)
    expected = next(((one, number) for number, one in enumerate(topics) if _overlap(one, topic)), None)
    assert known.overlapping(topic) == expected
