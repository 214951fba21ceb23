"""A real emergency during a drill: it is never merged into the drill, never marked as one, and the drill gives way."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from backbone.database import drills as stored
from backbone.database.activations import list_activations, save_activation
from backbone.database.commands import get_command, record_reply
from backbone.database.database import Database
from backbone.database.notifications import escalations_of
from community import activation_begin, activation_course, activations, drills
from community.activations import IN_FORCE, OPEN, Activation, ActivationState
from community.commands import Outcome, Reply
from community.drills import Drill, DrillState
from community.errors import TransitionRefused
from community.site.site import Site
from community.text import Text
from rules.detect.model import Transition
from rules.respond.responder import Responder
from tests.unit.databases import new_database
from tests.unit.rules.sites import fire_plan, make_site

NOW = 1_790_000_000_000
HIGH = {"id": "fire", "select": {"measure": "smoke"}, "when": {"equals": 1}, "risk": "high", "plan": "fire"}
POINTS: dict[str, dict[str, Any]] = {
    "a.smoke": {"zone": "b3-f1"},
    "b.smoke": {"zone": "b3-f2"},
    "c.smoke": {"zone": "b4-f1"},
    "door.relay": {"zone": "b3-f1", "output": {"kind": "egress-lock", "safe": 0}},
}


def make() -> Site:
    site = make_site(POINTS, [HIGH], plans=[fire_plan()], parents={"b3-f1": "b3", "b3-f2": "b3", "b4-f1": "b4"})
    notifications: dict[str, Any] = {"channels": {}, "levels": {}}
    file = site.file.model_validate({**site.file.model_dump(by_alias=True), "notifications": notifications})
    return replace(site, file=file)


SITE = make()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("drills") / "state.db"
    opened = new_database(path)
    yield opened
    opened.close()


class Undo(Exception):  # noqa: N818
    """Nothing of an example remains for the next."""


class World:
    """A site's state within one transaction, and what may happen to it."""

    def __init__(self, c: Connection) -> None:
        self.c, self.now = c, NOW
        self.responder = Responder(SITE, 300_000)
        self.commands: list[Any] = []
        self.started = 0
        self.burning: set[str] = set()

    def happen(self, what: str) -> None:
        self.now += 700
        kind, _, where = what.partition(" ")
        if kind == "smoke" and where in self.burning:
            return  # a detector says it once
        if kind == "smoke":
            self.burning.add(where)
            zone = POINTS[f"{where}.smoke"]["zone"]
            alarm = Transition("fire", f"{where}.smoke", zone, True, self.now, 1.0, (f"{where}.smoke",), "equals")
            self.commands += self.responder.respond(self.c, [alarm], self.now)
        elif kind == "clear":
            self.burning.discard(where)
            zone = POINTS[f"{where}.smoke"]["zone"]
            over = Transition("fire", f"{where}.smoke", zone, False, self.now, 0.0, (f"{where}.smoke",), "over")
            self.responder.respond(self.c, [over], self.now)
        elif kind == "look":
            self.commands += self.responder.look_after(self.c, self.now)
        elif kind == "drill":
            self.start_drill(f"b{where}-f1")
        elif kind == "person":
            save_activation(self.c, self.activation(f"fire-{self.now}", "b4", drill=False))
        elif kind == "end":
            self.end([a for a in self.activations() if a.state in OPEN][:1])

    def start_drill(self, zone: str, *, physical: bool = False) -> None:
        """As the API does: none while something real is open, and one at a time."""
        standing = stored.list_drills(self.c, "test", states=drills.UNDER_WAY)
        if standing or any(not a.drill for a in self.activations() if a.state in OPEN):
            return
        self.started += 1
        drill = Drill(
            id=f"d-{self.started}",
            site="test",
            kind="fire",
            plan="fire",
            plan_name=Text(zh="火灾应急预案"),
            level="high",
            zone=zone,
            planned_at=self.now,
            content="practice",
            participants=("liu-yang",),
            by="wang-wei",
            devices=("a",),
            scenario="corridor-fire",
        )
        activation = replace(self.activation(f"drill-{self.started}", zone, drill=True), physical=physical)
        stored.save_drill(self.c, drills.start(drill, activation.id, "wang-wei", self.now))
        save_activation(self.c, activation)

    def end(self, some: list[Activation]) -> None:
        for activation in some:
            try:
                down = activations.stand_down(activation, "wang-wei", "over", self.now)
            except TransitionRefused:
                continue
            save_activation(self.c, down)
            drill = stored.drill_of(self.c, activation.id)
            if drill is not None:
                stored.save_drill(self.c, drills.end(drill, "wang-wei", "over", self.now))

    def activation(self, identifier: str, zone: str, *, drill: bool) -> Activation:
        return activation_begin.activate(
            id=identifier,
            site="test",
            plan=SITE.plans["fire"],
            level="high",
            zone=zone,
            cause="person:wang-wei",
            reason="because",
            now=self.now,
            drill=drill,
        )

    def activations(self) -> list[Activation]:
        return list_activations(self.c, "test")

    def drills(self) -> list[Drill]:
        return stored.list_drills(self.c, "test")

    def answer(self, outcome: Outcome = Outcome.DONE) -> None:
        """The gateway answers the newest command to each device's mode."""
        for drill in self.drills():
            for change in drill.modes:
                given = get_command(self.c, change.command)
                assert given is not None
                reply = Reply(outcome=outcome, point=given.command.point, at=self.now, read_back=given.command.value)
                record_reply(self.c, change.command, reply)


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with pytest.raises(Undo), database.begin() as c:  # noqa: PT012
        yield World(c)
        raise Undo


STEPS = (
    "smoke a",
    "smoke b",
    "smoke c",
    "clear a",
    "clear b",
    "clear c",
    "look",
    "drill 3",
    "drill 4",
    "person",
    "end",
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=st.lists(st.sampled_from(STEPS), max_size=14))
def test_whatever_happens_a_real_emergency_stays_real(database: Database, happenings: list[str]) -> None:
    with pytest.raises(Undo), database.begin() as c:  # noqa: PT012
        world = World(c)
        for what in happenings:
            new = what.startswith("smoke") and what[-1] not in world.burning
            world.happen(what)
            found = world.activations()
            real = [a for a in found if not a.drill]
            assert all(not a.alarms and not a.cause.startswith("alarm:") for a in found if a.drill)
            if new:
                assert any(a.alarms for a in real if a.state in OPEN), "the fire has its own plan in force"
                assert not any(a.drill and a.state in IN_FORCE for a in found), "and no drill goes on beside it"
            if what == "look" and any(a.state in OPEN for a in real):
                assert not any(a.drill and a.state in IN_FORCE for a in found)
        for order in world.commands:
            cause = order.command.cause
            if order.command.point == "door.relay":
                assert order.command.drill is cause.startswith("drill:")
        raise Undo


def test_a_real_fire_suspends_the_drill_and_everybody_in_it_is_told(world: World) -> None:
    world.happen("drill 3")
    world.happen("look")
    world.happen("smoke a")
    (real,) = [a for a in world.activations() if not a.drill]
    (drill,) = world.drills()
    assert (drill.state, drill.suspended_by) == (DrillState.SUSPENDED, real.id)
    (practised,) = [a for a in world.activations() if a.drill]
    assert practised.state is ActivationState.PAUSED
    told = [e for e in escalations_of(world.c, "test", real.id) if e.kind == "suspended"]
    assert told[0].roles == ("commander", "guide", "liu-yang")
    assert not told[0].facts.drill
    doors = [o.command for o in world.commands if o.command.point == "door.relay"]
    assert [(c.drill, c.cause.partition(":")[0]) for c in doors] == [(True, "drill"), (False, "activation")]
    on = activation_course.resume(practised, "wang-wei", "over", world.now)
    assert on.state is ActivationState.RESPONDING


def test_only_a_drill_whose_leader_asked_for_it_moves_doors_and_its_commands_still_say_drill(world: World) -> None:
    world.start_drill("b3-f1", physical=True)
    world.happen("look")
    (door,) = [o.command for o in world.commands if o.command.point == "door.relay"]
    assert not door.drill, "the gateway carries it out"
    assert door.cause.startswith("drill:"), "and what it is for is said"


def test_the_devices_of_a_drill_are_in_test_while_it_runs_and_are_put_back_until_it_is_done(world: World) -> None:
    world.happen("drill 3")
    world.happen("look")
    (order,) = [o for o in world.commands if o.command.point == "mode:a"]
    assert (order.command.value, order.command.cause) == (1.0, "person:wang-wei")
    assert not world.drills()[0].playing, "the simulator waits until they are in test"
    world.answer()
    world.happen("look")
    assert world.drills()[0].playing
    world.happen("end")
    world.happen("look")
    assert not world.drills()[0].playing
    given = [o.command.value for o in world.commands if o.command.point == "mode:a"]
    assert given == [1.0], "what the simulator still plays must not pass for a real fire"
    world.now += 3_000
    world.happen("look")
    world.answer(Outcome.EXPIRED)
    world.happen("look")
    back = [o for o in world.commands if o.command.point == "mode:a" and o.command.value == 0.0]
    assert len(back) == 2, "what was not answered is commanded again"
    world.answer()
    world.happen("look")
    assert len([o for o in world.commands if o.command.value == 0.0 and o.command.point == "mode:a"]) == 2
    assert not world.drills()[0].playing


def test_what_devices_in_test_report_is_written_into_the_drill(world: World) -> None:
    world.happen("drill 3")
    world.happen("look")
    seen = Transition("fire", "a.smoke", "b3-f1", True, world.now, 1.0, ("a.smoke",), "equals")
    other = Transition("fire", "b.smoke", "b3-f2", True, world.now, 1.0, ("b.smoke",), "equals")
    world.responder.detected(world.c, [seen, other], world.now)
    (drill,) = world.activations()
    assert [e.detail for e in drill.timeline if e.what == "detected"] == ["fire: a.smoke"]
