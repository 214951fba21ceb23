"""What other rules find beside those in force: an alarm that came earlier or later is the same alarm."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from community.alarm_difference import Difference, Moved, difference
from community.alarm_load import Episode
from community.site.rules import Grade

MINUTE = 60_000


def episode(at: int, until: int | None = None, rule: str = "hot", scope: str = "env-1") -> Episode:
    """Raised and cleared after so many minutes."""
    return Episode(rule, scope, "z", Grade.MEDIUM, at * MINUTE, None, None if until is None else until * MINUTE)


def minutes(found: Difference) -> list[tuple[int, int]]:
    return [(moved.old.raised_at // MINUTE, moved.later_ms // MINUTE) for moved in found.moved]


def test_what_stands_at_one_time_is_one_alarm_however_much_later() -> None:
    found = difference([episode(50, 70)], [episode(0, 60)])
    assert (minutes(found), found.only_new, found.only_old) == ([(0, 50)], (), ())


def test_what_does_not_is_one_within_ten_minutes() -> None:
    assert minutes(difference([episode(11, 12)], [episode(1, 2)])) == [(1, 10)]
    found = difference([episode(12, 13)], [episode(1, 2)])
    assert (found.moved, len(found.only_new), len(found.only_old)) == ((), 1, 1)


def test_the_nearest_is_the_same_and_the_others_are_more_or_less() -> None:
    found = difference([episode(5, 6), episode(9, 10), episode(30, 31)], [episode(10, 11)])
    assert (minutes(found), [e.raised_at // MINUTE for e in found.only_new]) == ([(10, -1)], [5, 30])
    one_long = difference([episode(n, n + 1) for n in (10, 20, 30)], [episode(0, 60)])
    assert (minutes(one_long), len(one_long.only_new)) == ([(0, 10)], 2)


def test_other_rules_and_other_places_are_other_alarms() -> None:
    found = difference([episode(1, rule="warm"), episode(1, scope="env-2")], [episode(0)])
    assert (found.moved, len(found.only_new), len(found.only_old)) == ((), 2, 1)


@st.composite
def histories(draw: st.DrawFn) -> list[Episode]:
    """Alarms of two places, each over before the next is raised."""
    found = []
    for scope in ("a", "b"):
        at = 0
        for gap, length in draw(st.lists(st.tuples(st.integers(1, 25), st.integers(1, 40)), max_size=8)):
            at += gap
            found.append(episode(at, at + length, scope=scope))
            at += length
    return found


@given(histories(), histories())
def test_every_alarm_is_told_once_and_the_other_way_round_alike(new: list[Episode], old: list[Episode]) -> None:
    found = difference(new, old)
    assert found.both + len(found.moved) + len(found.only_new) == len(new)
    assert found.both + len(found.moved) + len(found.only_old) == len(old)
    back = difference(old, new)
    assert sorted(back.moved, key=_place) == sorted((Moved(m.old, m.new) for m in found.moved), key=_place)
    assert (back.both, back.only_new, back.only_old) == (found.both, found.only_old, found.only_new)
    for moved in found.moved:
        first, then = sorted((moved.new, moved.old), key=lambda e: e.raised_at)
        assert first.key[:2] == then.key[:2]
        assert moved.later_ms
        assert first.cleared_at is not None
        assert then.raised_at < first.cleared_at or then.raised_at - first.raised_at <= 10 * MINUTE
    for before, after in pairwise(sorted(found.moved, key=_place)):
        if before.new.scope == after.new.scope:
            assert before.old.raised_at < after.old.raised_at


@given(histories())
def test_what_is_late_all_along_by_less_than_the_calm_between_is_the_same(old: list[Episode]) -> None:
    late = [Episode(e.rule, e.scope, e.zone, e.grade, e.raised_at + 1, None, e.cleared_at) for e in old]
    found = difference(late, old)
    assert (len(found.moved), {moved.later_ms for moved in found.moved}) == (len(old), {1} if old else set())


def _place(moved: Moved) -> tuple[str, int]:
    return moved.new.scope, moved.new.raised_at
