"""An output that a tripped interlock could not set: one alarm, one ticket, until it obeys or is not held any more."""

import pytest
from sqlalchemy import Connection

from backbone.database.alarms import list_alarms
from backbone.database.tickets import list_tickets
from community.alarms import AlarmState
from rules.respond.responder import Responder
from tests.unit.rules.sites import make_site

NOW = 1_790_000_000_000
DOOR, OTHER = "doors.relay-1", "doors.relay-2"
SITE = make_site({DOOR: {"zone": "b1"}, OTHER: {"zone": "b1"}}, [])
REFUSED = "the device refused the write"


def states(c: Connection) -> dict[str, AlarmState]:
    return {alarm.scope: alarm.state for alarm in list_alarms(c, "test")}


def test_each_output_that_fails_is_one_alarm_and_sends_somebody_once(c: Connection) -> None:
    responder = Responder(SITE, 300_000)
    responder.interlock_outputs(c, "gw", {DOOR: "setting", OTHER: "set"}, NOW)
    assert states(c) == {}, "being set is no failure"
    responder.interlock_outputs(c, "gw", {DOOR: REFUSED, OTHER: "set"}, NOW + 1)
    responder.interlock_outputs(c, "gw", {DOOR: "no answer", OTHER: "set"}, NOW + 2)
    (alarm,) = list_alarms(c, "test")
    assert (alarm.rule, alarm.scope, alarm.zone, alarm.raised_at) == ("interlock-output-failed", DOOR, "b1", NOW + 1)
    assert [ticket.alarm for ticket in list_tickets(c, "test")] == [alarm.id]


@pytest.mark.parametrize("later", [{DOOR: "set"}, {}])
def test_it_is_over_when_the_output_obeys_or_the_interlock_was_reset(c: Connection, later: dict[str, str]) -> None:
    responder = Responder(SITE, 300_000)
    responder.interlock_outputs(c, "gw", {DOOR: REFUSED}, NOW)
    responder.interlock_outputs(c, "gw", {DOOR: "setting"}, NOW + 1)
    assert states(c) == {DOOR: AlarmState.UNACKNOWLEDGED}, "trying again is not yet done"
    responder.interlock_outputs(c, "gw", later, NOW + 2)
    assert states(c) == {DOOR: AlarmState.RETURNED}


def test_it_is_no_consequence_of_its_gateway_being_offline(c: Connection) -> None:
    responder = Responder(SITE, 300_000)
    responder.gateway(c, "gw", False, NOW, NOW)
    responder.interlock_outputs(c, "gw", {DOOR: REFUSED}, NOW + 1)
    assert all(alarm.first_out is None for alarm in list_alarms(c, "test"))


def test_a_restart_and_a_strangers_output_change_nothing(c: Connection) -> None:
    Responder(SITE, 300_000).interlock_outputs(c, "gw", {DOOR: REFUSED, "gone.relay-1": REFUSED}, NOW)
    responder = Responder(SITE, 300_000)
    assert responder.standing(c) == []
    responder.interlock_outputs(c, "another", {}, NOW + 1)
    assert states(c) == {DOOR: AlarmState.UNACKNOWLEDGED}
