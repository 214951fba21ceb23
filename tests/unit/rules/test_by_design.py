"""Suppressed by design: raised and shown, calls nobody, and looked at again when the reason for it is gone."""

from typing import Any

import pytest
from sqlalchemy import Connection

from backbone.database import alarm_journal
from backbone.database.alarms import get_alarm, list_alarms
from backbone.database.suppressions import list_suppressions, save_suppression
from backbone.database.tickets import list_tickets
from community.alarms import Alarm, AlarmState
from community.suppression import SuppressionKind, SuppressionState, end, maintain
from rules.detect.model import Transition
from rules.respond.responder import Responder
from tests.unit.rules.sites import make_site

NOW = 1_790_000_000_000
MINUTE = 60_000
PLACES = {"power.v": "pumps", "pump.flow": "pumps", "far.flow": "roof", "pump.smoke": "pumps", "pump.hours": "pumps"}
RULES: list[dict[str, Any]] = [
    {"id": "power", "select": {"measure": "v"}, "when": {"below": 1}, "explains": {"rules": ["worn"]}},
    {"id": "flow", "select": {"measure": "flow"}, "when": {"below": 1}, "suppressed_by": ["power"]},
    {"id": "quiet", "select": {"measure": "flow"}, "when": {"below": 2}, "suppressed_in_maintenance": True},
    {"id": "smoke", "select": {"measure": "smoke"}, "when": {"equals": 1}, "suppressed_in_maintenance": True},
    {"id": "high", "select": {"measure": "flow"}, "when": {"below": 3}, "risk": "high", "suppressed_by": ["power"]},
    {"id": "worn", "select": {"measure": "hours"}, "when": {"above": 1}, "risk": "low"},
]
SITE = make_site(
    {name: {"zone": zone, "family": "fire" if "smoke" in name else "environment"} for name, zone in PLACES.items()},
    RULES,
    parents={"pumps": "b1", "roof": "b1"},
)


@pytest.fixture
def responder() -> Responder:
    return Responder(SITE, 300_000)


def turn(rule: str, point: str, at: int, *, active: bool = True) -> list[Transition]:
    return [Transition(rule, point, PLACES[point], active, at, 0.0, (point,), "below" if active else "over")]


def alarm_of(c: Connection, rule: str, scope: str | None = None) -> Alarm:
    (found,) = (a for a in list_alarms(c, "test") if a.rule == rule and scope in (None, a.scope))
    return found


def ticketed(c: Connection) -> set[str]:
    return {ticket.source.split(":")[1] for ticket in list_tickets(c, "test")}


def begin_maintenance(c: Connection, zone: str = "pumps") -> None:
    save_suppression(
        c,
        maintain(
            SITE,
            zone=zone,
            device=None,
            facility=None,
            identifier="m",
            by="wang-wei",
            reason="bearings",
            now=NOW,
            until=NOW + 60 * MINUTE,
        ),
    )


def test_a_parent_alarm_suppresses_and_when_it_ends_what_still_stands_calls(
    c: Connection, responder: Responder
) -> None:
    responder.respond(c, turn("power", "power.v", NOW), NOW)
    responder.respond(c, turn("flow", "pump.flow", NOW + 1), NOW + 1)
    responder.respond(c, turn("flow", "far.flow", NOW + 1), NOW + 1)
    near, far = alarm_of(c, "flow", "pump.flow"), alarm_of(c, "flow", "far.flow")
    (design,) = list_suppressions(c, "test")
    assert (design.kind, design.alarm, near.suppressed) == (SuppressionKind.DESIGN, alarm_of(c, "power").id, design.id)
    assert (near.state, near.ticket, far.suppressed) == (AlarmState.UNACKNOWLEDGED, None, None)
    responder.look_after(c, NOW + MINUTE)
    assert alarm_of(c, "flow", "pump.flow").suppressed == design.id
    responder.respond(c, turn("power", "power.v", NOW + 2 * MINUTE, active=False), NOW + 2 * MINUTE)
    responder.look_after(c, NOW + 2 * MINUTE)
    again = alarm_of(c, "flow", "pump.flow")
    assert again.suppressed is None
    assert again.ticket is not None
    (over,) = list_suppressions(c, "test")
    assert over.state is SuppressionState.OVER
    told = [(row.change, row.reason) for row in alarm_journal.rows(c, "test", alarm=again.id)]
    assert told == [("released", "suppression-over"), ("suppressed", "below")]


def test_what_cleared_under_its_parent_calls_nobody(c: Connection, responder: Responder) -> None:
    responder.respond(c, turn("power", "power.v", NOW), NOW)
    responder.respond(c, turn("flow", "pump.flow", NOW + 1), NOW + 1)
    responder.respond(c, turn("flow", "pump.flow", NOW + 2, active=False), NOW + 2)
    responder.respond(c, turn("power", "power.v", NOW + 3, active=False), NOW + 3)
    responder.look_after(c, NOW + 4)
    assert alarm_of(c, "flow").ticket is None
    assert ticketed(c) == {"power"}


def test_maintenance_keeps_quiet_what_says_so_and_never_fire_or_high(c: Connection, responder: Responder) -> None:
    begin_maintenance(c)
    for rule, point in (("quiet", "pump.flow"), ("quiet", "far.flow"), ("smoke", "pump.smoke"), ("high", "pump.flow")):
        responder.respond(c, turn(rule, point, NOW + 1), NOW + 1)
    assert alarm_of(c, "quiet", "pump.flow").suppressed == "m"
    assert alarm_of(c, "quiet", "far.flow").suppressed is None, "not in the place"
    assert alarm_of(c, "smoke").suppressed is None
    assert alarm_of(c, "high").suppressed is None
    (kept,) = list_suppressions(c, "test")
    save_suppression(c, end(kept, "wang-wei", NOW + MINUTE))
    responder.look_after(c, NOW + MINUTE)
    assert alarm_of(c, "quiet", "pump.flow").ticket is not None


def test_what_stands_under_two_reasons_calls_when_both_are_gone(c: Connection, responder: Responder) -> None:
    both = make_site(
        {name: {"zone": zone} for name, zone in PLACES.items()},
        [RULES[0], {**RULES[1], "suppressed_in_maintenance": True}],
        parents={"pumps": "b1", "roof": "b1"},
    )
    responder = Responder(both, 300_000)
    begin_maintenance(c)
    responder.respond(c, turn("power", "power.v", NOW), NOW)
    responder.respond(c, turn("flow", "pump.flow", NOW + 1), NOW + 1)
    (kept,) = list_suppressions(c, "test")
    save_suppression(c, end(kept, "wang-wei", NOW + 2))
    responder.look_after(c, NOW + 2)
    moved = alarm_of(c, "flow")
    assert moved.suppressed is not None
    assert moved.ticket is None
    responder.respond(c, turn("power", "power.v", NOW + 3, active=False), NOW + 3)
    responder.look_after(c, NOW + 4)
    assert alarm_of(c, "flow").ticket is not None


def test_a_low_rule_lies_under_its_cause_and_is_a_ticket_when_that_is_over(c: Connection, responder: Responder) -> None:
    responder.respond(c, turn("worn", "pump.hours", NOW - MINUTE), NOW - MINUTE)
    assert (list_alarms(c, "test"), ticketed(c)) == ([], {"worn"}), "alone it is a ticket, no alarm"
    responder.respond(c, turn("worn", "pump.hours", NOW - 1, active=False), NOW - 1)
    responder.respond(c, turn("power", "power.v", NOW), NOW)
    tickets = len(list_tickets(c, "test"))
    responder.respond(c, turn("worn", "pump.hours", NOW + 1), NOW + 1)
    under = alarm_of(c, "worn")
    assert (under.first_out, under.ticket, len(list_tickets(c, "test"))) == (alarm_of(c, "power").id, None, tickets)
    responder.respond(c, turn("power", "power.v", NOW + 2, active=False), NOW + 2)
    own = alarm_of(c, "worn")
    assert own.first_out is None
    assert own.ticket is not None
    responder.respond(c, turn("worn", "pump.hours", NOW + 3, active=False), NOW + 3)
    done = get_alarm(c, own.id)
    assert done is not None
    assert done.state is AlarmState.NORMAL, "nobody has to acknowledge what is low"
