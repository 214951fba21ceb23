"""Standby ends by itself, a pause costs nobody their time, and another level does nothing twice."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community import activation_begin, activation_steps, activations
from community import activation_course as course
from community.activations import Activation, ActivationState, StepState
from community.errors import TransitionRefused
from community.people import Role
from community.site.plans import Approval, Level, Organisation, Plan, SetOutput, Step
from community.site.rules import PositiveAlarm
from community.text import Text

CALL = Step(id="call", name=Text(zh="通知"), notify=("commander",), within=15)
LOOK = Step(id="look", name=Text(zh="查看"), who="guide", within=180)
RELEASE = Step(id="release", name=Text(zh="开门"), do=SetOutput(set="egress-lock"), within=3)
EVACUATE = Step(id="evacuate", name=Text(zh="疏散"), who="guide", within=300, proof="note")
PLAN = Plan(
    id="fire",
    name=Text(zh="火灾应急预案"),
    kind="fire",
    version=1,
    approved=Approval(by="wang-wei", on=date(2026, 9, 1)),
    next_revision=date(2027, 9, 1),
    organisation=Organisation(commander=Role.SAFETY_OFFICER, roles=("guide",)),
    levels={"medium": Level(steps=(CALL, LOOK)), "high": Level(steps=(RELEASE, CALL, EVACUATE))},
)
SEQUENCE = PositiveAlarm(acknowledge=15, investigate=180)


def activated(level: str = "medium") -> Activation:
    return activation_begin.activate(
        id="a-1", site="s", plan=PLAN, level=level, zone="b3", cause="alarm:x", reason="smoke", now=0, alarms=("x",)
    )


def test_who_answers_in_time_may_look_and_the_deadlines_count_from_the_end_of_it() -> None:
    held = course.stand_by(activated("high"), SEQUENCE, 0)
    assert (held.state, held.decide_by) == (ActivationState.STANDBY, 15_000)
    assert activation_steps.begin_machine_step(held, "release", (("c", "door", 0.0),), 1) is held, "nothing moves yet"
    looking = course.look(held, "liu-yang", 9_000)
    assert (looking.decide_by, looking.looked_at_by) == (189_000, "liu-yang")
    assert course.look(looking, "chen-gang", 100_000) is looking, "there is one time to look"
    begun = course.come_into_force(looking, "liu-yang", "it burns", 20_000)
    assert begun.state is ActivationState.ACTIVATED
    assert activations.find_step(begun, "release").due_at == 23_000
    assert activations.stand_down(looking, "wang-wei", "burnt rice", 30_000).state is ActivationState.STOOD_DOWN
    with pytest.raises(TransitionRefused):
        course.come_into_force(begun, "liu-yang", "again", 21_000)


def test_a_second_alarm_ends_standby_and_a_pause() -> None:
    held = course.stand_by(activated("high"), SEQUENCE, 0)
    assert course.joined(activations.merge(held, "y", 5), "high", 5).state is ActivationState.ACTIVATED
    paused = course.pause(activated(), "wang-wei", "panel test", 10)
    assert course.joined(activations.merge(paused, "y", 20), "low", 20).state is ActivationState.RESPONDING


def test_what_was_contained_before_a_pause_still_is_until_another_alarm_joins() -> None:
    calm = activations.contain(activation_steps.notified(activated(), "call", "told", 5), "wang-wei", "it is out", 10)
    paused = course.pause(calm, "wang-wei", "panel test", 20)
    assert course.resume(paused, "wang-wei", "panel is back", 30).state is ActivationState.CONTAINED
    for before in (calm, paused):
        flared = course.joined(activations.merge(before, "y", 40), "medium", 40)
        assert flared.state is ActivationState.RESPONDING, "the screen does not say contained while it burns again"


def test_an_activation_of_before_takes_the_steps_of_the_site_file_and_a_new_one_keeps_its_own() -> None:
    kept = activated("high")
    edited = PLAN.model_copy(update={"levels": {"high": Level(steps=(CALL,))}})
    assert course.adopted(kept, edited) is kept
    release = activations.find_step(kept, "release")
    old = replace(kept, flows={}, steps=tuple(replace(step, do=None) for step in kept.steps))
    assert activations.find_step(course.adopted(old, PLAN), "release").do == release.do
    assert course.adopted(old, None) is old


def test_a_graver_alarm_raises_the_level_so_that_the_doors_open() -> None:
    medium = activation_steps.step_done(activated(), "look", "liu-yang", "smoke", 1_000)
    high = course.joined(activations.merge(medium, "y", 2_000), "high", 2_000)
    assert high.level == "high"
    assert [s.id for s in high.steps] == ["call", "look", "release", "evacuate"]
    assert activations.find_step(high, "release").due_at == 5_000
    assert activations.find_step(high, "look").state is StepState.DONE
    assert [entry.what for entry in high.timeline[-2:]] == ["alarm-joined", "level-up"]


def test_a_lower_level_drops_what_has_not_begun_and_raising_it_again_brings_it_back() -> None:
    high = activation_steps.begin_notify_step(activated("high"), "call", 5)
    low = course.change_level(high, "medium", "wang-wei", "only smoke", 1_000)
    assert {s.id: s.state.value for s in low.steps} == {
        "release": "dropped", "call": "running", "evacuate": "dropped", "look": "waiting"
    }  # fmt: skip
    with pytest.raises(TransitionRefused, match="no part of this level"):
        activation_steps.step_done(low, "evacuate", "liu-yang", "x", 1_100)
    again = course.change_level(low, "high", "wang-wei", "it burns after all", 2_000)
    assert activations.find_step(again, "release").due_at == 5_000
    for level, reason in (("high", "x"), ("low", "x"), ("medium", " ")):
        with pytest.raises(TransitionRefused):
            course.change_level(again, level, "wang-wei", reason, 3_000)


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_a_pause_moves_the_deadlines_of_what_is_left_by_as_long_as_it_lasted(before: int, still: int) -> None:
    paused = course.pause(activated("high"), "wang-wei", "panel test", before)
    assert activation_steps.step_late(paused, "evacuate", before + still) is paused, "nothing becomes late meanwhile"
    done = activation_steps.step_done(paused, "evacuate", "liu-yang", "all out", before + 1)
    on = course.resume(done, "wang-wei", "panel is back", before + still)
    assert activations.find_step(on, "release").due_at == 3_000 + still
    assert activations.find_step(on, "evacuate") == activations.find_step(done, "evacuate")
    for wrong in (course.pause, course.resume):
        with pytest.raises(TransitionRefused):
            wrong(activated(), "wang-wei", " ", 1)


ORDERED = PLAN.model_copy(
    update={
        "levels": {
            "high": Level(
                steps=(
                    Step(id="look", name=Text(zh="查看"), who="guide", within=60),
                    Step(id="release", name=Text(zh="开门"), do=SetOutput(set="door"), within=90, after=("look",)),
                    Step(id="call", name=Text(zh="通知"), notify=("guide",), within=90, after=("look",)),
                    Step(id="handover", name=Text(zh="移交"), who="guide", within=120, after=("release", "call")),
                )
            )
        }
    }
)


def ordered() -> Activation:
    return activation_begin.activate(
        id="a-1", site="s", plan=ORDERED, level="high", zone="b3", cause="alarm:x", reason="", now=0
    )


def test_a_step_waits_for_those_before_it_and_its_turn_that_never_came_is_the_commanders() -> None:
    one = ordered()
    assert activation_steps.begin_machine_step(one, "release", (("c", "door", 0.0),), 1) is one
    assert activation_steps.begin_notify_step(one, "call", 1) is one
    with pytest.raises(TransitionRefused, match="first: release, call"):
        activation_steps.step_done(one, "handover", "li-na", "", 2)
    looked = activation_steps.step_done(one, "look", "li-na", "", 3)
    begun = activation_steps.begin_machine_step(looked, "release", (("c", "door", 0.0),), 4)
    assert activations.find_step(begun, "release").state is StepState.RUNNING
    late = activation_steps.step_late(one, "release", 90_001)
    release = activations.find_step(late, "release")
    assert (release.state, release.kind, release.who) == (StepState.FAILED, "person", "commander")
    assert release.note == "it waited for look"


def test_who_ends_a_response_leaves_named_what_is_not_done() -> None:
    one = activation_steps.step_done(ordered(), "look", "li-na", "", 3)
    over = activations.stand_down(one, "wang-wei", "false alarm", 5)
    assert [(e.what, e.detail) for e in over.timeline[-2:]] == [
        ("stand-down", "false alarm"),
        ("left-open", "release, call, handover"),
    ]
    assert over.review_ticket is not None
    assert one.review_ticket is None
    held = course.stand_by(ordered(), SEQUENCE, 1)
    assert activations.stand_down(held, "wang-wei", "steam", 2).timeline[-1].what == "stand-down", "nothing had begun"
