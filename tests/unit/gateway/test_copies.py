"""What comes by two ways is taken once, whatever is late, missing or said again."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.copies import KEEP_S, Copies

SAID = st.lists(st.sampled_from(["smoke", "clear", "smoke-2"]), max_size=12)


def taken(copies: Copies, arrivals: list[tuple[bool, str]]) -> list[str]:
    """What is not a copy, of messages `(by the first way, what)`."""
    return [what for first, what in arrivals if not copies.is_copy("topic", what.encode(), first_way=first, now_s=0.0)]


@given(SAID, st.data())
def test_both_ways_bring_all_in_their_order_and_each_is_taken_once(said: list[str], data: st.DataObject) -> None:
    first, second, arrivals = list(said), list(said), list[tuple[bool, str]]()
    while first or second:
        by_first = bool(first) and (not second or data.draw(st.booleans()))
        arrivals.append((by_first, (first if by_first else second).pop(0)))
    assert sorted(taken(Copies(), arrivals)) == sorted(said)


@given(SAID, st.lists(st.booleans(), min_size=12, max_size=12), st.booleans())
def test_what_one_way_drops_is_taken_from_the_other(said: list[str], dropped: list[bool], lossy: bool) -> None:
    arrivals = [(not lossy, what) for what in said]
    arrivals += [(lossy, what) for what, gone in zip(said, dropped, strict=False) if not gone]
    assert sorted(taken(Copies(), arrivals)) == sorted(said)


def test_what_only_one_way_brought_is_forgotten_in_time() -> None:
    copies = Copies()
    assert not copies.is_copy("t", b"smoke", first_way=True, now_s=0.0)
    assert not copies.is_copy("t", b"smoke", first_way=False, now_s=KEEP_S + 1), "a message of its own"


def test_after_a_way_is_gone_the_same_words_are_news() -> None:
    """Smoke, over, and smoke again within the minute: the second connection had dropped the first."""
    copies = Copies()
    assert not copies.is_copy("t", b"smoke", first_way=True, now_s=0.0)
    copies.forget()
    assert not copies.is_copy("t", b"smoke", first_way=False, now_s=5.0), "a fire, not the copy of the first message"


def test_a_way_that_brings_nothing_fills_no_memory() -> None:
    copies = Copies()
    for number in range(60_000):
        assert not copies.is_copy("t", str(number).encode(), first_way=False, now_s=0.0)
    assert not copies.is_copy("t", b"0", first_way=True, now_s=0.0), "the oldest are forgotten"
    assert copies.is_copy("t", b"59999", first_way=True, now_s=0.0)
