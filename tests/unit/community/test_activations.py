"""An activation: machine steps are proven by reading back, people's steps by people, and nothing is forgotten."""

from datetime import date

import pytest

from community import activations
from community.activations import Activation, ActivationState, StepState
from community.errors import TransitionRefused
from community.people import Role
from community.site.model import Approval, Level, Organisation, Plan, SetOutput, Step
from community.text import Text

PLAN = Plan(
    id="fire",
    name=Text(zh="火灾应急预案", en="Fire plan"),
    kind="fire",
    version=3,
    approved=Approval(by="wang-wei", on=date(2026, 9, 1)),
    next_revision=date(2027, 9, 1),
    organisation=Organisation(commander=Role.SAFETY_OFFICER, roles=("guide",)),
    levels={
        "high": Level(
            steps=(
                Step(id="release", name=Text(zh="打开疏散门"), do=SetOutput(set="egress-lock"), within=3),
                Step(id="call", name=Text(zh="通知"), notify=("commander",), within=15),
                Step(id="evacuate", name=Text(zh="疏散"), who="guide", within=300, proof="note"),
            )
        )
    },
)


def activated(*, drill: bool = False) -> Activation:
    return activations.activate(
        id="a-1",
        site="jinxiu",
        plan=PLAN,
        level="high",
        zone="b3",
        cause="alarm:fire-confirmed:b3-f1:1",
        reason="two detectors",
        now=1_000,
        drill=drill,
    )


def commanded(*, drill: bool = False) -> Activation:
    commands = (("c-1", "doors.relay-1", 0.0), ("c-2", "doors.relay-2", 0.0))
    return activations.begin_machine_step(activated(drill=drill), "release", commands, 1_001)


def test_a_machine_step_is_done_when_every_action_was_read_back() -> None:
    one = activations.command_answered(commanded(), "c-1", "done", "", 0.0, 1_100)
    assert activations.find_step(one, "release").state is StepState.RUNNING
    both = activations.command_answered(one, "c-2", "done", "", 0.0, 1_200)
    step = activations.find_step(both, "release")
    assert step.state is StepState.DONE
    assert step.done_at == 1_200
    assert both.state is ActivationState.RESPONDING


@pytest.mark.parametrize(
    ("outcome", "read_back"), [("failed", None), ("refused", None), ("expired", None), ("done", 1.0), ("done", None)]
)
def test_anything_but_proof_makes_it_the_commanders(outcome: str, read_back: float | None) -> None:
    failed = activations.command_answered(commanded(), "c-1", outcome, "timeout", read_back, 1_100)
    step = activations.find_step(failed, "release")
    assert (step.state, step.kind, step.who) == (StepState.FAILED, "person", "commander")
    assert "step-failed" in [entry.what for entry in failed.timeline]
    by_hand = activations.step_done(failed, "release", "wang-wei", "opened by key", 2_000)
    assert activations.find_step(by_hand, "release").done_by == "wang-wei"


def test_a_repeated_reply_changes_nothing() -> None:
    one = activations.command_answered(commanded(), "c-1", "done", "", 0.0, 1_100)
    assert activations.command_answered(one, "c-1", "failed", "", None, 1_200) is one


def test_a_step_without_outputs_fails_at_once() -> None:
    nothing = activations.begin_machine_step(activated(), "release", (), 1_001)
    assert activations.find_step(nothing, "release").state is StepState.FAILED


def test_a_drill_needs_no_read_back() -> None:
    one = activations.command_answered(commanded(drill=True), "c-1", "done", "drill", None, 1_100)
    assert activations.find_step(one, "release").state is StepState.RUNNING


def test_a_late_step_is_escalated_once_and_can_still_be_done() -> None:
    late = activations.step_late(activated(), "evacuate", 301_001)
    assert activations.step_late(late, "evacuate", 301_002) is late
    assert [e.what for e in late.timeline].count("step-late") == 1
    done = activations.step_done(late, "evacuate", "li-na", "all out", 310_000)
    assert activations.find_step(done, "evacuate").state is StepState.DONE


def test_proof_and_reasons_are_asked_for() -> None:
    with pytest.raises(TransitionRefused, match="proof"):
        activations.step_done(activated(), "evacuate", "li-na", "", 2_000)
    with pytest.raises(TransitionRefused, match="why"):
        activations.stand_down(activated(), "wang-wei", " ", 2_000)
    with pytest.raises(TransitionRefused, match="machine"):
        activations.step_done(activated(), "release", "li-na", "done", 2_000)


def test_the_end_and_the_review() -> None:
    down = activations.stand_down(activated(), "wang-wei", "false alarm, burnt rice", 5_000)
    assert (down.state, down.stood_down_at) == (ActivationState.STOOD_DOWN, 5_000)
    with pytest.raises(TransitionRefused):
        activations.step_done(down, "evacuate", "li-na", "all out", 6_000)
    reviewed = activations.review(down, "wang-wei", "cooker hood to be mended", 9_000)
    assert reviewed.state is ActivationState.REVIEWED
    assert [e.at for e in reviewed.timeline] == sorted(e.at for e in reviewed.timeline)


def test_a_second_alarm_joins_once() -> None:
    joined = activations.merge(activated(), "call-point:x:5", 2_000)
    assert joined.alarms == ("call-point:x:5",)
    assert activations.merge(joined, "call-point:x:5", 3_000) is joined
