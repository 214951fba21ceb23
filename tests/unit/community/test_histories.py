"""Every state machine, whatever happens to it in whatever order, stored and read again in between or not.

What happens is in its table, each history replays to the same state, and no end is reached without what has to come
before it.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.database.documents import decode, encode
from community import (
    activations,
    commanding,
    drills,
    escalations,
    headcount,
    incident_command,
    inspections,
    notifications,
    suppression,
)
from community.errors import TransitionRefused
from community.headcount import CheckOff, Status
from community.inspections import Answer, ItemOutcome, Question, Round, RoundPhoto, RoundState
from community.suppression import Suppression, SuppressionKind
from community.text import Text
from tests.unit.community.test_activations import activated
from tests.unit.community.test_commanding import LINE
from tests.unit.community.test_drills import DRILL
from tests.unit.community.test_notifications import CALLING, NOTE, RETRY

PEOPLE = ("wang-wei", "li-na", "zhang-min")
QUESTIONS = (
    Question(facility="pump", item="noise", name=Text(zh="异响"), unit=None, low=None, high=None),
    Question(facility="pump", item="pressure", name=Text(zh="压力"), unit="MPa", low=0.2, high=0.6),
)
Thing = Any
Does = Callable[[Thing, str, int], Thing]


class Happened(NamedTuple):
    """Something that was not refused."""

    what: str
    by: str
    at: int


class Machine(NamedTuple):
    """One kind of object: how it begins, what can happen to it, and what every course of it has to show."""

    first: Thing
    do: Mapping[str, Does]
    table: Mapping[tuple[Any, Any], Any]
    state: Callable[[Thing], Any]
    judge: Callable[[Thing, list[Happened]], None]
    steps: int = 1
    """Of its table, that one call may take: a list of people that changed is counted again, and then confirmed."""


def drill_is_sound(one: Thing, course: list[Happened]) -> None:
    state = drills.DrillState.PLANNED
    for entry in one.history:
        state = drills.TRANSITIONS[state, drills.DrillEvent(entry.what)]
    assert state is one.state, "its record alone tells"
    assert [entry.what for entry in one.history] == [happened.what for happened in course]
    if one.state is drills.DrillState.EVALUATED:
        assert {"start", "end"} <= {entry.what for entry in one.history}
        assert one.evaluation


def round_is_sound(one: Round, course: list[Happened]) -> None:
    if one.state is RoundState.DONE:
        assert one.left == 0, "all was looked at"
        assert course[-1].what == "finish"
    known = {photo.id for photo in one.photos}
    for question, answer in zip(one.questions, one.answers, strict=True):
        if answer is not None:
            assert answer.value is None or answer.outcome is not ItemOutcome.PASS or question.within(answer.value)
            assert {*answer.photos} <= known


def headcount_is_sound(one: Thing, _course: list[Happened]) -> None:
    if one.state is headcount.HeadcountState.CONFIRMED:
        before, last = one.confirmations[-2:]
        assert before.by != last.by, "two people"
        assert (before.counted, before.missing) == (last.counted, last.missing), "of the same list"
        counted = [check.at for check in one.checks] + [row.at for row in one.expected if row.named_by is not None]
        assert max(counted, default=0) < before.at, "and nobody was counted since"


def notification_is_sound(one: Thing, course: list[Happened]) -> None:
    handed = [tried for tried in one.tries if tried.outcome == "handed-over"]
    assert len(handed) <= 1, "handed over once"
    assert (one.handed_at is not None) == bool(handed)
    if one.state is notifications.NotificationState.FAILED:
        assert one.rounds == RETRY.attempts, "no channel was left out"
        assert {tried.channel for tried in one.tries} == {*one.channels}
    if one.state is notifications.NotificationState.ACKNOWLEDGED:
        assert course[-1].what == "acknowledge"


def escalation_is_sound(one: Thing, course: list[Happened]) -> None:
    assert (one.ended_at is None) == (one.state in escalations.OPEN)
    ends = [happened for happened in course if happened.what in {"acknowledge", "end"}]
    assert len(ends) <= 1, "it ends once"
    assert not ends or course[-1] == ends[0], "and nobody is called afterwards"


def command_is_sound(one: Thing, course: list[Happened]) -> None:
    said = [entry for entry in one.timeline if entry.what.startswith("command-")]
    person: str | None = None
    for entry in said:
        person = entry.by if entry.what in {"command-taken", "command-taken-over"} else person
    assert person == one.command.person, "the timeline tells who commands"
    asked = [entry for entry in said if entry.what in {"command-asked", "command-asked-again"}]
    if any(entry.what == "command-unanswered" for entry in said):
        assert len(asked) == one.command.rounds * len(LINE), "all were asked, in all rounds, before it was said"
    assert len(course) == len(one.timeline) - 1
    assert all(before.at <= after.at for before, after in pairwise(one.timeline))


def suppression_is_sound(one: Suppression, course: list[Happened]) -> None:
    if one.state is suppression.SuppressionState.OVER:
        assert [happened.what for happened in course] == ["end", "over"], "nothing stays hidden: first it all calls"
        assert one.ended_by == course[0].by


def ask(one: activations.Activation, _by: str, now: int) -> activations.Activation:
    return commanding.ask(one, LINE, now) if incident_command.is_due(one.command, now) else one


def check_off(one: headcount.Headcount, by: str, now: int, status: Status) -> headcount.Headcount:
    said = CheckOff(person="p-1", status=status, where="north", at=now, by=by, note="seen")
    return headcount.check(one, said, headcount.rows(one, {}, lambda _: True))


MACHINES = {
    "drill": Machine(
        DRILL,
        {
            "start": lambda d, by, now: drills.start(d, "a-1", by, now),
            "suspend": lambda d, by, now: drills.suspend(d, by, "fire-b1-2", now),
            "resume": lambda d, by, now: drills.resume(d, by, "all clear", now),
            "end": lambda d, by, now: drills.end(d, by, "done", now),
            "evaluate": lambda d, by, now: drills.evaluate(d, by, "slow", (), now),
            "cancel": lambda d, by, now: drills.cancel(d, by, "rain", now),
        },
        drills.TRANSITIONS,
        lambda d: d.state,
        drill_is_sound,
    ),
    "round": Machine(
        Round(
            id="r-1",
            site="s",
            zone="z",
            route="pumps",
            name=Text(zh="水泵"),
            state=RoundState.PLANNED,
            planned_at=0,
            due_by=None,
        ),
        {
            "start": lambda r, by, now: inspections.start(r, QUESTIONS, by, now),
            "good": lambda r, by, now: inspections.answer(r, 0, Answer(outcome=ItemOutcome.PASS, at=now, by=by)),
            "low": lambda r, by, now: inspections.answer(
                r, 1, Answer(outcome=ItemOutcome.FAIL, value=0.1, note="low", at=now, by=by)
            ),
            "lie": lambda r, by, now: inspections.answer(
                r, 1, Answer(outcome=ItemOutcome.PASS, value=0.1, at=now, by=by)
            ),
            "photo": lambda r, by, now: inspections.add_photo(
                r, RoundPhoto(id="p-1", media_type="image/png", size=1, at=now, by=by)
            ),
            "shown": lambda r, by, now: inspections.answer(
                r, 0, Answer(outcome=ItemOutcome.FAIL, photos=("p-1",), at=now, by=by)
            ),
            "finish": lambda r, _by, now: inspections.finish(r, now),
        },
        inspections.TRANSITIONS,
        lambda r: r.state,
        round_is_sound,
    ),
    "headcount": Machine(
        headcount.begin(
            "a-1", "s", "b3", [headcount.Pass(card="p-1", zone="b3", at=0)], "wang-wei", 1, doors_known=True
        ),
        {
            "name": lambda h, by, now: headcount.name(h, f"guest {now}", "b3", "", by, now),
            "safe": lambda h, by, now: check_off(h, by, now, Status.SAFE),
            "out": lambda h, by, now: check_off(h, by, now, Status.OUT),
            "confirm": lambda h, by, now: headcount.confirm(
                h, headcount.rows(h, {}, lambda _: True), "they look", by, now
            ),
            "confirm-blindly": lambda h, by, now: headcount.confirm(
                h, headcount.rows(h, {}, lambda _: True), "", by, now
            ),
        },
        headcount.TRANSITIONS,
        lambda h: h.state,
        headcount_is_sound,
        steps=2,
    ),
    "notification": Machine(
        NOTE,
        {
            "hand-over": lambda n, _by, now: notifications.handed_over(n, now),
            "fail": lambda n, _by, now: notifications.not_taken(n, now, "500", RETRY),
            "open": lambda n, _by, now: notifications.opened(n, now),
            "acknowledge": lambda n, _by, now: notifications.acknowledged(n, now),
            "withdraw": lambda n, _by, _now: notifications.withdrawn(n, "over"),
        },
        notifications.TRANSITIONS,
        lambda n: n.state,
        notification_is_sound,
    ),
    "escalation": Machine(
        CALLING,
        {
            "call": lambda e, by, now: escalations.called(e, [by], now + 60_000),
            "exhaust": lambda e, by, _now: escalations.called(e, [by], None),
            "acknowledge": escalations.acknowledge,
            "end": lambda e, _by, now: escalations.end(e, "the alarm is over", now),
        },
        escalations.TRANSITIONS,
        lambda e: e.state,
        escalation_is_sound,
    ),
    "command": Machine(
        activated(),
        {
            "ask": ask,
            "ask-later": lambda a, by, now: ask(a, by, now + 700_000),
            "take": lambda a, by, now: commanding.take(a, by, "", now + 700_000),
            "take-over": lambda a, by, now: commanding.take(a, by, "the radio is dead", now + 700_000),
            "offer": lambda a, by, now: commanding.offer(a, "li-na", by, "I go in", now + 700_000),
        },
        incident_command.TRANSITIONS,
        lambda a: a.command.state,
        command_is_sound,
    ),
    "suppression": Machine(
        Suppression(
            id="s-1", site="s", kind=SuppressionKind.SHELVED, zone="z", reason="paint", by="li-na", since=0, until=9
        ),
        {
            "end": suppression.end,
            "over": lambda s, _by, _now: suppression.over(s),
        },
        suppression.TRANSITIONS,
        lambda s: s.state,
        suppression_is_sound,
    ),
}


@pytest.mark.parametrize("name", MACHINES)
@given(data=st.data())
def test_every_history_replays_to_the_same_state_and_no_path_leaves_out_a_step(name: str, data: st.DataObject) -> None:
    machine = MACHINES[name]
    step = st.tuples(st.sampled_from(sorted(machine.do)), st.sampled_from(PEOPLE), st.booleans())
    one, course = machine.first, list[Happened]()
    for number, (what, by, stored) in enumerate(data.draw(st.lists(step, max_size=30))):
        now = 1_000_000 * (number + 1)
        try:
            after = machine.do[what](one, by, now)
        except TransitionRefused:
            continue
        if after is one:
            continue
        assert after.version > one.version
        assert machine.state(after) in reached(machine, machine.state(one))
        course.append(Happened(what, by, now))
        one = decode(encode(after), type(after)) if stored else after
    machine.judge(one, course)
    again = machine.first
    for happened in course:
        again = machine.do[happened.what](again, happened.by, happened.at)
    assert decode(encode(again), type(again)) == decode(encode(one), type(one))


def reached(machine: Machine, state: Any) -> set[Any]:
    """By one call."""
    ends: set[Any] = set()
    states = {state}
    for _ in range(machine.steps):
        states = {after for (before, _), after in machine.table.items() if before in states}
        ends |= states
    return ends
