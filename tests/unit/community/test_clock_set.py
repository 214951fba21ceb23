"""The clock is set: whatever was due in so long still is, and what has happened is left as it was written."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from community import activation_course, activations, commanding
from community.activation_steps import step_late
from community.activations import Activation, StepState
from community.clock_set import (
    moved_activation,
    moved_escalation,
    moved_notification,
    moved_pace,
    moved_ticket,
    said,
)
from community.escalations import called, due
from community.incident_command import is_due
from community.notifications import not_taken, paced, release_at
from community.site.duty import Grouping
from community.ticket_deadlines import mark_late, missed, next_look
from community.tickets import open_ticket
from tests.unit.community.test_activations import activated
from tests.unit.community.test_commanding import LINE
from tests.unit.community.test_notifications import CALLING, NOTE, RETRY, tree

BY = st.integers(-100_000_000_000, 100_000_000_000)
AFTER = st.integers(0, 1_000_000)
DAYS_2_MS = 2 * 86_400_000
GROUPING = Grouping()


@given(BY, AFTER)
def test_steps_and_who_commands(by: int, after: int) -> None:
    def look(one: Activation, now: int) -> tuple[set[str], bool]:
        late = {s.id for s in one.steps if s.due_at < now and step_late(one, s.id, now) is not one}
        return late, is_due(one.command, now)

    one = commanding.ask(activated(), LINE, 2_000)
    moved = moved_activation(one, by, 3_000 + by)
    assert look(moved, 3_000 + by + after) == look(one, 3_000 + after)
    assert moved.timeline[: len(one.timeline)] == one.timeline
    assert moved.version == one.version + 1
    paused = activation_course.pause(one, "wang-wei", "panel test", 4_000)
    resumed = [
        activation_course.resume(paused, "wang-wei", "on", 4_000 + after),
        activation_course.resume(moved_activation(paused, by, 4_000 + by), "wang-wei", "on", 4_000 + by + after),
    ]
    assert [step.due_at + by for step in resumed[0].steps] == [step.due_at for step in resumed[1].steps]
    assert resumed[0].pauses_ms == resumed[1].pauses_ms
    over = activations.stand_down(one, "wang-wei", "over", 5_000)
    assert moved_activation(over, by, 6_000) is over
    assert all(s.state is StepState.WAITING for s in one.steps)


@given(BY, AFTER)
def test_who_is_called_and_when_it_is_tried_again(by: int, after: int) -> None:
    escalation = called(CALLING, ["a"], 60_000)
    calls = due(escalation, tree(high=False), frozenset(), after)
    moved = due(moved_escalation(escalation, by), tree(high=False), frozenset(), after + by)
    assert (calls[0], calls[1] and calls[1] + by) == moved
    failed = not_taken(not_taken(NOTE, 0, "500", RETRY), 0, "500", RETRY)
    assert moved_notification(failed, by).next_at == failed.next_at + by
    pace = paced(None, "p", 1_000, GROUPING)
    assert release_at(moved_pace(pace, by), GROUPING) == release_at(pace, GROUPING) + by


@given(BY, st.integers(0, DAYS_2_MS), st.integers(0, DAYS_2_MS))
def test_tickets(by: int, at: int, after: int) -> None:
    ticket = open_ticket(
        id="t", site="s", zone="z", title_zh="x", title_en="x", source="person:x", priority="high", now=0, by="x"
    )
    ticket = replace(ticket, dispatched=True)
    for kind in missed(ticket, at):
        ticket = mark_late(ticket, kind, at)
    moved = moved_ticket(ticket, by, at + by)
    assert missed(moved, at + by + after) == missed(ticket, at + after)
    look = next_look(ticket)
    assert next_look(moved) == (None if look is None else look + by)
    assert moved.reported_at == ticket.reported_at
    assert moved_ticket(moved, -by, at).respond_by == ticket.respond_by


def test_people_are_told_in_words() -> None:
    assert said(-7_200_000).zh == "服务器时钟被调回2小时"
    assert said(94_608_000_000).in_language("en") == "the server's clock was set ahead by 1095 days"
    assert said(90_000).in_language("en") == "the server's clock was set ahead by 90 s"
    assert said(-150_000).zh == "服务器时钟被调回2.5分钟"
