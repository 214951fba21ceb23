"""What a consumer makes of a frame: whatever is lost, doubled or reordered, each counts once, in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.position import Position, Verdict, decide
from community.site.profile import Lane


@pytest.mark.parametrize(
    ("position", "lane", "epoch", "seq", "previous", "verdict", "moved"),
    [
        (Position(3, 41, 9), Lane.URGENT, 3, 42, 41, Verdict.ACCEPT, Position(3, 42, 9)),
        (Position(3, 41, 9), Lane.BULK, 3, 10, 9, Verdict.ACCEPT, Position(3, 41, 10)),
        (Position(3, 41, 9), Lane.URGENT, 3, 41, 40, Verdict.DUPLICATE, Position(3, 41, 9)),
        (Position(3, 41, 9), Lane.URGENT, 2, 99, 98, Verdict.DUPLICATE, Position(3, 41, 9)),
        (Position(3, 41, 9), Lane.URGENT, 3, 44, 43, Verdict.GAP, Position(3, 41, 9)),
        (Position(3, 41, 9), Lane.URGENT, 3, 44, 41, Verdict.ACCEPT, Position(3, 44, 9)),
        (Position(3, 41, 9), Lane.URGENT, 3, 44, 0, Verdict.ACCEPT, Position(3, 44, 9)),
        (Position(3, 41, 9), Lane.URGENT, 4, 1, 0, Verdict.ACCEPT, Position(4, 1, 0)),
        (Position(3, 41, 9), Lane.BULK, 4, 5, 4, Verdict.GAP, Position(4, 0, 0)),
        (Position(), Lane.BULK, 7, 1, 0, Verdict.ACCEPT, Position(7, 0, 1)),
    ],
)
def test_the_table(
    position: Position, lane: Lane, epoch: int, seq: int, previous: int, verdict: Verdict, moved: Position
) -> None:
    assert decide(position, lane, epoch, seq, previous) == (verdict, moved)


@given(st.data())
def test_whatever_the_wire_does_each_frame_counts_once_and_in_order(data: st.DataObject) -> None:
    """A gateway that resends on a gap, over a wire that loses, doubles and reorders."""
    numbers = sorted(data.draw(st.sets(st.integers(1, 60), min_size=1, max_size=25)))
    previous_of = dict(zip(numbers, [0, *numbers], strict=False))
    position = Position(1)
    taken: list[int] = []
    for _ in range(200):
        if position.bulk == numbers[-1]:
            break
        waiting = [n for n in numbers if n > position.bulk]
        wire = data.draw(st.permutations(waiting * data.draw(st.integers(1, 2))))
        lost = data.draw(st.sets(st.sampled_from(waiting)))
        # The gateway resends from what the consumer asks for; sooner or later that frame arrives.
        for seq in [n for n in wire if n not in lost] + waiting[:1]:
            verdict, moved = decide(position, Lane.BULK, 1, seq, previous_of[seq])
            if verdict is Verdict.ACCEPT:
                taken.append(seq)
                position = moved
    assert taken == numbers
