"""One person commands: asked in order, taken in one action, handed over only when the next has taken it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.settings import Settings
from backbone.site_files import read_site
from community import activations, commanding
from community.activations import Activation
from community.errors import TransitionRefused
from community.incident_command import CommandState, is_due, still_asked
from community.people import Action, Role, may
from community.roster import OnRecord
from community.staffing import line_of_command
from tests.servers import ROOT
from tests.unit.community.test_activations import activated

LINE = ("wang-wei", "li-na", "zhang-min")
PEOPLE = st.sampled_from(LINE)
Does = Callable[[Activation, int], Activation]


def test_who_does_not_take_it_in_time_is_passed_over_and_asked_again_and_then_all_are_told_until_somebody_does() -> (
    None
):
    one, now = activated(), 1_000
    asked = []
    for _ in range(3 * len(LINE)):
        assert is_due(one.command, now)
        assert not is_due(commanding.ask(one, LINE, now).command, now + 119_999)
        one = commanding.ask(one, LINE, now)
        asked.append((now, one.command.asked[-1]))
        now += 120_000
    assert asked == [(1_000 + 120_000 * turn, LINE[turn % 3]) for turn in range(9)], "three rounds"
    for _ in range(20):
        one = commanding.ask(one, LINE, now)
        assert (one.command.state, one.command.asked) == (CommandState.UNANSWERED, LINE), "all at once"
        assert not is_due(one.command, now + 599_999)
        now += 600_000
        assert is_due(one.command, now), "for as long as it takes"
    assert all(still_asked(one.command, person) for person in LINE), "whoever wakes up late still may"
    relieved = commanding.ask(one, ("chen-gang",), now)
    assert relieved.command.asked == ("chen-gang",), "by the roster of that hour"
    assert all(still_asked(relieved.command, person) for person in ("chen-gang", *LINE))
    said = [entry.what for entry in one.timeline if entry.what.startswith("command")]
    assert said == ["command-asked"] * 3 + ["command-asked-again"] * 6 + ["command-unanswered"] * 20
    over = activations.stand_down(one, "wang-wei", "burnt rice", now)
    assert commanding.ask(over, LINE, now) is over
    taken = commanding.take(one, "wang-wei", "", now + 1)
    assert (taken.command.person, taken.command.since) == ("wang-wei", now + 1)
    assert not any(still_asked(taken.command, person) for person in LINE)


def test_it_is_handed_over_when_the_next_has_taken_it() -> None:
    one = commanding.take(activated(), "wang-wei", "", 2_000)
    for to, by, reason in (("li-na", "wang-wei", " "), ("li-na", "zhang-min", "tired"), ("wang-wei", "wang-wei", "x")):
        with pytest.raises(TransitionRefused):
            commanding.offer(one, to, by, reason, 3_000)
    for by in ("wang-wei", "zhang-min"):
        with pytest.raises(TransitionRefused):
            commanding.take(one, by, "", 3_000)
    offered = commanding.offer(one, "li-na", "wang-wei", "I go in myself", 3_000)
    assert offered.command.person == "wang-wei"
    kept = commanding.take(offered, "wang-wei", "", 3_500)
    assert (kept.command.person, kept.command.offered_to) == ("wang-wei", None)
    handed = commanding.take(offered, "li-na", "", 4_000)
    over = commanding.take(handed, "zhang-min", "radio is dead", 5_000)
    said = [(e.by, e.what, e.detail) for e in over.timeline if e.what.startswith("command")]
    assert said == [
        ("wang-wei", "command-taken", ""),
        ("wang-wei", "command-offered", "li-na: I go in myself"),
        ("li-na", "command-taken-over", "wang-wei"),
        ("zhang-min", "command-taken-over", "li-na: radio is dead"),
    ]


@given(st.lists(st.tuples(st.sampled_from(["ask", "take", "offer", "end"]), PEOPLE, PEOPLE), max_size=25))
def test_once_somebody_commands_somebody_always_does_until_the_end(course: list[tuple[str, str, str]]) -> None:
    one = activated()
    for now, (what, by, to) in enumerate(course, start=1_000):
        before = one
        does: dict[str, Does] = {
            "ask": lambda a, t: commanding.ask(a, LINE, t) if is_due(a.command, t) else a,
            "take": lambda a, t: commanding.take(a, by, to, t),  # noqa: B023
            "offer": lambda a, t: commanding.offer(a, to, by, "because", t),  # noqa: B023
            "end": lambda a, t: activations.stand_down(a, by, "over", t),  # noqa: B023
        }
        try:
            one = does[what](one, now)
        except TransitionRefused:
            continue
        if before.command.person is not None:
            assert one.command.person is not None
        if before.state not in activations.OPEN:
            assert one.command == before.command
        assert len(set(one.command.asked)) == len(one.command.asked)
        if one.command != before.command:
            assert len(one.timeline) == len(before.timeline) + 1, "on the timeline"


def test_the_demo_community_asks_people_by_its_roster() -> None:
    site = read_site(Settings(site=Path(ROOT) / "sites" / "jinxiu.yaml"))
    plan = site.plans["fire"].organisation
    noon, night = 1_790_049_600_000, 1_790_096_400_000  # 2026-09-22 12:00 and 2026-09-23 01:00 in Shanghai
    people = {person.id: frozenset(person.roles) for person in site.file.people}
    lines = [line_of_command(site, plan.commander, plan.deputies, at, OnRecord()) for at in (noon, night)]
    assert [line[0] for line in lines] == ["li-na", "wang-wei"]
    assert set(lines[0]) == {"wang-wei", "li-na", "zhang-min"}
    assert all(may(people[person], Action.TAKE_COMMAND) for line in lines for person in line)
    assert Role.MANAGER in people[lines[0][1]], "the deputy by day"
