"""The rules service over real brokers and a real database: frames in; alarms, plans and commands out."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from backbone.database.activations import list_activations
from backbone.database.alarms import list_alarms
from backbone.database.database import Database
from backbone.database.last_places import load_last_places
from backbone.database.quarantine import list_quarantine
from backbone.database.tickets import list_tickets
from backbone.steady import steady_ms
from community.activations import StepState
from community.alarms import AlarmState
from community.commands import Command, Outcome
from community.site.profile import Lane
from community.site.site import Site
from community.tickets import Ticket
from rules.clock import Clock
from rules.settings import RulesSettings
from tests.rules_rig import Edge, demo_site, edge, judging, now_ms, open_database
from tests.servers import Broker
from tests.waiting import until

SMOKE_A, SMOKE_B = "smoke-b3-f1-a.smoke", "smoke-b3-f1-b.smoke"


@pytest.fixture(scope="module")
def site() -> Site:
    return demo_site()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path)


@contextlib.asynccontextmanager
async def rules(
    broker: Broker, site: Site, database: Database, *, clock: Clock | None = None, gateway: str = "gw-east"
) -> AsyncIterator[Edge]:
    """The service and a gateway beside it."""
    settings = RulesSettings(mqtt_url=broker.url, gateway_change_after_s=0.2)
    with contextlib.closing(database):
        async with edge(broker.url, site, gateway) as found, judging(settings, site, database, clock=clock):
            yield found


async def test_a_fire_from_sensor_to_verified_doors(broker: Broker, site: Site, database: Database) -> None:
    async with rules(broker, site, database) as east:
        east.send((SMOKE_A, 0.0), (SMOKE_B, 0.0))
        await until(lambda: east.all_committed, "the first frame")
        begin = now_ms()
        east.send((SMOKE_A, 1.0), at=begin)
        await until(lambda: east.of("alarm", "raised"), "the first alarm")
        first = east.of("alarm", "raised")[0]
        assert first["id"] == f"jinxiu:smoke:{SMOKE_A}:{begin}"
        assert first["state"] == "unacknowledged"
        assert first["id"] in [ticket["alarm"] for ticket in east.of("ticket", "reported")]
        assert not east.commands

        east.send((SMOKE_B, 1.0))
        await until(lambda: any(b["change"] == "step-done" for k, b in east.events if k == "plan"), "doors verified")

    with database.read() as c:
        (activation,) = list_activations(c, site.id)
        alarms = {alarm.rule: alarm for alarm in list_alarms(c, site.id)}
        tickets = of_rules(c, site)
    confirmed = alarms["fire-confirmed"]
    assert confirmed.scope == "b3-f1"
    assert set(confirmed.points) == {SMOKE_A, SMOKE_B}
    assert confirmed.activation == activation.id
    assert activation.alarms == (confirmed.id,)
    release = next(s for s in activation.steps if s.id == "release")
    doors = {p.id for p in site.points.values() if p.output and p.output.kind == "egress-lock" and p.zone[:2] == "b3"}
    assert {a.point for a in release.actions} == doors
    assert release.state is StepState.DONE
    assert all(a.outcome == "done" and a.read_back == a.value for a in release.actions)
    call = next(s for s in activation.steps if s.id == "call")
    assert call.kind in {"notify", "person"}  # who is told outside the page: tests/integration/test_notify.py
    assert set(east.executed.values()) == {1}
    assert {t.priority for t in tickets} == {"medium"}
    assert len(tickets) == 2


async def test_a_delay_does_not_wait_for_a_clock_that_was_set_back(
    mosquitto: Broker, site: Site, database: Database
) -> None:
    """Two hours back while the delay runs: the alarm comes as if nothing had been, and is the only one."""
    (one, other, *_) = [point for point in site.points if point.endswith(".bin-temperature")]
    passed, ahead = 0, 0

    def now() -> int:
        return now_ms() + passed + ahead

    clock = Clock(wall=now, steady=lambda: steady_ms() + passed)
    async with rules(mosquitto, site, database, clock=clock, gateway="gw-west") as west:
        west.send((one, 80.0))
        await until(lambda: west.all_committed, "the frame")
        ahead -= 7_200_000
        west.send((other, 20.0), at=now())
        await until(lambda: west.all_committed, "the frame")
        passed += 4_500
        await until(lambda: west.of("alarm", "raised"), "the alarm")
        assert [alarm["scope"] for alarm in west.of("alarm", "raised")] == [one]


@pytest.mark.parametrize("by_s", [-7_200, 7_200, 94_608_000])
async def test_what_is_due_is_due_when_it_would_have_been_however_the_clock_is_set(
    by_s: int, embedded_broker: Broker, site: Site, database: Database
) -> None:
    """Set while a fire's plan waits for people, and once more while nobody runs: by the same machine's steady clock."""
    passed, ahead = 0, 0

    def wall() -> int:
        return now_ms() + passed + ahead

    def clock() -> Clock:
        return Clock(wall=wall, steady=lambda: steady_ms() + passed)

    def late() -> set[str]:
        with database.read() as c:
            (one,) = list_activations(c, site.id)
        return {step.id for step in one.steps if step.state is StepState.LATE and step.kind == "person"}

    def asked() -> int:
        with database.read() as c:
            (one,) = list_activations(c, site.id)
        return sum(entry.what.startswith("command-asked") for entry in one.timeline)

    async with rules(embedded_broker, site, database, clock=clock()) as east:
        east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0))
        await until(lambda: any(b["change"] == "step-done" for k, b in east.events if k == "plan"), "doors verified")
        with database.read() as c:
            first = {ticket.id: ticket.respond_by for ticket in of_rules(c, site)}
        passed += 55_000  # 119 is to be called within a minute, and is not
        ahead += by_s * 1_000
        await until(lambda: east.of("plan", "clock-set"), "the clock's being set")
        east.send(("smoke-b2-f1-a.smoke", 0.0), at=wall(), sent=wall())
        await until(lambda: east.all_committed, "the frame")
        assert (late(), asked()) == (set(), 1), "nothing is late before its time"
        passed += 6_000
        await until(lambda: late() == {"call-119"}, "the step that is late by now")
    ahead -= by_s * 1_000
    async with rules(embedded_broker, site, database, clock=clock()):
        passed += 60_000  # the first who was asked to command let two minutes pass
        await until(lambda: asked() == 2, "the second to be asked")
        assert "evacuate" not in late()
    with database.read() as c:
        (one,) = list_activations(c, site.id)
        (ticket,) = [ticket for ticket in list_tickets(c, site.id) if ticket.source == "clock"]
        of_alarm = of_rules(c, site)
    assert [entry.what for entry in one.timeline].count("clock-set") == 2, "a person sees it"
    assert "时钟" in ticket.title_zh
    assert {t.id: pytest.approx(t.respond_by, abs=1_000) for t in of_alarm} == first, "back where they were"


async def test_what_the_rules_refuse_is_in_the_quarantine(mosquitto: Broker, site: Site, database: Database) -> None:
    def entries() -> dict[tuple[str, str], int]:
        with database.read() as c:
            return {(row.source, row.reason): row.count for _, row in list_quarantine(c, site.id)}

    async with rules(mosquitto, site, database) as east:
        east.send((SMOKE_A, 0.0), ("never.known", 1.0), ("never.known", 2.0))
        await until(lambda: east.all_committed, "the frame")
        east.send_garbage(b"no frame")
        await until(lambda: len(entries()) == 2, "the quarantine")
        assert entries()["gw-east/never.known", "the site file has no such point"] == 2
        assert f"anju/v1/{site.id}/gw-east/frames/urgent" in {source for source, _ in entries()}


def of_rules(c: Connection, site: Site) -> list[Ticket]:
    """Tickets of conditions; reminders depend on the day the test runs."""
    return [ticket for ticket in list_tickets(c, site.id) if ticket.source.startswith("rule:")]


async def test_where_each_card_was_last_is_stored_with_the_positions(
    embedded_broker: Broker, site: Site, database: Database
) -> None:
    old, new, foreign = "a" * 16, "b" * 16, "c" * 16
    now = now_ms()
    async with rules(embedded_broker, site, database) as east:
        east.pass_door("door-b3", old, now - 3 * 86_400_000)
        east.pass_door("door-b3", new, now)
        east.pass_door("door-b3", new, now - 5_000)
        east.pass_door("door-gate-1", foreign, now)  # another gateway's door
        await until(lambda: east.all_committed, "the passages")
        with database.read() as c:
            found = {one.card: (one.zone, one.at) for one in load_last_places(c, site.id)}
    assert found == {old: ("b3-lobby", now - 3 * 86_400_000), new: ("b3-lobby", now)}


async def test_repeats_raise_nothing_new_and_clearing_is_told(
    embedded_broker: Broker, site: Site, database: Database
) -> None:
    async with rules(embedded_broker, site, database) as east:
        first = east.send((SMOKE_A, 1.0))
        await until(lambda: east.of("alarm", "raised"), "the alarm")
        for _ in range(5):
            east.publish_again(Lane.URGENT, first.seq)
        east.send(("smoke-b2-f1-a.smoke", 1.0))
        await until(lambda: len(east.of("alarm", "raised")) == 2, "the second alarm")
        with database.read() as c:
            assert len(list_alarms(c, site.id)) == 2
            assert len(of_rules(c, site)) == 2
        # the rule's off-delay of 30 s runs on event time: readings that are 31 s older end it when the next one comes
        quiet = now_ms()
        east.send((SMOKE_A, 0.0), at=quiet)
        east.send((SMOKE_A, 0.0), at=quiet + 31_000)
        await until(lambda: east.of("alarm", "cleared"), "the clearing")
        assert east.of("alarm", "cleared")[0]["cleared_at"] == quiet + 30_000
        with database.read() as c:
            ticket = next(t for t in list_tickets(c, site.id) if t.point == SMOKE_A)
        told = [n.change for n in ticket.history if n.change != "nobody-fits"]  # nobody here can sign in
        assert told == ["reported", "condition-cleared"]
        assert not ticket.standing


async def test_old_news_is_on_record_and_moves_nothing(embedded_broker: Broker, site: Site, database: Database) -> None:
    async with rules(embedded_broker, site, database) as east:
        old = now_ms() - 301_000
        east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0), at=old)
        await until(lambda: any(b["rule"] == "fire-confirmed" for b in east.of("alarm", "raised")), "the alarm")
        assert all(b["late"] for b in east.of("alarm", "raised"))
        await until(lambda: east.all_committed, "the commit")
    assert not east.commands
    with database.read() as c:
        assert not list_activations(c, site.id)


async def test_smoke_from_the_future_is_an_alarm_now(embedded_broker: Broker, site: Site, database: Database) -> None:
    """Our clock was set back two hours: what detectors say is news all the same."""
    ahead = now_ms() + 2 * 3_600_000
    async with rules(embedded_broker, site, database) as east:
        east.send((SMOKE_A, 0.0), (SMOKE_B, 0.0), at=ahead, sent=ahead)
        east.send((SMOKE_A, 1.0), at=ahead + 1_000, sent=ahead + 1_000)
        east.send((SMOKE_B, 1.0), at=ahead + 2_000, sent=ahead + 2_000)
        await until(lambda: any(b["change"] == "step-done" for k, b in east.events if k == "plan"), "doors verified")
    with database.read() as c:
        alarms = list_alarms(c, site.id)
    assert {alarm.rule for alarm in alarms} >= {"smoke", "fire-confirmed"}
    assert all(alarm.raised_at < ahead for alarm in alarms)


async def test_what_an_outage_held_back_is_judged_by_its_own_time(
    broker: Broker, site: Site, database: Database
) -> None:
    """Too hot is hot for 5 min. One point was for 1 min, another for 8: only that is an alarm."""
    short, long = "climate-b1-f1.temperature", "climate-b1-f2.temperature"
    async with rules(broker, site, database) as east:
        began = now_ms() - 3_600_000
        for minute, (first, second) in enumerate([(60.0, 60.0), (20.0, 60.0), (20.0, 60.0), (20.0, 20.0)]):
            at = began + (0, 60_000, 480_000, 481_000)[minute]
            east.send((short, first), (long, second), lane=Lane.BULK, at=at, sent=at)
            # the position is committed some ticks after the frame was judged
            await until(lambda: east.all_committed, "the commit")
        east.send((short, 20.0), lane=Lane.BULK)
        await until(lambda: east.of("ticket", "condition-cleared"), "the end of the long one")
        await until(lambda: east.all_committed, "the commit")
    with database.read() as c:
        assert [t.source for t in of_rules(c, site)] == [f"rule:too-hot:{long}"]


def _failed(activation: dict[str, Any], step: str) -> bool:
    return any(s["id"] == step and s["state"] == "failed" for s in activation["steps"])


async def test_a_door_that_fails_becomes_the_commanders(
    embedded_broker: Broker, site: Site, database: Database
) -> None:
    def answer(command: Command) -> Outcome:
        return Outcome.FAILED if command.point == "doors-b3.relay-2" else Outcome.DONE

    async with rules(embedded_broker, site, database) as east:
        east.answer = answer
        east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0))
        await until(lambda: any(_failed(body, "release") for k, body in east.events if k == "plan"), "the failure")
        await until(lambda: sum(east.executed.values()) >= 4, "the siren")
    with database.read() as c:
        (activation,) = list_activations(c, site.id)
    release = next(s for s in activation.steps if s.id == "release")
    assert (release.kind, release.who, release.state) == ("person", "commander", StepState.FAILED)
    assert any(e.what == "step-failed" and "doors-b3.relay-2" in e.detail for e in activation.timeline)


async def test_no_answer_is_late_and_asked_again(embedded_broker: Broker, site: Site, database: Database) -> None:
    silent = True
    async with rules(embedded_broker, site, database) as east:
        asked: list[str] = []

        def answer(command: Command) -> Outcome | None:
            asked.append(command.point)
            return None if silent else Outcome.DONE

        east.answer = answer
        east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0))
        await until(lambda: east.of("plan", "step-late"), "the deadline of 3 s")
        assert asked.count("doors-b3.relay-1") > 1
        silent = False
        await until(
            lambda: any(
                s["id"] == "release" and s["state"] == "done" for k, b in east.events if k == "plan" for s in b["steps"]
            ),
            "the late release",
        )
    assert set(east.executed.values()) == {1}


async def test_a_second_floor_joins_the_plan_of_its_building(
    embedded_broker: Broker, site: Site, database: Database
) -> None:
    async with rules(embedded_broker, site, database) as east:
        east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0))
        await until(lambda: east.of("plan", "activated"), "the plan")
        east.send(("smoke-b3-f2-a.smoke", 1.0), ("smoke-b3-f2-b.smoke", 1.0))
        await until(lambda: east.of("plan", "alarm-joined"), "the second alarm to join")
    with database.read() as c:
        (activation,) = list_activations(c, site.id)
        alarms = list_alarms(c, site.id, states=[AlarmState.UNACKNOWLEDGED])
    assert len(activation.alarms) == 2
    assert {a.activation for a in alarms if a.rule == "fire-confirmed"} == {activation.id}
    assert set(east.executed.values()) == {1}


async def test_the_same_on_postgresql(embedded_broker: Broker, site: Site, postgres_url: str) -> None:
    database = Database.open(postgres_url)
    async with rules(embedded_broker, site, database) as east:
        east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0))
        await until(lambda: east.of("plan", "step-done"), "doors verified")
        await until(lambda: east.all_committed, "the commit")
        assert {b["rule"] for b in east.of("alarm", "raised")} == {"smoke", "fire-confirmed"}
        assert set(east.executed.values()) == {1}


async def test_a_gateway_that_is_offline_is_an_alarm_until_it_is_back(
    embedded_broker: Broker, site: Site, database: Database
) -> None:
    async with rules(embedded_broker, site, database) as east:
        east.say_online(False)
        await until(lambda: east.of("alarm", "raised"), "the alarm of the gateway")
        (raised,) = east.of("alarm", "raised")
        assert (raised["rule"], raised["scope"], raised["grade"]) == ("gateway-offline", "gw-east", "medium")
        assert east.of("gateway", "offline")
        east.say_online(True)
        await until(lambda: east.of("alarm", "cleared"), "its end")
        assert east.of("alarm", "cleared")[0]["id"] == raised["id"]


async def test_an_interlocks_output_that_does_not_obey_is_an_alarm_until_it_does(
    embedded_broker: Broker, site: Site, database: Database
) -> None:
    def say(east: Edge, state: str) -> None:
        east.say_online(True, interlocks={"b1-release": {"tripped": True, "outputs": {"doors-b1.relay-1": state}}})

    async with rules(embedded_broker, site, database) as east:
        say(east, "setting")
        say(east, "it reads back 1 after 0 was written")
        await until(lambda: east.of("ticket", "reported"), "somebody to be sent")
        await until(lambda: east.of("alarm", "raised"), "the alarm")
        (raised,) = east.of("alarm", "raised")
        assert (raised["rule"], raised["scope"]) == ("interlock-output-failed", "doors-b1.relay-1")
        say(east, "set")
        await until(lambda: east.of("alarm", "cleared"), "its end")
        assert east.of("alarm", "cleared")[0]["id"] == raised["id"]
