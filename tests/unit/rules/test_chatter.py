"""A contact that chatters is one alarm that stands, not a hundred that come and go; a high one is never held."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from backbone.database.alarm_journal import rows
from backbone.database.alarms import list_alarms
from community.alarms import Alarm, AlarmState
from rules.detect.model import Transition
from rules.respond.responder import Responder
from tests.unit.databases import new_database
from tests.unit.rules.sites import make_site

NOW = 1_790_000_000_000
SITE = make_site(
    {"a.door": {"zone": "b1"}},
    [
        {"id": "open", "select": {"measure": "door"}, "when": {"equals": 1}},
        {"id": "fire", "select": {"measure": "door"}, "when": {"equals": 1}, "risk": "high"},
    ],
)


@pytest.fixture
def c(tmp_path: Path) -> Iterator[Connection]:
    opened = new_database(tmp_path / "state.db")
    with opened.begin() as connection:
        yield connection
    opened.close()


def turn(responder: Responder, c: Connection, at: int, *, active: bool, rule: str = "open") -> None:
    responder.respond(c, [Transition(rule, "a.door", "b1", active, at, 1.0, ("a.door",), "equals 1")], at)


def flutter(
    responder: Responder, c: Connection, times: int, *, begin: int = NOW, every: int = 2_000, rule: str = "open"
) -> int:
    """Comes and goes; when it went the last time."""
    for number in range(times):
        turn(responder, c, begin + number * every, active=True, rule=rule)
        turn(responder, c, begin + number * every + 500, active=False, rule=rule)
    return begin + (times - 1) * every + 500


def standing(c: Connection) -> list[Alarm]:
    states = [AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED]
    return list_alarms(c, "test", states=states)


def test_the_third_time_within_a_minute_it_stays_until_it_has_been_calm(c: Connection) -> None:
    responder = Responder(SITE, 300_000)
    flutter(responder, c, 2)
    assert standing(c) == []
    last = flutter(responder, c, 30, begin=NOW + 4_000)
    (alarm,) = standing(c)
    assert alarm.chatters
    changes = [row.change for row in reversed(rows(c, "test"))]
    assert changes == ["raised", "cleared", "raised", "cleared", "raised", "chattering"]
    responder.look_after(c, last + 200_000)
    assert standing(c) == [alarm]
    responder.look_after(c, last + 300_000)
    assert standing(c) == []
    (ended,) = list_alarms(c, "test", states=[AlarmState.RETURNED])
    assert ended.cleared_at == last
    turn(responder, c, last + 400_000, active=True)
    (again,) = standing(c)
    assert not again.chatters


def test_one_that_comes_back_before_it_was_calm_goes_on_standing(c: Connection) -> None:
    responder = Responder(SITE, 300_000)
    last = flutter(responder, c, 3)
    turn(responder, c, last + 200_000, active=True)
    responder.look_after(c, last + 400_000)
    assert len(standing(c)) == 1
    turn(responder, c, last + 500_000, active=False)
    responder.look_after(c, last + 700_000)
    assert len(standing(c)) == 1
    responder.look_after(c, last + 800_000)
    assert standing(c) == []


def test_it_ends_after_a_restart_as_well(c: Connection) -> None:
    last = flutter(Responder(SITE, 300_000), c, 3)
    responder = Responder(SITE, 300_000)
    turn(responder, c, last + 1_000, active=False)  # the detector takes up what stands, and the next reading ends it
    assert len(standing(c)) == 1
    responder.look_after(c, last + 301_000)
    assert standing(c) == []


def test_times_that_lie_apart_do_not_chatter_and_a_high_alarm_is_never_held(c: Connection) -> None:
    responder = Responder(SITE, 300_000)
    flutter(responder, c, 10, every=31_000)
    flutter(responder, c, 10, rule="fire")
    assert standing(c) == []
    assert not any(alarm.chatters for alarm in list_alarms(c, "test"))
