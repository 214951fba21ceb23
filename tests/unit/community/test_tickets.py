"""The closed loop of a ticket: rectified with evidence, re-inspected by somebody else, then closed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community import tickets
from community.errors import TransitionRefused
from community.tickets import Ticket, TicketState

PEOPLE = ("chen-gang", "liu-yang", "zhang-min")
STEPS = {
    "assign": lambda t, by, at: tickets.assign(t, by, "chen-gang", "", at),
    "start": lambda t, by, at: tickets.start(t, by, "", at),
    "rectify": lambda t, by, at: tickets.rectify(t, by, "new battery, 100 %", at),
    "pass": lambda t, by, at: tickets.reinspect(t, by, True, "", at),
    "fail": lambda t, by, at: tickets.reinspect(t, by, False, "still beeps", at),
    "close": lambda t, by, at: tickets.close(t, by, "", at),
    "cancel": lambda t, by, at: tickets.cancel(t, by, "not ours", at),
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


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(PEOPLE)), max_size=15))
def test_no_path_closes_what_nobody_else_looked_at(steps: list[tuple[str, str]]) -> None:
    history = worked(steps)
    assert [t.version for t in history] == list(range(1, len(history) + 1))
    last = history[-1]
    if last.state is TicketState.CLOSED:
        passed = next(note for note in reversed(last.history) if note.change == "pass")
        assert last.evidence
        assert passed.by != last.rectified_by
