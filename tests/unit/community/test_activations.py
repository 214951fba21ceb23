"""An activation: machine steps are proven by reading back, people's steps by people, and nothing is forgotten."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.database.documents import decode, encode
from community import activation_begin, activation_course, activation_steps, activations
from community.activations import Activation, ActivationEvent, ActivationState, StepState, TimelineEntry
from community.errors import TransitionRefused
from community.people import Role
from community.site.plans import Approval, Level, Organisation, Plan, SetOutput, Step
from community.site.rules import PositiveAlarm
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
        ),
        "low": Level(steps=(Step(id="evacuate", name=Text(zh="疏散"), who="guide", within=600, proof="note"),)),
    },
)
SEQUENCE = PositiveAlarm(acknowledge=15, investigate=180)


def activated(*, drill: bool = False) -> Activation:
    return activation_begin.activate(
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
    return activation_steps.begin_machine_step(activated(drill=drill), "release", commands, 1_001)


def test_a_machine_step_is_done_when_every_action_was_read_back() -> None:
    one = activation_steps.command_answered(commanded(), "c-1", "done", "", 0.0, 1_100)
    assert activations.find_step(one, "release").state is StepState.RUNNING
    both = activation_steps.command_answered(one, "c-2", "done", "", 0.0, 1_200)
    step = activations.find_step(both, "release")
    assert step.state is StepState.DONE
    assert step.done_at == 1_200
    assert both.state is ActivationState.RESPONDING


@pytest.mark.parametrize(
    ("outcome", "read_back"), [("failed", None), ("refused", None), ("expired", None), ("done", 1.0), ("done", None)]
)
def test_anything_but_proof_makes_it_the_commanders(outcome: str, read_back: float | None) -> None:
    failed = activation_steps.command_answered(commanded(), "c-1", outcome, "timeout", read_back, 1_100)
    step = activations.find_step(failed, "release")
    assert (step.state, step.kind, step.who) == (StepState.FAILED, "person", "commander")
    assert "step-failed" in [entry.what for entry in failed.timeline]
    by_hand = activation_steps.step_done(failed, "release", "wang-wei", "opened by key", 2_000)
    assert activations.find_step(by_hand, "release").done_by == "wang-wei"


def test_a_repeated_reply_changes_nothing() -> None:
    one = activation_steps.command_answered(commanded(), "c-1", "done", "", 0.0, 1_100)
    assert activation_steps.command_answered(one, "c-1", "failed", "", None, 1_200) is one


def test_a_step_without_outputs_fails_at_once() -> None:
    nothing = activation_steps.begin_machine_step(activated(), "release", (), 1_001)
    assert activations.find_step(nothing, "release").state is StepState.FAILED


def test_a_drill_needs_no_read_back() -> None:
    one = activation_steps.command_answered(commanded(drill=True), "c-1", "done", "drill", None, 1_100)
    assert activations.find_step(one, "release").state is StepState.RUNNING


def test_a_late_step_is_escalated_once_and_can_still_be_done() -> None:
    late = activation_steps.step_late(activated(), "evacuate", 301_001)
    assert activation_steps.step_late(late, "evacuate", 301_002) is late
    assert [e.what for e in late.timeline].count("step-late") == 1
    done = activation_steps.step_done(late, "evacuate", "li-na", "all out", 310_000)
    assert activations.find_step(done, "evacuate").state is StepState.DONE


def test_proof_and_reasons_are_asked_for() -> None:
    with pytest.raises(TransitionRefused, match="proof"):
        activation_steps.step_done(activated(), "evacuate", "li-na", "", 2_000)
    with pytest.raises(TransitionRefused, match="why"):
        activations.stand_down(activated(), "wang-wei", " ", 2_000)
    with pytest.raises(TransitionRefused, match="machine"):
        activation_steps.step_done(activated(), "release", "li-na", "done", 2_000)


def test_the_end_and_the_review() -> None:
    down = activations.stand_down(activated(), "wang-wei", "false alarm, burnt rice", 5_000)
    assert (down.state, down.stood_down_at) == (ActivationState.STOOD_DOWN, 5_000)
    with pytest.raises(TransitionRefused):
        activation_steps.step_done(down, "evacuate", "li-na", "all out", 6_000)
    reviewed = activations.review(down, "wang-wei", "cooker hood to be mended", 9_000)
    assert reviewed.state is ActivationState.REVIEWED
    assert [e.at for e in reviewed.timeline] == sorted(e.at for e in reviewed.timeline)


def test_what_a_person_did_by_hand_is_not_undone_by_a_late_reply() -> None:
    failed = activation_steps.command_answered(commanded(), "c-1", "failed", "timeout", None, 1_100)
    by_hand = activation_steps.step_done(failed, "release", "wang-wei", "both doors opened by key", 2_000)
    later = activation_steps.command_answered(by_hand, "c-2", "expired", "no answer", None, 61_000)
    assert activations.find_step(later, "release").state is StepState.DONE
    assert later.timeline[-1].detail == "doors.relay-2: expired, no answer"


def test_nothing_is_begun_or_joins_after_the_end() -> None:
    down = activations.stand_down(activated(), "wang-wei", "burnt rice", 5_000)
    assert activation_steps.begin_machine_step(down, "release", (("c-1", "doors.relay-1", 0.0),), 6_000) is down
    assert activation_steps.notified(down, "call", "told", 6_000) is down
    assert activation_steps.step_late(down, "evacuate", 900_000) is down
    with pytest.raises(TransitionRefused, match="joins"):
        activations.merge(down, "call-point:x:5", 6_000)


def test_a_level_the_plan_does_not_have_is_refused() -> None:
    with pytest.raises(TransitionRefused, match="no level medium; it has high, low"):
        activation_begin.activate(
            id="a", site="s", plan=PLAN, level="medium", zone="b3", cause="person:x", reason="", now=1
        )


def test_a_second_alarm_joins_once() -> None:
    joined = activations.merge(activated(), "call-point:x:5", 2_000)
    assert joined.alarms == ("call-point:x:5",)
    assert activations.merge(joined, "call-point:x:5", 3_000) is joined


ENDED = {ActivationState.STOOD_DOWN, ActivationState.REVIEWED}
Happening = Callable[[Activation, int], Activation]
HAPPENINGS: dict[str, Happening] = {
    "command": lambda a, t: activation_steps.begin_machine_step(
        a, "release", ((f"c-1-{t}", "doors.relay-1", 0.0), (f"c-2-{t}", "doors.relay-2", 0.0)), t
    ),
    **{
        f"answer {index} {outcome} {read_back}": lambda a, t, i=index, o=outcome, r=read_back: (
            activation_steps.command_answered(  # type: ignore[misc]
                a, _command(a, i), o, "", r, t
            )
        )
        for index in (0, 1)
        for outcome, read_back in (("done", 0.0), ("done", 1.0), ("failed", None), ("expired", None))
    },
    "notify": lambda a, t: activation_steps.notified(a, "call", "told", t),
    "release by hand": lambda a, t: activation_steps.step_done(a, "release", "wang-wei", "by key", t),
    "evacuated": lambda a, t: activation_steps.step_done(a, "evacuate", "li-na", "all out", t),
    "release late": lambda a, t: activation_steps.step_late(a, "release", t),
    "evacuation late": lambda a, t: activation_steps.step_late(a, "evacuate", t),
    "another alarm": lambda a, t: activations.merge(a, f"alarm-{t}", t),
    "standby ends": lambda a, t: activation_course.come_into_force(a, "wang-wei", "it burns", t),
    "somebody looks": lambda a, t: activation_course.look(a, "li-na", t),
    "pause": lambda a, t: activation_course.pause(a, "wang-wei", "panel test", t),
    "resume": lambda a, t: activation_course.resume(a, "wang-wei", "panel is back", t),
    "a graver alarm": lambda a, t: activation_course.joined(activations.merge(a, f"graver-{t}", t), "high", t),
    "lower": lambda a, t: activation_course.change_level(a, "low", "wang-wei", "only smoke", t),
    "raise": lambda a, t: activation_course.change_level(a, "high", "wang-wei", "it burns", t),
    "restore": lambda a, t: activation_course.restore(
        a, tuple((f"r-{n}-{t}", p, v) for n, (p, v) in enumerate(activation_course.to_restore(a))), "wang-wei", "dry", t
    ),
    "contain": lambda a, t: activations.contain(a, "wang-wei", "fire is out", t),
    "stand down": lambda a, t: activations.stand_down(a, "wang-wei", "over", t),
    "review": lambda a, t: activations.review(a, "wang-wei", "learned", t),
}


def _command(activation: Activation, index: int) -> str:
    actions = activations.find_step(activation, "release").actions
    return actions[index].command if actions else "never given"


def lived(happenings: list[str], *, held: bool = False) -> list[Activation]:
    first = activated()
    history = [activation_course.stand_by(first, SEQUENCE, 1_001) if held else first]
    for number, name in enumerate(happenings):
        try:
            history.append(HAPPENINGS[name](history[-1], 2_000 + number))
        except TransitionRefused:
            continue
    return history


@given(st.booleans(), st.lists(st.sampled_from(sorted(HAPPENINGS)), max_size=25))
def test_whatever_happens_nothing_is_forgotten_skipped_or_commanded_twice(
    looked_at: bool, happenings: list[str]
) -> None:
    history = lived(happenings, held=looked_at)
    for before, after in pairwise(history):
        assert after is before or after.version > before.version
        assert after.timeline[: len(before.timeline)] == before.timeline
        was, now = activations.find_step(before, "release"), activations.find_step(after, "release")
        given_before = [action.command for action in was.actions]
        assert not given_before or given_before == [action.command for action in now.actions]
        for earlier, later in zip(before.steps, after.steps, strict=False):
            assert earlier.id == later.id, "no step of a level is ever gone"
            assert earlier.state is not StepState.DONE or later == earlier or later.actions != earlier.actions
            assert earlier.state is not StepState.DONE or later.state is StepState.DONE
        if after.state is not before.state:
            assert after.state in {to for (was_in, _), to in activations.TRANSITIONS.items() if was_in is before.state}
        assert before.state not in ENDED or after.state in ENDED
        assert before.state is ActivationState.STANDBY or after.state is not ActivationState.STANDBY
        if after.state is ActivationState.REVIEWED:
            assert after.stood_down_at is not None
        if before.state in ENDED:
            assert [s.done_at for s in after.steps if s.kind == "person"] == [
                s.done_at for s in before.steps if activations.find_step(after, s.id).kind == "person"
            ]
    release = activations.find_step(history[-1], "release")
    if release.state is StepState.DONE and release.done_by == "system":
        assert [(a.outcome, a.read_back) for a in release.actions] == [("done", 0.0)] * 2


def replayed(timeline: tuple[TimelineEntry, ...]) -> ActivationState:
    """The state by the stored timeline and the table alone."""
    events = {event.value: event for event in ActivationEvent}
    state = ActivationState.STANDBY if any(e.what == "standby" for e in timeline) else ActivationState.ACTIVATED
    for entry in timeline:
        if entry.what in events:
            state = activations.TRANSITIONS[state, events[entry.what]]
    return state


@given(st.booleans(), st.lists(st.sampled_from(sorted(HAPPENINGS)), max_size=25))
def test_the_stored_timeline_alone_leads_to_the_same_state(looked_at: bool, happenings: list[str]) -> None:
    for activation in lived(happenings, held=looked_at):
        stored = decode(encode(activation), Activation)
        assert stored == activation
        assert replayed(stored.timeline) is activation.state


def stood_down() -> Activation:
    done = activation_steps.command_answered(commanded(), "c-1", "done", "", 0.0, 1_100)
    return activations.stand_down(done, "wang-wei", "burnt rice", 5_000)


def test_what_the_plan_switched_is_switched_back_after_the_end_and_proven() -> None:
    over = stood_down()
    assert activation_course.to_restore(over) == (("doors.relay-1", 1.0), ("doors.relay-2", 1.0))
    given = tuple((f"r-{n}", point, value) for n, (point, value) in enumerate(activation_course.to_restore(over)))
    restoring = activation_course.restore(over, given, "wang-wei", "walked round", 6_000)
    with pytest.raises(TransitionRefused, match="already"):
        activation_course.restore(restoring, given, "wang-wei", "again", 6_001)
    one = activation_steps.command_answered(restoring, "r-0", "done", "", 1.0, 6_100)
    both = activation_steps.command_answered(one, "r-1", "failed", "no answer", None, 6_200)
    assert activation_course.to_restore(both) == (("doors.relay-2", 1.0),)
    assert [entry.what for entry in both.timeline[-3:]] == ["restore", "output-restored", "output-not-restored"]
    again = activation_course.restore(both, (("r-9", "doors.relay-2", 1.0),), "wang-wei", "power is back", 7_000)
    done = activation_steps.command_answered(again, "r-9", "done", "", 1.0, 7_100)
    assert activation_course.to_restore(done) == ()
    assert {action.command for action in done.restoring} == {"r-0", "r-9"}


def test_what_was_so_before_the_emergency_stays_as_it_is() -> None:
    commands = (("c-1", "pump-1.relay", 1.0), ("c-2", "pump-2.relay", 1.0), ("c-3", "siren.relay", 1.0))
    before = {"pump-1.relay": 1.0, "pump-2.relay": 0.0}
    switched = activation_steps.begin_machine_step(activated(), "release", commands, 1_001, before)
    over = activations.stand_down(switched, "wang-wei", "water is gone", 5_000)
    assert activation_course.to_restore(over) == (("pump-2.relay", 0.0), ("siren.relay", 0.0))


def test_nothing_is_switched_back_while_the_plan_is_in_force_or_after_a_drill() -> None:
    with pytest.raises(TransitionRefused, match="stand the plan down first"):
        activation_course.restore(commanded(), (("r", "doors.relay-1", 1.0),), "wang-wei", "why not", 2_000)
    drill = activations.stand_down(commanded(drill=True), "wang-wei", "over", 5_000)
    assert activation_course.to_restore(drill) == ()
    with pytest.raises(TransitionRefused, match="nothing"):
        activation_course.restore(drill, (), "wang-wei", "over", 6_000)
    with pytest.raises(TransitionRefused, match="how it is known"):
        activation_course.restore(stood_down(), (("r", "doors.relay-1", 1.0),), "wang-wei", " ", 6_000)


def test_a_step_two_people_confirm_is_done_once_the_second_has_said_so() -> None:
    start = activated()
    steps = tuple(replace(step, confirm=2) if step.id == "evacuate" else step for step in start.steps)
    once = activation_steps.step_done(replace(start, steps=steps), "evacuate", "li-na", "west stairs are empty", 2_000)
    assert activations.find_step(once, "evacuate").state is not StepState.DONE
    with pytest.raises(TransitionRefused, match="somebody else"):
        activation_steps.step_done(once, "evacuate", "li-na", "east stairs too", 3_000)
    late = activation_steps.step_late(once, "evacuate", 400_000)
    assert activations.find_step(late, "evacuate").state is StepState.LATE, "one is not two"
    done = activations.find_step(
        activation_steps.step_done(late, "evacuate", "wang-wei", "east stairs too", 500_000), "evacuate"
    )
    assert (done.state, done.confirmed_by) == (StepState.DONE, ("li-na", "wang-wei"))
    assert done.note == "west stairs are empty; east stairs too"
