"""Responding goes on: a fault beside an alarm costs the alarm nothing, and a changed site stops nobody."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from backbone.database.activations import get_activation, list_activations, save_activation
from backbone.database.alarms import list_alarms, save_alarm
from backbone.database.database import Database
from backbone.database.errors import Conflict
from backbone.database.notifications import escalations_of
from backbone.database.tickets import list_tickets
from community.activation_begin import activate
from community.activation_course import to_restore
from community.activations import ActivationState, StepState, find_step, stand_down
from community.alarms import acknowledge
from community.commanding import offer, take
from community.incident_command import CommandState
from community.roster import OnRecord
from community.site.model import SiteFile
from community.site.site import Site
from rules.detect.model import Batch, Transition
from rules.notify.calls import People
from rules.notify.endings import commander_of, ended
from rules.respond.output_values import OutputValues
from rules.respond.responder import Responder
from tests.rules_rig import demo_site
from tests.unit.databases import new_database
from tests.unit.rules.sites import make_site

NOW = 1_790_000_000_000
LATE_AFTER_MS = 300_000
HIGH = {"id": "fire", "select": {"measure": "smoke"}, "when": {"equals": 1}, "risk": "high", "plan": "fire"}
_STEP = {"id": "release", "name": {"zh": "开门"}, "do": {"set": "egress-lock", "to": "safe"}, "within": "3s"}
PLAN: dict[str, Any] = {
    "id": "fire",
    "name": {"zh": "火灾应急预案"},
    "kind": "fire",
    "version": 1,
    "approved": {"by": "wang-wei", "on": "2026-09-01"},
    "next_revision": "2027-09-01",
    "organisation": {"commander": "safety-officer"},
    "levels": {"high": {"steps": [_STEP]}},
}
POINTS: dict[str, dict[str, Any]] = {
    "a.smoke": {"zone": "b3-f1"},
    "door.relay": {"zone": "b3-f1", "output": {"kind": "egress-lock", "safe": 0}},
}


def site(*plans: dict[str, Any]) -> Site:
    return make_site(POINTS, [HIGH], plans=plans, parents={"b3-f1": "b3"})


def smoke(at: int = NOW) -> Transition:
    return Transition("fire", "a.smoke", "b3-f1", True, at, 1.0, ("a.smoke",), "equals")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = new_database(tmp_path / "state.db")
    yield opened
    opened.close()


def test_a_high_alarm_activates_its_plan_once(database: Database) -> None:
    responder = Responder(site(PLAN), LATE_AFTER_MS)
    with database.begin() as c:
        orders = responder.respond(c, [smoke()], NOW)
        assert responder.respond(c, [smoke()], NOW) == []
        (alarm,) = list_alarms(c, "test")
        (activation,) = list_activations(c, "test")
    assert [(order.command.point, order.command.value) for order in orders] == [("door.relay", 0.0)]
    assert alarm.activation == activation.id


def test_in_the_service_centre_one_looks_first_and_a_second_detector_ends_the_wait(database: Database) -> None:
    """Positive alarm sequence of the demo community."""
    demo, (one, other) = demo_site(), ("smoke-centre-hall-a.smoke", "smoke-centre-hall-b.smoke")
    responder = Responder(demo, LATE_AFTER_MS)
    first = Transition("smoke-centre", one, "centre-hall", True, NOW, 1.0, (one,), "equals")
    with database.begin() as c:
        assert responder.respond(c, [first], NOW) == [], "nothing moves yet"
        (waiting,) = list_activations(c, demo.id)
        assert (waiting.state, waiting.decide_by) == (ActivationState.STANDBY, NOW + 15_000)
        both = Transition("fire-confirmed", "centre-hall", "centre-hall", True, NOW + 9, 1.0, (one, other), "vote")
        moved = {order.command.point for order in responder.respond(c, [both], NOW + 9)}
        (now_in_force,) = list_activations(c, demo.id)
    assert now_in_force.state is ActivationState.RESPONDING
    assert "doors-centre.relay-1" in moved


def test_a_late_step_is_told_to_the_commander_and_to_the_party_above(database: Database) -> None:
    above = {**PLAN, "organisation": {"commander": "safety-officer", "escalation": "street-office"}}
    made = site(above)
    rows: dict[str, Any] = {
        "notifications": {"language": "zh"},
        "people": [
            {"id": "wang-wei", "name": "王伟", "roles": ["safety-officer"]},
            {"id": "he-jing", "name": "何静", "roles": ["supervisor"], "party": "street-office"},
        ],
    }
    file = SiteFile.model_validate({**made.file.model_dump(by_alias=True, exclude_none=True), **rows})
    made = replace(made, file=file)
    responder = Responder(made, LATE_AFTER_MS)
    with database.begin() as c:
        responder.respond(c, [smoke()], NOW)
        (activation,) = list_activations(c, "test")
        responder.look_after(c, NOW + 4_000)
        (late,) = [e for e in escalations_of(c, "test", activation.id) if e.kind == "late"]
        responder.look_after(c, NOW + 8_000)
        assert len([e for e in escalations_of(c, "test", activation.id) if e.kind == "late"]) == 1, "told once"
    people = People(made, lambda _: True)
    assert {call.person for call in people.tree(late, "safety-officer", NOW, OnRecord())} == {"wang-wei", "he-jing"}


def test_who_does_not_take_command_is_passed_over_and_who_takes_it_is_told_what_is_late(database: Database) -> None:
    rows: dict[str, Any] = {
        "notifications": {"language": "zh"},
        "people": [
            {"id": "wang-wei", "name": "王伟", "roles": ["safety-officer"]},
            {"id": "zhang-min", "name": "张敏", "roles": ["manager"]},
        ],
    }
    plan = {
        **PLAN,
        "organisation": {"commander": "safety-officer", "deputies": ["manager"], "take_within": "30s", "rounds": 1},
    }
    made = site(plan)
    file = SiteFile.model_validate({**made.file.model_dump(by_alias=True, exclude_none=True), **rows})
    responder = Responder(replace(made, file=file), LATE_AFTER_MS)
    with database.begin() as c:
        responder.respond(c, [smoke()], NOW)
        for at in (0, 1_000, 29_999, 30_000, 30_001, 60_000, 61_000):
            responder.look_after(c, NOW + at)
        (activation,) = list_activations(c, "test")
        asked = [e for e in escalations_of(c, "test", activation.id) if e.kind == "command"]
        assert {e.started_at - NOW: e.roles for e in asked} == {
            0: ("zhang-min",), 30_000: ("wang-wei",), 60_000: ("zhang-min", "wang-wei")
        }  # fmt: skip
        assert [e.facts.gathered for e in sorted(asked, key=lambda e: e.started_at)] == [False, False, True]
        assert activation.command.state is CommandState.UNANSWERED
        assert all(ended(c, e, NOW + 91_000) is e for e in asked), "both may still take it"
        taken = take(activation, "wang-wei", "", NOW + 92_000)
        save_activation(c, taken)
        assert [ended(c, e, NOW + 92_000).ended_by for e in asked] == ["wang-wei has taken command"] * 3
        offered = offer(taken, "zhang-min", "wang-wei", "I go in", NOW + 93_000)
        save_activation(c, offered)
        responder.look_after(c, NOW + 93_001)
        responder.look_after(c, NOW + 93_002)
        again = [e for e in escalations_of(c, "test", activation.id) if e.started_at == NOW + 93_001]
        (late,) = [e for e in escalations_of(c, "test", activation.id) if e.kind == "late"]
        assert commander_of(c, late) == ("safety-officer", "wang-wei")
    assert [(e.kind, e.roles) for e in again] == [("command", ("zhang-min",))], "told once that it is handed over"
    people = People(replace(made, file=file), lambda _: True)
    assert [call.person for call in people.tree(late, "safety-officer", NOW, OnRecord(), "zhang-min")] == ["zhang-min"]


def test_what_burns_again_after_its_plan_was_stood_down_activates_it_anew(database: Database) -> None:
    """The alarm was never acknowledged, so it is the same alarm that comes back."""
    responder = Responder(site(PLAN), LATE_AFTER_MS)
    with database.begin() as c:
        responder.respond(c, [smoke()], NOW)
        (first,) = list_activations(c, "test")
        save_activation(c, stand_down(first, "wang-wei", "burnt rice", NOW + 1_000))
        over = Transition("fire", "a.smoke", "b3-f1", False, NOW + 2_000, 0.0, ("a.smoke",), "over")
        orders = responder.respond(c, [over, smoke(NOW + 3_000)], NOW + 3_000)
        assert len(list_activations(c, "test")) == 2
    assert [order.command.point for order in orders] == ["door.relay"]


def test_one_person_may_look_before_the_plan_comes_into_force_and_a_second_alarm_ends_that(database: Database) -> None:
    """Positive alarm sequence: no answer in 15 s, the end of the 3 min, or another alarm; each puts it in force."""
    waits = make_site(
        POINTS, [{**HIGH, "positive_alarm": {}}, {**HIGH, "id": "again"}], plans=[PLAN], parents={"b3-f1": "b3"}
    )
    responder = Responder(waits, LATE_AFTER_MS)
    for answered, joins, in_force_after_s in ((False, False, 15), (True, False, 181), (True, True, 60)):
        with pytest.raises(Undo), database.begin() as c:  # noqa: PT012
            assert responder.respond(c, [smoke()], NOW) == []
            (held,) = list_activations(c, "test")
            assert (held.state.value, held.decide_by) == ("standby", NOW + 15_000)
            if answered:
                (alarm,) = list_alarms(c, "test")
                save_alarm(c, acknowledge(alarm, "liu-yang", "I go", NOW + 1_000))
                assert responder.look_after(c, NOW + 1_000) == []
            before = NOW + in_force_after_s * 1000 - 1_000
            assert responder.look_after(c, before) == [], "nothing moves while somebody looks"
            if joins:
                other = replace(smoke(before), rule="again")
                orders = responder.respond(c, [other], before)
            else:
                orders = responder.look_after(c, NOW + in_force_after_s * 1000)
            assert [order.command.point for order in orders] == ["door.relay"]
            assert orders[0].command.expires > before + 50_000, "the doors' time counts from now"
            (after,) = list_activations(c, "test")
            assert after.state.value == "responding"
            raise Undo


class Undo(Exception):  # noqa: N818
    """Nothing of a case remains for the next."""


def test_an_alarm_whose_plan_cannot_be_called_is_raised_all_the_same(database: Database) -> None:
    """The plan is gone, a fault of ours: such a site does not load. Somebody still has to see the fire."""
    responder = Responder(site(), LATE_AFTER_MS)
    with database.begin() as c:
        assert responder.respond(c, [smoke(), smoke(NOW + 1)], NOW) == []
        (alarm,) = list_alarms(c, "test")
    assert (alarm.state.value, alarm.activation) == ("unacknowledged", None)


def test_a_high_alarm_found_late_is_somebodys_to_look_at(database: Database) -> None:
    responder = Responder(site(PLAN), LATE_AFTER_MS)
    with database.begin() as c:
        assert responder.respond(c, [smoke(NOW - LATE_AFTER_MS - 1)], NOW) == []
        (alarm,) = list_alarms(c, "test")
        (ticket,) = list_tickets(c, "test")
        assert list_activations(c, "test") == []
    assert alarm.late
    assert (alarm.ticket, ticket.priority) == (ticket.id, "high")


def test_a_plan_in_force_where_the_site_has_no_zone_any_more_becomes_the_commanders(database: Database) -> None:
    """The site file was changed while a plan was in force: its step fails to a person, and new alarms are raised."""
    with_plan = site(PLAN)
    elsewhere = activate(
        id="old",
        site="test",
        plan=with_plan.plans["fire"],
        level="high",
        zone="b9-f1",
        cause="person:wang-wei",
        reason="smoke seen",
        now=NOW,
    )
    responder = Responder(with_plan, LATE_AFTER_MS)
    with database.begin() as c:
        save_activation(c, elsewhere)
        orders = responder.look_after(c, NOW + 1)
        found = get_activation(c, "old")
        responder.respond(c, [smoke()], NOW)
        assert len(list_alarms(c, "test")) == 1
    assert orders == []
    assert found is not None
    step = find_step(found, "release")
    assert (step.state, step.who) == (StepState.FAILED, "commander")


def test_a_plan_edited_in_an_emergency_changes_nothing_of_it_and_a_restart_knows_what_was_before(
    database: Database,
) -> None:
    with_plan, without = site(PLAN), site({**PLAN, "levels": {"high": {"steps": [{**_STEP, "id": "other"}]}}})
    place = list(with_plan.points).index("door.relay")
    heard = OutputValues(with_plan)
    for at, value in ((NOW - 90_000, 0.0), (NOW - 60_000, 1.0), (NOW - 10, 0.0)):  # last: the interlock, on its own
        heard.take(batch(place, at, value))
    waiting = activate(
        id="now",
        site="test",
        plan=with_plan.plans["fire"],
        level="high",
        zone="b3-f1",
        cause="person:wang-wei",
        reason="smoke seen",
        now=NOW,
    )
    with database.begin() as c:
        heard.part().store(c)
        save_activation(c, waiting)
        restarted = OutputValues(without)
        restarted.load(c)
        orders = Responder(without, LATE_AFTER_MS, restarted).look_after(c, NOW + 1)
        found = get_activation(c, "now")
    assert found is not None
    assert [(order.command.point, order.command.value) for order in orders] == [("door.relay", 0.0)]
    assert find_step(found, "release").actions[0].before == 1.0
    assert to_restore(stand_down(found, "wang-wei", "over", NOW + 5)) == (("door.relay", 1.0),)


def batch(place: int, at: int, value: float) -> Batch:
    return Batch(np.array([place]), np.array([at]), np.array([value]), np.zeros(1, dtype=np.uint8), ())


def test_a_forecast_says_when_on_the_alarm_and_in_its_ticket(database: Database) -> None:
    soon = {
        "id": "soon",
        "select": {"measure": "smoke"},
        "when": {"forecast": {"reaches": 9, "within": 60, "over": 60}},
    }
    says = {"reached_at": NOW + 60_000, "reached_from": NOW, "reached_to": NOW + 40_000_000}
    forecast = Transition("soon", "a.smoke", "b3-f1", True, NOW, 7.5, ("a.smoke",), "forecast", detail=says)
    with database.begin() as c:
        Responder(make_site(POINTS, [soon]), LATE_AFTER_MS).respond(c, [forecast], NOW)
        (alarm,) = list_alarms(c, "test")
        (ticket,) = list_tickets(c, "test")
    assert alarm.detail == says
    assert ticket.history[0].note == "a.smoke: 7.5 → 2026-09-21 22:14 (22:13-09-22 09:20)"


def test_an_object_that_always_conflicts_costs_an_alarm_its_ticket_and_not_the_alarms_after_it(
    tmp_path: Path,
) -> None:
    site = make_site(
        {"a.smoke": {}, "b.smoke": {}}, [{"id": "s", "select": {"measure": "smoke"}, "when": {"equals": 1}}]
    )
    responder, tries = Responder(site, 300_000), 0
    transitions = [Transition("s", f"{d}.smoke", "z1", True, 1_000, 1.0, (f"{d}.smoke",), "equals") for d in "ab"]
    database = new_database(tmp_path / "state.db")
    with database.begin() as c:
        c.execute(text("CREATE TRIGGER always BEFORE INSERT ON tickets BEGIN SELECT RAISE(IGNORE); END"))
    while True:
        tries += 1
        try:
            with database.begin() as c:
                responder.respond(c, transitions, 1_000)
            break
        except Conflict:
            assert tries < 20
    with database.read() as c:
        assert {alarm.scope for alarm in list_alarms(c, "test")} == {"a.smoke", "b.smoke"}
    assert tries > 3, "somebody else may have been at it just then"
    database.close()
