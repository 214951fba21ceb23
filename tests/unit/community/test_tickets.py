"""The closed loop of a ticket: rectified with evidence, re-inspected by somebody else, then closed."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community import tickets
from community.errors import TransitionRefused
from community.tickets import TRANSITIONS, Ticket, TicketEvent, TicketState

PEOPLE = ("chen-gang", "liu-yang", "zhang-min", tickets.SYSTEM)
STEPS: dict[str, Callable[[Ticket, str, int], Ticket]] = {
    "assign": lambda t, by, at: tickets.assign(t, by, "chen-gang", "", at),
    "start": lambda t, by, at: tickets.start(t, by, "", at),
    "rectify": lambda t, by, at: tickets.rectify(t, by, "new battery, 100 %", at),
    "pass": lambda t, by, at: tickets.reinspect(t, by, True, "", at),
    "fail": lambda t, by, at: tickets.reinspect(t, by, False, "still beeps", at),
    "close": lambda t, by, at: tickets.close(t, by, "", at),
    "cancel": lambda t, by, at: tickets.cancel(t, by, "not ours", at),
    "merge": lambda t, by, at: tickets.merge(t, by, "t-0", "the same lamp", at),
    "note": lambda t, by, at: tickets.add_note(t, by, "noted", "looked at it", at),
}


def ticket() -> Ticket:
    return tickets.open_ticket(
        id="t-1",
        site="jinxiu",
        zone="b3-f1",
        title_zh="电池电量低",
        title_en="Battery low",
        source="rule:battery-low:a.battery",
        priority="low",
        now=1_000,
        by="system",
    )


def worked(steps: list[tuple[str, str]]) -> list[Ticket]:
    history = [ticket()]
    for number, (name, by) in enumerate(steps):
        try:
            history.append(STEPS[name](history[-1], by, 2_000 + number))
        except TransitionRefused:
            continue
    return history


def test_the_whole_loop() -> None:
    closed = worked(
        [("assign", PEOPLE[2]), ("start", PEOPLE[0]), ("rectify", PEOPLE[0]), ("pass", PEOPLE[2]), ("close", PEOPLE[2])]
    )[-1]
    assert closed.state is TicketState.CLOSED
    assert [note.change for note in closed.history] == ["reported", "assign", "start", "rectify", "pass", "close"]
    assert closed.responded_at == 2_000
    assert closed.respond_by - closed.reported_at == 2 * 3_600_000


def test_whoever_put_it_right_may_not_look_again() -> None:
    rectified = worked([("start", PEOPLE[0]), ("rectify", PEOPLE[0])])[-1]
    with pytest.raises(TransitionRefused, match="somebody else"):
        tickets.reinspect(rectified, PEOPLE[0], True, "", 9_000)


def test_nor_may_whoever_did_before_an_inspection_failed() -> None:
    again = worked(
        [
            ("start", PEOPLE[0]),
            ("rectify", PEOPLE[0]),
            ("fail", PEOPLE[2]),
            ("rectify", PEOPLE[1]),
        ]
    )[-1]
    with pytest.raises(TransitionRefused, match="somebody else"):
        tickets.reinspect(again, PEOPLE[0], True, "", 9_000)
    assert tickets.reinspect(again, PEOPLE[2], True, "", 9_000).state is TicketState.REINSPECTED


def test_what_the_platform_does_is_nobodys_answer() -> None:
    noted = worked([("note", tickets.SYSTEM), ("assign", tickets.SYSTEM)])[-1]
    assert noted.responded_at is None
    assert worked([("assign", tickets.SYSTEM), ("start", PEOPLE[0])])[-1].responded_at == 2_001


def test_merged_and_failed_want_a_reason() -> None:
    with pytest.raises(TransitionRefused, match="why"):
        tickets.merge(ticket(), PEOPLE[0], "t-0", " ", 9_000)
    rectified = worked([("start", PEOPLE[0]), ("rectify", PEOPLE[0])])[-1]
    with pytest.raises(TransitionRefused, match="wrong"):
        tickets.reinspect(rectified, PEOPLE[1], False, "", 9_000)


@pytest.mark.parametrize("state", TicketState)
@pytest.mark.parametrize("event", TicketEvent)
def test_what_the_table_does_not_name_is_refused(state: TicketState, event: TicketEvent) -> None:
    before = replace(ticket(), state=state)
    if (state, event) in TRANSITIONS:
        assert STEPS[event](before, PEOPLE[0], 5_000).state is TRANSITIONS[state, event]
    else:
        with pytest.raises(TransitionRefused, match=state):
            STEPS[event](before, PEOPLE[0], 5_000)


def test_a_failed_inspection_goes_back_to_work_and_counts() -> None:
    again = worked([("start", PEOPLE[0]), ("rectify", PEOPLE[0]), ("fail", PEOPLE[1])])[-1]
    assert again.state is TicketState.IN_PROGRESS
    assert again.failed_inspections == 1


def test_rectified_needs_evidence_and_cancelled_a_reason() -> None:
    started = worked([("start", PEOPLE[0])])[-1]
    with pytest.raises(TransitionRefused, match="proves"):
        tickets.rectify(started, PEOPLE[0], "  ", 9_000)
    with pytest.raises(TransitionRefused, match="why"):
        tickets.cancel(started, PEOPLE[0], "", 9_000)


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(PEOPLE)), max_size=25))
def test_no_path_closes_what_nobody_else_looked_at(steps: list[tuple[str, str]]) -> None:
    history = worked(steps)
    assert [t.version for t in history] == list(range(1, len(history) + 1))
    for before, after in pairwise(history):
        assert after.history[:-1] == before.history
        assert before.responded_at is None or after.responded_at == before.responded_at
    last = history[-1]
    changes = [note.change for note in last.history]
    assert last.failed_inspections == changes.count("fail")
    assert changes.count("rectify") <= changes.count("start") + changes.count("fail")
    if last.state is TicketState.CLOSED:
        done = [change for change in changes if change != "noted"]
        assert done[-3:] == ["rectify", "pass", "close"]
        assert "start" in done
        passed = next(note for note in last.history if note.change == "pass")
        assert passed.by not in {note.by for note in last.history if note.change == "rectify"}
        assert last.evidence


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(PEOPLE)), max_size=25))
def test_a_replay_gives_the_same_ticket(steps: list[tuple[str, str]]) -> None:
    assert worked(steps) == worked(steps)
