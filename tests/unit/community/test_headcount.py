"""Headcounts: nobody is out because nothing is known of them, and two people confirm the same list."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community import headcount as counting
from community.errors import TransitionRefused
from community.headcount import CheckOff, Headcount, HeadcountState, Pass, Row, Status, whereabouts
from community.site.load import load_site
from community.site.site import Site
from tests.gateway_site import PROFILES, mqtt_device, site_text

START = 1_000
CARDS = ("aaaa", "bbbb", "cccc")


def inside(zone: str) -> bool:
    return zone.startswith("b3")


def begun(*passes: Pass) -> Headcount:
    return counting.begin("act-1", "jinxiu", "b3", passes, "wang-wei", START, doors_known=True)


def listed(headcount: Headcount, *passes: Pass) -> list[Row]:
    return counting.rows(headcount, whereabouts(passes), inside)


def said(person: str, status: Status = Status.SAFE, at: int = START + 5) -> CheckOff:
    return CheckOff(person=person, status=status, where="north", at=at, by="liu-yang")


def states(rows: list[Row]) -> dict[str, str]:
    return {row.person: row.status for row in rows}


def door(personal_data: str) -> Site:
    text = site_text([mqtt_device("door", "esp-rfid", "doors/1", ", leads_to: outside")])
    return load_site(text.replace("id: test,", f"id: test, personal_data: {personal_data},"), PROFILES)


HASH = "0123456789abcdef"


@pytest.mark.parametrize(
    ("personal_data", "data", "known"),
    [
        ("pseudonyms", {"card": HASH, "person": HASH}, HASH),
        ("pseudonyms", {"card": "Card 7", "person": "王伟"}, None),
        ("as-read", {"card": "Card 7 "}, "Card 7"),
        ("as-read", {"card": "Card 7", "person": "王伟"}, "王伟 · Card 7"),
        ("as-read", {"card": "7", "person": "n" * 200}, "n" * 60 + " · 7"),
        ("as-read", {"card": "7" * 200, "person": "王伟"}, "7" * 64),
        ("as-read", {"card": HASH}, HASH),
        ("as-read", {"card": 7}, None),
        ("as-read", {"card": " "}, None),
    ],
)
def test_a_card_is_known_as_the_site_file_says(personal_data: str, data: dict[str, object], known: str | None) -> None:
    passage = counting.passed(door(personal_data), "door.credential", "access.granted", data, START)
    assert passage == (None if known is None else Pass(known, "outside", START))


def test_who_was_inside_is_missing_until_something_says_otherwise() -> None:
    here = [Pass("aaaa", "b3-lobby", 10), Pass("bbbb", "b3-lobby", 20), Pass("cccc", "b3-lobby", 30)]
    headcount = begun(*here)
    assert states(listed(headcount, *here)) == dict.fromkeys(CARDS, "missing")
    assert states(listed(headcount)) == dict.fromkeys(CARDS, "missing"), "even when the doors say nothing any more"
    headcount = counting.check(headcount, said("bbbb"), listed(headcount))
    now = [*here, Pass("cccc", "gate-in", START + 1), Pass("dddd", "b3-lobby", START + 2)]
    assert states(listed(headcount, *now)) == {"aaaa": "missing", "bbbb": "safe", "cccc": "out", "dddd": "missing"}
    assert [row.status for row in listed(headcount, *now)][:2] == [Status.MISSING, Status.MISSING]


def test_whoever_goes_back_in_is_missing_again() -> None:
    headcount = begun(Pass("aaaa", "b3-lobby", 10))
    headcount = counting.check(headcount, said("aaaa"), listed(headcount))
    assert states(listed(headcount, Pass("aaaa", "b3-lobby", START + 60))) == {"aaaa": "missing"}


def test_a_door_says_out_and_people_say_safe() -> None:
    headcount = begun(Pass("aaaa", "b3-lobby", 10))
    with pytest.raises(TransitionRefused, match="only a door"):
        counting.check(headcount, said("aaaa", Status.OUT), listed(headcount))
    with pytest.raises(TransitionRefused, match="not on the list"):
        counting.check(headcount, said("zzzz"), listed(headcount))


def test_people_without_a_card_are_named() -> None:
    headcount = counting.name(begun(), "302 grandmother", "b3-f3", "in a wheelchair", "liu-yang", START + 1)
    (row,) = listed(headcount)
    assert (row.person, row.zone, row.status, row.named) == ("302 grandmother", "b3-f3", Status.MISSING, True)
    with pytest.raises(TransitionRefused, match="already"):
        counting.name(headcount, "302 grandmother", "b3-f2", "", "wang-wei", START + 2)


def test_two_people_confirm_the_same_list() -> None:
    headcount = begun(Pass("aaaa", "b3-lobby", 10))
    with pytest.raises(TransitionRefused, match="1 are missing"):
        counting.confirm(headcount, listed(headcount), "", "wang-wei", START + 2)
    headcount = counting.check(headcount, said("aaaa"), listed(headcount))
    once = counting.confirm(headcount, listed(headcount), "", "wang-wei", START + 6)
    assert once.state is HeadcountState.CONFIRMED_ONCE
    with pytest.raises(TransitionRefused, match="somebody else"):
        counting.confirm(once, listed(once), "", "wang-wei", START + 7)
    twice = counting.confirm(once, listed(once), "", "liu-yang", START + 8)
    assert twice.state is HeadcountState.CONFIRMED
    assert counting.name(twice, "a guest", "b3-f1", "", "chen-gang", START + 9).state is HeadcountState.COUNTING


def test_a_list_that_changed_meanwhile_is_confirmed_anew() -> None:
    headcount = begun(Pass("aaaa", "b3-lobby", 10))
    headcount = counting.check(headcount, said("aaaa"), listed(headcount))
    once = counting.confirm(headcount, listed(headcount), "", "wang-wei", START + 6)
    longer = listed(once, Pass("bbbb", "b3-lobby", START + 7))
    again = counting.confirm(once, longer, "fire brigade looks", "liu-yang", START + 8)
    assert again.state is HeadcountState.CONFIRMED_ONCE
    assert again.confirmations[-1].missing == 1


PASSES = st.builds(
    Pass, st.sampled_from(CARDS), st.sampled_from(("b3-lobby", "gate-in", "outside")), st.integers(0, 50)
)
STEPS: list[Callable[[Headcount, list[Row], str, int], Headcount]] = [
    lambda h, r, by, at: counting.name(h, f"guest-{at}", "b3-f1", "", by, at),
    lambda h, r, by, at: counting.check(h, said(CARDS[at % 3], Status.SAFE, at), r),
    lambda h, r, by, at: counting.check(h, said(CARDS[at % 3], Status.MISSING, at), r),
    lambda h, r, by, at: counting.confirm(h, r, "the fire brigade knows", by, at),
]


@given(
    st.lists(PASSES, max_size=12),
    st.lists(st.tuples(st.sampled_from(range(len(STEPS))), st.sampled_from(("a", "b", "c"))), max_size=15),
)
def test_nobody_is_lost_from_the_list_and_one_person_never_confirms_it(
    passes: list[Pass], steps: list[tuple[int, str]]
) -> None:
    last = whereabouts(passes)
    headcount = begun(*(p for p in last.values() if inside(p.zone)))
    for number, (step, by) in enumerate(steps):
        before = {row.person for row in listed(headcount, *passes)}
        try:
            headcount = STEPS[step](headcount, listed(headcount, *passes), by, START + number)
        except TransitionRefused:
            continue
        assert before <= {row.person for row in listed(headcount, *passes)}
    if headcount.state is HeadcountState.CONFIRMED:
        first, second = headcount.confirmations[-2:]
        assert first.by != second.by
        assert (first.counted, first.missing) == (second.counted, second.missing)
    assert {p.card for p in last.values() if inside(p.zone)} <= {row.person for row in listed(headcount, *passes)}
