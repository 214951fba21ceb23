"""A gateway that is offline is one alarm with its silent points under it; nothing stays hidden when it is back."""

from typing import Any

from sqlalchemy import Connection

from backbone.database.alarms import get_alarm, list_alarms, save_alarm
from backbone.database.tickets import list_tickets
from community.alarms import Alarm, AlarmState, acknowledge, clear
from rules.detect.model import Transition
from rules.respond.responder import Responder
from tests.unit.rules.sites import make_site

NOW = 1_790_000_000_000
N = 60
POINTS = {f"d{i}.smoke": {"zone": "b3-f1"} for i in range(N)}
SITE = make_site(
    POINTS,
    [
        {"id": "silent", "select": {"measure": "smoke"}, "when": {"stale": {"for": "3x"}}},
        {"id": "smoke", "select": {"measure": "smoke"}, "when": {"equals": 1}},
        {"id": "lost", "select": {"measure": "smoke"}, "when": {"stale": {"for": "9x"}}, "risk": "high"},
    ],
    parents={"b3-f1": "b3"},
)


def silent(*numbers: int, at: int = NOW, active: bool = True, rule: str = "silent") -> list[Transition]:
    return [Transition(rule, f"d{i}.smoke", "b3-f1", active, at, None, (f"d{i}.smoke",), "stale") for i in numbers]


def offline(c: Connection) -> Alarm:
    (alarm,) = (a for a in list_alarms(c, "test") if a.rule == "gateway-offline")
    return alarm


def test_a_dead_gateway_is_one_alarm_and_one_ticket(c: Connection) -> None:
    responder = Responder(SITE, 300_000)
    responder.gateway(c, "gw", False, NOW, NOW)
    responder.gateway(c, "gw", False, NOW + 5, NOW + 5)
    responder.respond(c, silent(*range(N)), NOW)
    first = offline(c)
    assert (first.state, first.zone, first.scope) == (AlarmState.UNACKNOWLEDGED, "b3-f1", "gw")
    consequences = [a for a in list_alarms(c, "test", limit=100) if a.first_out == first.id]
    assert len(consequences) == N
    assert [t.alarm for t in list_tickets(c, "test")] == [first.id]


def test_points_found_silent_just_before_their_gateway_are_its_consequences(c: Connection) -> None:
    responder = Responder(SITE, 300_000)
    responder.respond(c, silent(0, at=NOW - 86_400_000), NOW - 86_400_000)
    responder.respond(c, silent(1), NOW)
    responder.gateway(c, "gw", False, NOW + 1_000, NOW + 1_000)
    grouped = {a.scope for a in list_alarms(c, "test") if a.first_out}
    assert grouped == {"d1.smoke"}, "a battery dead since yesterday is not the gateway's doing"


def test_smoke_and_high_alarms_are_nobodys_consequence(c: Connection) -> None:
    responder = Responder(SITE, 300_000)
    responder.gateway(c, "gw", False, NOW, NOW)
    responder.respond(c, silent(0, rule="smoke") + silent(1, rule="lost"), NOW)
    assert {a.first_out for a in list_alarms(c, "test")} == {None}


def test_what_still_stands_when_the_gateway_is_back_has_its_own_alarm_and_ticket(c: Connection) -> None:
    responder = Responder(SITE, 300_000)
    responder.gateway(c, "gw", False, NOW, NOW)
    responder.respond(c, silent(0, 1), NOW)
    save_alarm(c, acknowledge(offline(c), "wang-wei", "on my way", NOW + 1))
    responder.respond(c, silent(0, at=NOW + 2, active=False), NOW + 2)
    responder.gateway(c, "gw", True, NOW + 3, NOW + 3)
    assert offline(c).state is AlarmState.NORMAL
    spoke, still = (get_alarm(c, f"test:silent:d{i}.smoke:{NOW}") for i in (0, 1))
    assert spoke is not None
    assert still is not None
    assert (spoke.state, spoke.acknowledged_by) == (AlarmState.NORMAL, "wang-wei")
    assert (still.state, still.first_out) == (AlarmState.UNACKNOWLEDGED, None)
    assert still.ticket in {t.id for t in list_tickets(c, "test")}


def test_a_restart_leaves_the_alarm_of_a_dead_gateway_standing(c: Connection) -> None:
    """No condition of the detector watches it: only what the rules watch may be ended for want of a rule."""
    Responder(SITE, 300_000).gateway(c, "gw", False, NOW, NOW)
    assert Responder(SITE, 300_000).standing(c) == []
    assert offline(c).state is AlarmState.UNACKNOWLEDGED


def power(c: Connection) -> tuple[Responder, str]:
    """A pump room whose power failed; what follows from that stands under it."""
    points = {f"{name}.{name}": {"zone": zone} for name, zone in PLACES.items()}
    rules = [
        {"id": name, "select": {"measure": name}, "when": {"equals": 1}, **EXPLAINS.get(name, {})} for name in PLACES
    ]
    site = make_site(points, rules, parents={"pumps": "b3", "sump": "pumps"})
    responder = Responder(site, 300_000)
    responder.respond(c, [turn("flow")], NOW - 1_000)
    responder.respond(c, [turn("power"), turn("level"), turn("noise")], NOW)
    return responder, f"test:power:power.power:{NOW}"


PLACES = {"power": "pumps", "level": "sump", "flow": "pumps", "noise": "sump", "remote": "b3", "chill": "b9"}
EXPLAINS: dict[str, dict[str, Any]] = {
    "power": {"explains": {"rules": ["level", "flow", "remote"]}},
    "flow": {"explains": {"rules": ["chill", "level"], "within": "site"}},
}


def turn(name: str, *, active: bool = True, at: int = NOW) -> Transition:
    point = f"{name}.{name}"
    return Transition(name, point, PLACES[name], active, at, 1.0, (point,), "equals 1")


def ticketed(c: Connection) -> set[str]:
    """The rules whose alarms have a ticket."""
    return {(ticket.alarm or ":").split(":")[1] for ticket in list_tickets(c, "test")}


def under(c: Connection) -> dict[str, str | None]:
    return {alarm.rule: alarm.first_out for alarm in list_alarms(c, "test")}


def test_what_follows_from_an_alarm_lies_under_it_and_has_no_ticket_of_its_own(c: Connection) -> None:
    responder, first = power(c)
    responder.respond(c, [turn("remote"), turn("chill")], NOW + 1)
    flow = f"test:flow:flow.flow:{NOW}"
    assert under(c) == {"power": None, "level": first, "flow": first, "noise": None, "remote": None, "chill": flow}
    assert "level" not in ticketed(c)


def test_what_still_stands_when_its_cause_is_over_calls_or_lies_under_the_next_cause(c: Connection) -> None:
    responder, first = power(c)
    responder.respond(c, [turn("power", active=False, at=NOW + 5)], NOW + 5)
    flow = f"test:flow:flow.flow:{NOW}"
    assert under(c) == {"power": None, "level": flow, "flow": None, "noise": None}
    responder.respond(c, [turn("flow", active=False, at=NOW + 6)], NOW + 6)
    assert under(c)["level"] is None
    assert "level" in ticketed(c)
    assert get_alarm(c, first) is not None


def test_consequences_whose_cause_is_no_longer_watched_do_not_stay_hidden(c: Connection) -> None:
    responder, first = power(c)
    cause = get_alarm(c, first)
    assert cause is not None
    save_alarm(c, clear(cause, NOW + 5))  # as an older version did, or a rule that no longer explains
    responder.look_after(c, NOW + 20_000)
    assert first not in under(c).values()
    assert "flow" in ticketed(c)
