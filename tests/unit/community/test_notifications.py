"""A notification's way over channels, grouping, quiet hours; escalation and its end: for any course of events."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.errors import TransitionRefused
from community.escalations import (
    OPEN,
    Call,
    Escalation,
    EscalationState,
    acknowledge,
    call_tree,
    called,
    due,
    end,
)
from community.notice_text import Facts, render, unknown_fields
from community.notifications import (
    TRANSITIONS,
    Notification,
    NotificationEvent,
    NotificationState,
    Pace,
    acknowledged,
    handed_over,
    not_taken,
    opened,
    paced,
    release_at,
    withdrawn,
)
from community.site.duty import EscalationLevel, Grouping, Retry, Templates
from community.text import Text

RETRY = Retry(attempts=3, first=2, longest=60)
NOTE = Notification(
    id="n-1",
    site="s",
    escalation="e-1",
    person="wang-wei",
    told_as="maintenance",
    grade="high",
    zone="b3",
    channels=("sms", "email"),
    token="t",
    created_at=0,
    next_at=0,
)
FACTS = Facts(
    kind="alarm",
    grade="high",
    message=Text(zh="火情确认", en="Fire confirmed"),
    action=None,
    place=Text(zh="3号楼 一层走廊", en="1F corridor, Building 3"),
    building=Text(zh="3号楼", en="Building 3"),
    at=1_790_000_000_000,
)
CALLING = Escalation(id="e-1", site="s", zone="b3", kind="alarm", cause="a", facts=FACTS, started_at=0, next_at=0)


def test_a_channel_that_fails_falls_over_at_once_then_all_are_tried_again_later_and_in_the_end_it_has_failed() -> None:
    course = []
    note, now = NOTE, 0
    while note.state is NotificationState.QUEUED:
        course.append((note.channels[note.channel], note.next_at - now))
        now = note.next_at
        note = not_taken(note, now, "500", RETRY)
    assert [channel for channel, _ in course] == ["sms", "email"] * 3
    assert [wait for _, wait in course] == [0, 0, 2_000, 0, 4_000, 0]
    assert note.state is NotificationState.FAILED
    assert len(note.tries) == 6


@given(st.lists(st.sampled_from(["hand", "fail", "open", "acknowledge", "withdraw"]), max_size=30))
def test_whatever_happens_nothing_acknowledged_goes_back_and_nothing_ended_is_sent(course: list[str]) -> None:
    note = NOTE
    for now, step in enumerate(course):
        before = note
        try:
            match step:
                case "hand":
                    note = handed_over(note, now)
                case "fail":
                    note = not_taken(note, now, "no", RETRY)
                case "open":
                    note = opened(note, now)
                case "acknowledge":
                    note = acknowledged(note, now)
                case _:
                    note = withdrawn(note, "over")
        except TransitionRefused:
            assert note is before
            continue
        if before.state in {NotificationState.ACKNOWLEDGED, NotificationState.WITHDRAWN}:
            assert note is before
        if step in {"hand", "fail"}:
            assert before.state is NotificationState.QUEUED
        assert note is before or note.version == before.version + 1


def test_every_state_and_event_is_judged() -> None:
    ends = {NotificationState.ACKNOWLEDGED, NotificationState.WITHDRAWN}
    assert not any(state in ends for state, _ in TRANSITIONS)
    reached = {NotificationState.QUEUED, *TRANSITIONS.values()}
    assert reached == set(NotificationState)
    assert {event for _, event in TRANSITIONS} == set(NotificationEvent)


@given(st.lists(st.integers(0, 120_000), min_size=1, max_size=200), st.integers(1, 30), st.integers(30, 1200))
def test_nobody_gets_more_than_the_grouping_allows(gaps: list[int], window: int, digest: int) -> None:
    grouping = Grouping(window=window, digest=digest)
    pace: Pace | None = None
    now, sent = 0, list[int]()
    for gap in gaps:
        now += gap
        if now >= release_at(pace, grouping):
            pace = paced(pace, "p", now, grouping)
            sent.append(now)
    span = now - sent[0]
    assert len(sent) <= 2 + 2 * (span // (digest * 1000))


LEVELS = (
    EscalationLevel(after=0, on_duty=("maintenance",), in_turn=60),
    EscalationLevel(after=300, on_duty=("manager",)),
    EscalationLevel(after=600, all_=("officer",)),
)
DUTY = {"maintenance": ("a", "b"), "manager": ("c",), "officer": ("a", "d", "e")}


def tree(*, high: bool) -> list[Call]:
    return call_tree(LEVELS, DUTY.__getitem__, DUTY.__getitem__, high=high)


def test_the_call_tree_is_in_order_and_of_a_high_alarm_a_level_is_told_at_once() -> None:
    assert [(c.person, c.after) for c in tree(high=False)] == [
        ("a", 0),
        ("b", 60_000),
        ("c", 300_000),
        ("d", 600_000),
        ("e", 600_000),
    ]
    assert [c.person for c in tree(high=True) if c.after == 0] == ["a", "b"]


def test_for_somebody_who_cannot_be_reached_the_next_is_called_at_once() -> None:
    told = called(CALLING, ["a"], 60_000)
    assert due(told, tree(high=False), frozenset(), 1_000) == ([], 60_000)
    calls, next_at = due(told, tree(high=False), frozenset({"a"}), 1_000)
    assert [c.person for c in calls] == ["b"]
    assert next_at == 300_000


@given(st.lists(st.tuples(st.integers(0, 400_000), st.sets(st.sampled_from("abcde"))), max_size=20), st.booleans())
def test_everybody_is_called_once_in_order_and_never_late(steps: list[tuple[int, set[str]]], high: bool) -> None:
    escalation, now, calls = CALLING, 0, tree(high=high)
    for gap, failed in steps:
        now += gap
        if escalation.state is not EscalationState.CALLING:
            break
        some, next_at = due(escalation, calls, frozenset(failed), now)
        escalation = called(escalation, [c.person for c in some], next_at)
        assert len(set(escalation.told)) == len(escalation.told)
        assert {c.person for c in calls if c.after <= now} <= set(escalation.told)
        assert next_at is None or next_at > now


@given(st.lists(st.sampled_from(["call", "exhaust", "acknowledge", "end"]), max_size=10))
def test_once_acknowledged_nobody_is_called(course: list[str]) -> None:
    escalation = CALLING
    for now, step in enumerate(course):
        ended = escalation.state not in OPEN
        if step in {"call", "exhaust"}:
            try:
                escalation = called(escalation, ["x"], now + 1 if step == "call" else None)
                assert not ended
            except TransitionRefused:
                assert escalation.state is not EscalationState.CALLING
        else:
            after = acknowledge(escalation, "p", now) if step == "acknowledge" else end(escalation, "over", now)
            assert (after is escalation) is ended
            escalation = after


def test_the_words_of_one_alarm_and_of_many() -> None:
    def words(facts: list[Facts], language: str) -> str:
        made = render(
            facts, language=language, timezone="Asia/Shanghai", link="https://x/n/t", ref="n-1", templates=Templates()
        )
        return made.body

    one = words([replace(FACTS, value="61 °C", simulated=True)], "en")
    assert one.startswith("[SIMULATED] HIGH alarm: Fire confirmed\nPlace: 1F corridor, Building 3\nValue: 61 °C\n")
    assert "Time: 2026-09-21 22:13:20" in one
    assert "cause" not in one  # the rule says none
    why = replace(
        FACTS, cause=Text(zh="两只探测器", en="Two detectors"), consequence=Text(zh="人员被困", en="People trapped")
    )
    assert "Likely cause: Two detectors\nMay lead to: People trapped\n" in words([why], "en")
    assert "可能原因：两只探测器\n可能后果：人员被困\n" in words([why], "zh")
    other = replace(FACTS, building=Text(zh="车库", en="Garage"))
    many = words([FACTS, FACTS, other], "both")
    assert many.startswith("3条报警：3号楼 2，车库 1\n")
    assert "3 alarms: Building 3 2, Garage 1" in many
    assert words([replace(FACTS, drill=True)], "zh").startswith("【演练】高风险报警：火情确认")
    assert "【演练】" not in words([replace(FACTS, drill=True), FACTS], "zh")


def test_an_alarm_and_what_its_plan_asks_of_the_same_person_is_one_text() -> None:
    plan = Text(zh="火灾预案", en="Fire plan")
    asked = replace(FACTS, kind="command", message=plan, action=Text(zh="12:00前", en="until 12:00"))
    task = replace(FACTS, kind="step", message=plan, action=Text(zh="打开疏散门", en="Open the doors"))
    made = render(
        [FACTS, asked, task], language="both", timezone="Asia/Shanghai", link="https://x/n/t", ref="n-1",
        templates=Templates(), in_full=True,
    )  # fmt: skip
    assert made.title == "高风险报警：火情确认"
    assert made.body.count("https://x/n/t") == 2, "one link in each language"
    for said in (
        "1F corridor, Building 3",
        "You are asked to command: Fire plan; until 12:00",
        "Task of the plan: Open",
    ):
        assert said in made.body
    for said in ("3号楼 一层走廊", "请您担任总指挥：火灾预案；12:00前", "预案任务：打开疏散门"):
        assert said in made.body


@pytest.mark.parametrize(("text", "unknown"), [("{place} {when}", ["when"]), ("{place", ["{place"]), ("{ref}", [])])
def test_a_template_is_judged_before_it_is_needed(text: str, unknown: list[str]) -> None:
    assert unknown_fields(text) == unknown
