"""The life of an alarm (IEC 62682), as tables and as anything that may happen to one."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.alarms import (
    TRANSITIONS,
    Alarm,
    AlarmEvent,
    AlarmState,
    acknowledge,
    call_again,
    clear,
    raise_alarm,
    reraise,
    reset,
)
from community.errors import TransitionRefused
from community.site.conditions import Condition, Select
from community.site.rules import Grade, Rule
from community.text import Text

EVENTS: dict[str, Callable[[Alarm, int], Alarm]] = {
    "acknowledge": lambda a, t: acknowledge(a, "wang-wei", "on my way", t),
    "call-again": call_again,
    "clear": clear,
    "raise": lambda a, t: reraise(a, t, 1.0, ("b.smoke",)),
    "reset": lambda a, t: reset(a, "wang-wei", "looked", t),
}


def alarm(*, latch: bool) -> Alarm:
    rule = Rule(
        id="smoke",
        select=Select(measure="smoke"),
        when=Condition(equals=1),
        risk=Grade.MEDIUM,
        latch=latch,
        message=Text(zh="烟雾报警"),
    )
    return raise_alarm(
        site="jinxiu", rule=rule, scope="a.smoke", zone="b3-f1", at=1_000, value=1.0, points=("a.smoke",)
    )


def taken(start: Alarm, events: list[str]) -> list[Alarm]:
    """The alarm after each event that was not refused."""
    history = [start]
    for number, name in enumerate(events):
        try:
            history.append(EVENTS[name](history[-1], 2_000 + number))
        except TransitionRefused:
            continue
    return history


@pytest.mark.parametrize(
    ("latch", "events", "state"),
    [
        (False, ["acknowledge"], AlarmState.ACKNOWLEDGED),
        (False, ["clear"], AlarmState.RETURNED),
        (False, ["acknowledge", "clear"], AlarmState.NORMAL),
        (False, ["clear", "acknowledge"], AlarmState.NORMAL),
        (False, ["clear", "raise"], AlarmState.UNACKNOWLEDGED),
        (True, ["acknowledge", "clear"], AlarmState.LATCHED),
        (True, ["clear", "acknowledge"], AlarmState.LATCHED),
        (True, ["clear", "acknowledge", "reset"], AlarmState.NORMAL),
        (True, ["clear", "acknowledge", "raise"], AlarmState.UNACKNOWLEDGED),
    ],
)
def test_the_table(latch: bool, events: list[str], state: AlarmState) -> None:
    assert taken(alarm(latch=latch), events)[-1].state is state


@pytest.mark.parametrize("events", [["acknowledge", "acknowledge"], ["clear", "clear"], ["reset"], ["clear", "reset"]])
def test_what_cannot_happen_is_refused_with_a_reason(events: list[str]) -> None:
    *before, last = events
    standing = taken(alarm(latch=True), before)[-1]
    with pytest.raises(TransitionRefused, match=r"alarm|condition|reset"):
        EVENTS[last](standing, 5_000)


@pytest.mark.parametrize("state", AlarmState)
@pytest.mark.parametrize("event", AlarmEvent)
def test_what_the_table_does_not_name_is_refused(state: AlarmState, event: AlarmEvent) -> None:
    before = replace(alarm(latch=False), state=state)
    if (state, event) in TRANSITIONS:
        assert EVENTS[event](before, 5_000).state is TRANSITIONS[state, event]
    else:
        with pytest.raises(TransitionRefused):
            EVENTS[event](before, 5_000)


def test_a_reset_says_who_looked_and_what_they_found() -> None:
    latched = taken(alarm(latch=True), ["acknowledge", "clear"])[-1]
    with pytest.raises(TransitionRefused, match="found"):
        reset(latched, "wang-wei", "  ", 5_000)
    looked = reset(latched, "li-na", "a burnt pan", 5_000)
    assert (looked.reset_by, looked.reset_at, looked.reset_reason) == ("li-na", 5_000, "a burnt pan")
    assert (looked.acknowledged_by, looked.acknowledge_note) == ("wang-wei", "on my way")


def test_what_comes_back_is_unseen_again_and_keeps_all_it_was_seen_by() -> None:
    again = taken(alarm(latch=True), ["acknowledge", "clear", "raise"])[-1]
    assert (again.state, again.raised_again_at) == (AlarmState.UNACKNOWLEDGED, 2_002)
    assert (again.acknowledged_by, again.acknowledge_note, again.cleared_at) == (None, None, None)
    assert again.points == ("a.smoke", "b.smoke")


@given(st.booleans(), st.lists(st.sampled_from(sorted(EVENTS)), max_size=12))
def test_no_alarm_ends_unseen(latch: bool, events: list[str]) -> None:
    history = taken(alarm(latch=latch), events)
    assert [a.version for a in history] == list(range(1, len(history) + 1))
    for before, after in pairwise(history):
        if after.state is AlarmState.NORMAL:
            assert after.acknowledged_by is not None
            assert after.cleared_at is not None
            assert not latch or before.state is AlarmState.LATCHED
        if after.state is AlarmState.UNACKNOWLEDGED:
            assert after.acknowledged_by is None


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=12))
def test_a_replay_gives_the_same_alarm(events: list[str]) -> None:
    assert taken(alarm(latch=True), events) == taken(alarm(latch=True), events)
