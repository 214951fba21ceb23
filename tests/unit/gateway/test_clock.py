"""The gateway's own clock: unset, wrong, set while it runs."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import AGREE_MS, APART_S, JUMP_MS, SAMPLES, WRONG_MS, GatewayClock

TRUE = 1_790_000_000_000
HOUR = 3_600_000


class Box:
    """A machine whose clock may be wrong, and the true time beside it."""

    def __init__(self, error: int) -> None:
        self.true = TRUE
        self.error = error
        self.clock = GatewayClock(lambda: self.true + self.error, lambda: (self.true - TRUE) / 1000)

    def pass_s(self, seconds: float) -> None:
        self.true += round(seconds * 1000)

    def hear(self, *ways: int) -> None:
        for way in ways:
            self.pass_s(2 * APART_S)
            self.clock.platform_said(self.true - way)


def test_a_good_clock_is_left_alone() -> None:
    box = Box(300)
    box.hear(*[20] * SAMPLES)
    assert (box.clock(), box.clock.correction, box.clock.confirmed) == (box.true + 300, 0, True)
    assert (box.clock.suspect, box.clock.problem, box.clock.set_by, box.clock.look()) == (False, None, 0, 0)


@given(
    st.integers(-100 * 24 * HOUR, 100 * 24 * HOUR).filter(lambda error: abs(error) > WRONG_MS + AGREE_MS),
    st.lists(st.integers(0, AGREE_MS), min_size=SAMPLES, max_size=10),
)
def test_a_wrong_clock_follows_the_platform_and_says_so(error: int, ways: list[int]) -> None:
    box = Box(error)
    box.hear(*ways)
    assert abs(box.clock() - box.true) <= AGREE_MS
    assert box.clock.suspect
    assert box.clock.problem is not None
    assert "NTP" in box.clock.problem
    box.error = 40
    assert box.clock.look() == 40 - error
    assert abs(box.clock() - box.true) <= AGREE_MS + WRONG_MS, "NTP has come: the correction goes"
    box.hear(*ways)
    assert not box.clock.suspect


def test_messages_that_waited_change_nothing() -> None:
    box = Box(0)
    box.hear(90_000, 400_000, 20, 700_000, 10, 60_000)
    assert (box.clock.correction, box.clock.confirmed) == (0, False)


def test_a_clock_of_1970_tells_how_much_later_it_was_set() -> None:
    box = Box(-TRUE + 5_000)
    assert box.clock.suspect
    assert box.clock.problem == "this machine's clock is not set, and the platform has not told the time yet"
    box.pass_s(60)
    sealed = box.clock()
    assert box.clock.set_by == 0
    box.pass_s(60)
    box.error = 0
    assert box.clock.look() == TRUE - 5_000
    assert sealed + box.clock.set_by == TRUE + 60_000
    assert not box.clock.suspect


def test_every_jump_is_seen_once_and_doubted_until_the_platform_speaks() -> None:
    box = Box(0)
    box.hear(*[20] * SAMPLES)
    for by in (JUMP_MS + 1, -HOUR, 400 * 24 * HOUR):
        box.error += by
        assert box.clock.look() == by
        assert box.clock.look() == 0
        assert not box.clock.confirmed
