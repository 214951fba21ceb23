"""A contact that chatters is one alarm that stands, not a hundred that come and go; a high one is never held."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


STEPS = st.lists(
    st.tuples(st.sampled_from(["open", "fire"]), st.booleans(), st.sampled_from([500, 2_000, 20_000, 400_000])),
    max_size=40,
)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_relief_never_hides_a_high_alarm_whatever_comes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bool, int]]
) -> None:
    opened = new_database(tmp_path_factory.mktemp("c") / "state.db")
    responder, now, true = Responder(SITE, 300_000), NOW, dict[str, bool]()
    with opened.begin() as c:
        for rule, active, wait in steps:
            now += wait
            if true.get(rule, False) != active:
                true[rule] = active
                turn(responder, c, now, active=active, rule=rule)
                if rule == "fire" and active:
                    (raised,) = (alarm for alarm in standing(c) if alarm.rule == rule)
                    assert raised.state is AlarmState.UNACKNOWLEDGED, "every time it comes it calls"
            responder.look_after(c, now)
            high = [alarm for alarm in list_alarms(c, "test", limit=1000) if alarm.rule == "fire"]
            assert not any(alarm.chatters or alarm.first_out or alarm.suppressed for alarm in high)
            stands = {alarm.rule for alarm in standing(c)}
            assert ("fire" in stands) == true.get("fire", False), "it stands as long as its condition, no longer"
            assert true.get("open", False) <= ("open" in stands), "relief holds what stands, and ends nothing"
        responder.look_after(c, now + 400_000)
        responder.look_after(c, now + 800_000)
        assert {alarm.rule for alarm in standing(c)} == {rule for rule, active in true.items() if active}
    opened.close()
