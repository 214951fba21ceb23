"""The closed loop of a ticket: put right with evidence, re-inspected by somebody else, closed once sensors agree."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community import ticket_log, tickets
from community.errors import TransitionRefused
from community.evidence import Evidence, Part, Photo, Work
from community.people import PLATFORM, Actor, Role, may
from community.ticket_log import condition_cleared, condition_raised
from community.tickets import OPEN, RIGHTS, TRANSITIONS, Condition, Ticket, TicketEvent
from community.tickets import TicketState as State

CHEN = Actor("chen-gang", frozenset({Role.CREW}))
ZHANG = Actor("zhang-min", frozenset({Role.MANAGER}))
SUN = Actor("sun-hong", frozenset({Role.SUPERVISOR}))
ADMIN = Actor("admin", frozenset({Role.ADMINISTRATOR}))
PEOPLE = (CHEN, ZHANG, SUN, ADMIN, PLATFORM)
SOURCE = "rule:battery-low:a.battery"
PHOTO = Photo(id="p-1", media_type="image/jpeg", size=10, at=1, by="chen-gang")


def evidence(by: Actor, at: int, note: str = "new battery, 100 %") -> Evidence:
    return Evidence(at=at, by=by.name, note=note)


def ticket(identifier: str = "t-1", standing: bool = False) -> Ticket:
    return tickets.open_ticket(
        id=identifier,
        site="jinxiu",
        zone="b3-f1",
        title_zh="电池电量低",
        title_en="Battery low",
        source=SOURCE,
        priority="low",
        now=1_000,
        by="system",
        conditions=(Condition(source=SOURCE, standing=standing, at=1_000),),
    )


STEPS: dict[str, Callable[[Ticket, Actor, int], Ticket]] = {
    "assign": lambda t, by, at: tickets.assign(t, by, "chen-gang", "", at),
    "start": lambda t, by, at: tickets.start(t, by, "", at),
    "rectify": lambda t, by, at: tickets.rectify(t, by, evidence(by, at), at),
    "pass": lambda t, by, at: tickets.reinspect(t, by, True, "", at),
    "fail": lambda t, by, at: tickets.reinspect(t, by, False, "still beeps", at),
    "close": lambda t, by, at: tickets.close(t, by, "", at),
    "reopen": lambda t, by, at: tickets.reopen(t, by, "again", at, deadlines=(at + 1, at + 2)),
    "cancel": lambda t, by, at: tickets.cancel(t, by, "not ours", at),
    "merge": lambda t, by, at: tickets.merge(t, by, ticket("t-0"), "the same lamp", at)[0],
    "note": lambda t, by, at: ticket_log.comment(t, by.name, "looked at it", at),
    "raised": lambda t, by, at: condition_raised(t, SOURCE, "", at),
    "cleared": lambda t, by, at: condition_cleared(t, SOURCE, at),
}
WALKS = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(PEOPLE)), max_size=40)
LOOP = [("assign", ZHANG), ("start", CHEN), ("rectify", CHEN), ("pass", SUN)]


def worked(steps: list[tuple[str, Actor]], first: Ticket | None = None) -> list[Ticket]:
    history = [first or ticket()]
    for number, (name, by) in enumerate(steps):
        try:
            after = STEPS[name](history[-1], by, 2_000 + number)
        except TransitionRefused:
            continue
        if after is not history[-1]:
            history.append(after)
    return history


def test_the_whole_loop() -> None:
    closed = worked([*LOOP, ("close", SUN)])[-1]
    assert closed.state is State.CLOSED
    assert [note.change for note in closed.history] == ["reported", "assign", "start", "rectify", "pass", "close"]
    assert closed.responded_at == 2_000
    assert closed.ended_at == 2_004
    assert closed.respond_by - closed.reported_at == 2 * 3_600_000


def test_whoever_put_it_right_may_not_look_again() -> None:
    rectified = worked([("start", ZHANG), ("rectify", ZHANG)])[-1]
    with pytest.raises(TransitionRefused, match="somebody else"):
        tickets.reinspect(rectified, ZHANG, True, "", 9_000)
    helped = ticket_log.add_work(worked(LOOP[:3])[-1], Work(at=1, by=ZHANG.name, minutes=20))
    with pytest.raises(TransitionRefused, match="somebody else"):
        tickets.reinspect(helped, ZHANG, True, "", 9_000)


def test_nor_may_whoever_did_before_an_inspection_failed() -> None:
    again = worked([("start", ZHANG), ("rectify", ZHANG), ("fail", SUN), ("rectify", CHEN)])[-1]
    with pytest.raises(TransitionRefused, match="somebody else"):
        tickets.reinspect(again, ZHANG, True, "", 9_000)
    assert tickets.reinspect(again, SUN, True, "", 9_000).state is State.REINSPECTED


def test_what_the_platform_does_is_nobodys_answer() -> None:
    assert worked([("note", PLATFORM), ("assign", PLATFORM)])[-1].responded_at is None
    assert worked([("assign", PLATFORM), ("start", CHEN)])[-1].responded_at == 2_001


def test_a_ticket_whose_sensor_still_sees_it_ends_only_by_a_signed_reason() -> None:
    passed = worked([*LOOP, ("raised", PLATFORM)])[-1]
    with pytest.raises(TransitionRefused, match="still sees it"):
        tickets.close(passed, SUN, "fine", 9_000)
    with pytest.raises(TransitionRefused, match="somebody else"):
        tickets.close(replace(passed, work=(Work(at=1, by=SUN.name, minutes=5),)), SUN, "", 9_000, override="ok")
    signed = tickets.close(passed, SUN, "", 9_000, override="the sensor is broken, ticket t-7")
    assert (signed.state, signed.override) == (State.CLOSED, "the sensor is broken, ticket t-7")
    assert signed.history[-1].note.startswith("override: ")
    cleared = condition_cleared(passed, SOURCE, 9_000)
    assert tickets.close(cleared, SUN, "", 9_001).override is None
    with pytest.raises(TransitionRefused, match="still sees it"):
        tickets.cancel(ticket(standing=True), ZHANG, "false", 9_000)
    assert tickets.cancel(ticket(standing=True), ZHANG, "false", 9_000, override=True).override == "false"


def test_what_comes_back_soon_is_the_same_ticket_with_all_it_has() -> None:
    closed = worked([*LOOP, ("close", SUN)])[-1]
    again = tickets.reopen(closed, PLATFORM, "a.battery: 8", 5_000, deadlines=(6_000, 7_000))
    assert (again.state, again.reopened, again.responded_at) == (State.REPORTED, 1, None)
    assert (again.respond_by, again.complete_by) == (6_000, 7_000)
    assert again.evidence == closed.evidence
    assert again.history[:-1] == closed.history
    with pytest.raises(TransitionRefused, match="too long ago"):
        tickets.reopen(closed, PLATFORM, "again", 5_000, deadlines=(6_000, 7_000), within_ms=100)


def test_a_merged_ticket_gives_the_other_one_all_it_has() -> None:
    other = tickets.rectify(worked(LOOP[:2], ticket("t-0"))[-1], CHEN, evidence(CHEN, 5), 5)
    mine = replace(
        ticket("t-2", standing=True),
        source="rule:smoke-dirty:a",
        conditions=(Condition(source="rule:smoke-dirty:a", standing=True, at=3),),
    )
    mine = ticket_log.add_photo(mine, PHOTO)
    merged, joined = tickets.merge(mine, ZHANG, other, "one detector", 9_000)
    assert (merged.state, merged.merged_into) == (State.MERGED, "t-0")
    assert [c.source for c in joined.conditions] == [SOURCE, "rule:smoke-dirty:a"]
    assert joined.photos == (PHOTO,)
    assert joined.standing
    with pytest.raises(TransitionRefused, match="is merged"):
        tickets.merge(other, ZHANG, merged, "one detector", 9_000)


def test_what_a_transition_wants_said_is_wanted() -> None:
    started = worked([("start", CHEN)])[-1]
    rectified = worked([("start", CHEN), ("rectify", CHEN)])[-1]
    closed = worked([*LOOP, ("close", SUN)])[-1]
    with pytest.raises(TransitionRefused, match="proves"):
        tickets.rectify(started, CHEN, evidence(CHEN, 1, " "), 9_000)
    with pytest.raises(TransitionRefused, match="no photo p-9"):
        tickets.rectify(started, CHEN, replace(evidence(CHEN, 1), photos=("p-9",)), 9_000)
    with pytest.raises(TransitionRefused, match="wrong"):
        tickets.reinspect(rectified, SUN, False, "", 9_000)
    with pytest.raises(TransitionRefused, match="why"):
        tickets.cancel(started, ZHANG, "", 9_000)
    with pytest.raises(TransitionRefused, match="why"):
        tickets.merge(started, ZHANG, ticket("t-0"), " ", 9_000)
    with pytest.raises(TransitionRefused, match="come again"):
        tickets.reopen(closed, ZHANG, " ", 9_000, deadlines=(1, 2))


def test_a_photo_or_a_reading_is_evidence_too() -> None:
    started = ticket_log.add_photo(worked([("start", CHEN)])[-1], PHOTO)
    shown = replace(evidence(CHEN, 1, ""), photos=("p-1",))
    assert tickets.rectify(started, CHEN, shown, 9_000).state is State.RECTIFIED
    measured = replace(evidence(CHEN, 1, ""), point="a.battery", value=0.0)
    assert tickets.rectify(started, CHEN, measured, 9_000).evidence[-1].value == 0.0


def test_hours_and_parts_are_kept_while_it_is_open() -> None:
    work = Work(at=5, by="chen-gang", minutes=30, parts=(Part(name="battery", quantity=2, cost=1_600),))
    assert ticket_log.add_work(ticket(), work).work == (work,)
    with pytest.raises(TransitionRefused, match="how long"):
        ticket_log.add_work(ticket(), Work(at=5, by="chen-gang", minutes=0))
    closed = worked([*LOOP, ("close", SUN)])[-1]
    with pytest.raises(TransitionRefused, match="closed"):
        ticket_log.add_work(closed, work)
    with pytest.raises(TransitionRefused, match="closed"):
        ticket_log.add_photo(closed, PHOTO)


def test_a_sensor_that_keeps_alarming_is_counted_without_end() -> None:
    nervous = ticket()
    for at in range(500):
        nervous = condition_raised(nervous, SOURCE, "", at)
    assert nervous.conditions[0].raised == 501
    assert len(nervous.history) == ticket_log.MOST_NOTES
    assert not condition_cleared(nervous, SOURCE, 600).standing


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", TicketEvent)
def test_what_the_table_does_not_name_is_refused_and_so_is_whoever_may_not(state: State, event: TicketEvent) -> None:
    before = replace(ticket(), state=state)
    for by in PEOPLE:
        allowed = event in tickets.THE_PLATFORMS if by == PLATFORM else may(by.roles, RIGHTS[event])
        if (state, event) in TRANSITIONS and allowed:
            assert STEPS[event](before, by, 5_000).state is TRANSITIONS[state, event]
        else:
            with pytest.raises(TransitionRefused, match=f"{state}|may not"):
                STEPS[event](before, by, 5_000)


@given(WALKS)
def test_no_path_closes_what_nobody_else_looked_at(steps: list[tuple[str, Actor]]) -> None:
    history = worked(steps)
    assert [t.version for t in history] == list(range(1, len(history) + 1))
    for before, after in pairwise(history):
        assert after.history[: len(before.history)] == before.history
    last = history[-1]
    rights = {actor.name: actor for actor in PEOPLE}
    for note in last.history:
        if note.change in set(TicketEvent):
            event = TicketEvent(note.change)
            by = rights[note.by]
            assert event in tickets.THE_PLATFORMS if by == PLATFORM else may(by.roles, RIGHTS[event])
    if last.state is State.CLOSED:
        done = [note.change for note in last.history if note.change in set(TicketEvent)]
        assert done[-3:] == ["rectify", "pass", "close"]
        assert "start" in done
        assert last.evidence
        assert not last.standing or last.history[-1].change != "close"
    passed = [n for n, note in enumerate(last.history) if note.change == "pass"]
    for n in passed:
        assert last.history[n].by not in {note.by for note in last.history[:n] if note.change == "rectify"}


@given(WALKS)
def test_every_history_replays_to_the_same_state(steps: list[tuple[str, Actor]]) -> None:
    """What is kept of a ticket can be told from its record alone."""
    last = worked(steps)[-1]
    state, standing = State.REPORTED, False
    for note in last.history[1:]:
        if note.change in set(TicketEvent):
            state = TRANSITIONS[state, TicketEvent(note.change)]
        elif note.change in {"raised-again", "condition-cleared"}:
            standing = note.change == "raised-again"
    changes = [note.change for note in last.history]
    opened = len(changes) - changes[::-1].index("reopen") if "reopen" in changes else 1
    answers = [n.at for n in last.history[opened:] if n.change in set(TicketEvent) and n.by != PLATFORM.name]
    assert (last.state, last.standing) == (state, standing)
    assert (last.failed_inspections, last.reopened) == (changes.count("fail"), changes.count("reopen"))
    assert last.responded_at == (answers[0] if answers else None)
    assert (last.ended_at is None) == (last.state in OPEN)
    assert worked(steps)[-1] == last
