"""A drill's states, and its score against the plan's deadlines."""

from itertools import product

import pytest

from community import activation_begin, activation_steps, drills
from community.drills import TRANSITIONS, Drill, DrillEvent, DrillState, Finding
from community.errors import TransitionRefused
from community.text import Text
from tests.unit.community.test_activation_course import PLAN

DRILL = Drill(
    id="d-1",
    site="s",
    kind="fire",
    plan="fire",
    plan_name=Text(zh="火灾应急预案"),
    level="high",
    zone="b3",
    planned_at=0,
    content="疏散三号楼",
    participants=("liu-yang",),
    by="wang-wei",
)
DO = {
    DrillEvent.START: lambda d: drills.start(d, "a-1", "wang-wei", 1),
    DrillEvent.SUSPEND: lambda d: drills.suspend(d, "system", "fire-b1-2", 2),
    DrillEvent.RESUME: lambda d: drills.resume(d, "wang-wei", "all clear", 3),
    DrillEvent.END: lambda d: drills.end(d, "wang-wei", "done", 4),
    DrillEvent.EVALUATE: lambda d: drills.evaluate(d, "wang-wei", "slow", (Finding(title="x", ticket="t-1"),), 5),
    DrillEvent.CANCEL: lambda d: drills.cancel(d, "wang-wei", "rain", 6),
}
REACHED = {
    DrillState.PLANNED: DRILL,
    DrillState.RUNNING: DO[DrillEvent.START](DRILL),
    DrillState.SUSPENDED: DO[DrillEvent.SUSPEND](DO[DrillEvent.START](DRILL)),
    DrillState.ENDED: DO[DrillEvent.END](DO[DrillEvent.START](DRILL)),
    DrillState.EVALUATED: DO[DrillEvent.EVALUATE](DO[DrillEvent.END](DO[DrillEvent.START](DRILL))),
    DrillState.CANCELLED: DO[DrillEvent.CANCEL](DRILL),
}


@pytest.mark.parametrize(("state", "event"), list(product(DrillState, DrillEvent)))
def test_only_what_the_table_allows_happens_and_all_of_it_is_on_record(state: DrillState, event: DrillEvent) -> None:
    drill = REACHED[state]
    assert drill.state is state
    if (state, event) not in TRANSITIONS:
        with pytest.raises(TransitionRefused):
            DO[event](drill)
        return
    after = DO[event](drill)
    assert after.state is TRANSITIONS[state, event]
    assert after.history[:-1] == drill.history
    assert after.history[-1].what == event.value


def test_reasons_are_needed() -> None:
    with pytest.raises(TransitionRefused, match="why"):
        drills.cancel(DRILL, "wang-wei", " ", 1)
    with pytest.raises(TransitionRefused, match="what went well"):
        drills.evaluate(REACHED[DrillState.ENDED], "wang-wei", " ", (), 1)


def test_the_score_is_every_step_against_its_deadline() -> None:
    one = activation_begin.activate(
        id="a", site="s", plan=PLAN, level="high", zone="b3", cause="person:w", reason="drill", now=1_000, drill=True
    )
    one = activation_steps.begin_machine_step(one, "release", (("c", "door", 0.0),), 1_000)
    one = activation_steps.command_answered(one, "c", "done", "drill: not switched", None, 1_400)
    one = activation_steps.begin_notify_step(one, "call", 1_000)
    one = activation_steps.person_told(one, "told", "wang-wei", 1_500)
    one = activation_steps.person_told(one, "not-told", "li-na", 1_600)
    one = activation_steps.step_late(one, "evacuate", 301_001)
    one = activation_steps.step_done(one, "evacuate", "liu-yang", "all out", 400_000)
    found = drills.score(one)
    assert [(s.id, s.took_ms, s.in_time) for s in found.steps] == [
        ("release", 400, True),
        ("call", None, False),
        ("evacuate", 399_000, False),
    ]
    assert (found.percent, found.first_answer_ms, found.people_told, found.people_missed) == (33, 399_000, 1, 1)
    assert [s.id for s in found.missed] == ["call", "evacuate"]
