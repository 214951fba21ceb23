"""What is suppressed calls nobody and stays on record; when the suppression ends, what still stands calls at once."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from backbone.database import alarm_journal
from backbone.database.activations import list_activations
from backbone.database.alarms import list_alarms, save_alarm
from backbone.database.suppressions import get_suppression, list_suppressions, save_suppression
from backbone.database.tickets import list_tickets
from community.alarms import Alarm, AlarmState, acknowledge
from community.errors import TransitionRefused
from community.site.rules import Grade
from community.suppression import Suppression, SuppressionState, end, shelve, take_out_of_service
from rules.detect.model import Transition
from rules.respond.responder import Responder
from tests.unit.databases import new_database
from tests.unit.rules.sites import make_site

NOW = 1_790_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
POINTS = {f"d{i}.smoke": {"zone": "b3-f1" if i < 2 else "b4-f1", "family": "fire"} for i in range(4)}
SITE = make_site(
    POINTS,
    [
        {"id": "smoke", "select": {"measure": "smoke"}, "when": {"equals": 1}, "re_alarm": "30m"},
        {"id": "fire", "select": {"measure": "smoke"}, "when": {"equals": 2}, "risk": "high"},
    ],
    parents={"b3-f1": "b3", "b4-f1": "b4"},
)


@pytest.fixture
def responder() -> Responder:
    return Responder(SITE, 300_000)


def turn(number: int, at: int, *, active: bool = True, rule: str = "smoke") -> Transition:
    zone = "b3-f1" if number < 2 else "b4-f1"
    return Transition(rule, f"d{number}.smoke", zone, active, at, 1.0, (f"d{number}.smoke",), "level")


def only(c: Connection) -> Alarm:
    (alarm,) = list_alarms(c, "test")
    return alarm


def shelved(c: Connection, until: int, now: int = NOW) -> Suppression:
    alarm = only(c)
    made = shelve(alarm, identifier="s-1", by="wang-wei", reason="welding", now=now, until=until)
    save_suppression(c, made)
    save_alarm(c, replace(alarm, suppressed=made.id, version=alarm.version + 1))
    return made


def isolated(c: Connection, until: int, device: str | None = None) -> Suppression:
    made = take_out_of_service(
        SITE, zone="b3", device=device, identifier="s-2", by="wang-wei", reason="welding", now=NOW, until=until
    )
    save_suppression(c, made)
    return made


def changes(c: Connection) -> list[str]:
    return [row.change for row in reversed(alarm_journal.rows(c, "test", limit=1000))]


def test_a_shelved_alarm_calls_nobody_until_its_time_is_over(c: Connection, responder: Responder) -> None:
    responder.respond(c, [turn(0, NOW)], NOW)
    shelved(c, NOW + HOUR)
    responder.respond(c, [turn(0, NOW + MINUTE, active=False)], NOW + MINUTE)
    assert only(c).state is AlarmState.NORMAL, "who shelved it has seen it"
    responder.respond(c, [turn(0, NOW + 2 * MINUTE)], NOW + 2 * MINUTE)
    newest = list_alarms(c, "test")[0]
    assert newest.suppressed == "s-1"
    assert newest.ticket is None
    responder.look_after(c, NOW + HOUR - 1)
    assert list_alarms(c, "test")[0].suppressed == "s-1"
    responder.look_after(c, NOW + HOUR)
    newest = list_alarms(c, "test")[0]
    assert newest.suppressed is None
    assert newest.state is AlarmState.UNACKNOWLEDGED
    assert newest.called_again_at == NOW + HOUR
    assert newest.ticket is not None
    ended = get_suppression(c, "s-1")
    assert ended is not None
    assert (ended.state, ended.ended_by) == (SuppressionState.OVER, "")
    assert changes(c) == ["raised", "cleared", "seen-when-suppressed", "suppressed", "released"]


def test_another_high_alarm_is_never_shelved_by_the_first(c: Connection, responder: Responder) -> None:
    responder.respond(c, [turn(0, NOW, rule="fire")], NOW)
    shelved(c, NOW + 20 * MINUTE)
    responder.respond(c, [turn(0, NOW + 1, active=False, rule="fire")], NOW + 1)
    responder.respond(c, [turn(0, NOW + 2, rule="fire")], NOW + 2)
    newest = list_alarms(c, "test")[0]
    assert newest.suppressed is None
    assert newest.state is AlarmState.UNACKNOWLEDGED
    ended = get_suppression(c, "s-1")
    assert ended is not None
    assert ended.state is SuppressionState.OVER


def test_out_of_service_covers_a_place_and_nothing_beside_it(c: Connection, responder: Responder) -> None:
    isolated(c, NOW + HOUR)
    responder.respond(c, [turn(0, NOW), turn(0, NOW, rule="fire"), turn(2, NOW)], NOW)
    by_scope = {(a.rule, a.scope): a.suppressed for a in list_alarms(c, "test")}
    assert by_scope == {("smoke", "d0.smoke"): "s-2", ("fire", "d0.smoke"): "s-2", ("smoke", "d2.smoke"): None}
    assert len([t for t in list_tickets(c, "test") if t.source.startswith("rule:")]) == 1
    made = get_suppression(c, "s-2")
    assert made is not None
    save_suppression(c, end(made, "li-na", NOW + MINUTE))
    responder.look_after(c, NOW + MINUTE)
    assert {a.suppressed for a in list_alarms(c, "test")} == {None}
    assert len([t for t in list_tickets(c, "test") if t.source.startswith("rule:")]) == 2
    assert list_suppressions(c, "test", [SuppressionState.ACTIVE]) == []


def test_a_vote_is_suppressed_only_where_no_detector_in_service_can_join_it(
    c: Connection, responder: Responder
) -> None:
    isolated(c, NOW + HOUR)
    of_floor = Transition("fire", "b3-f1", "b3-f1", True, NOW, 2, ("d0.smoke", "d1.smoke"), "vote")
    of_site = Transition("fire", "test", "b3-f1", True, NOW, 2, ("d0.smoke", "d1.smoke"), "vote")
    responder.respond(c, [of_floor, of_site], NOW)
    assert {a.scope: a.suppressed for a in list_alarms(c, "test")} == {"b3-f1": "s-2", "test": None}


def test_a_shelved_alarm_is_not_called_again_by_its_re_alarm(c: Connection, responder: Responder) -> None:
    responder.respond(c, [turn(0, NOW)], NOW)
    save_alarm(c, acknowledge(only(c), "wang-wei", "", NOW + MINUTE))
    shelved(c, NOW + 2 * HOUR, NOW + 2 * MINUTE)
    responder.look_after(c, NOW + HOUR)
    assert (only(c).state, only(c).suppressed) == (AlarmState.ACKNOWLEDGED, "s-1")
    responder.look_after(c, NOW + 3 * HOUR)
    assert (only(c).state, only(c).suppressed) == (AlarmState.UNACKNOWLEDGED, None)


def test_a_vote_of_points_in_and_out_of_service_is_not_suppressed(c: Connection, responder: Responder) -> None:
    isolated(c, NOW + HOUR)
    both = Transition("smoke", "d0.smoke", "b3-f1", True, NOW, 1.0, ("d0.smoke", "d2.smoke"), "vote")
    responder.respond(c, [both], NOW)
    assert only(c).suppressed is None


def test_one_device_out_of_service_leaves_the_others_in_it(c: Connection, responder: Responder) -> None:
    isolated(c, NOW + HOUR, device="d0")
    responder.respond(c, [turn(0, NOW), turn(1, NOW)], NOW)
    assert {a.scope: a.suppressed for a in list_alarms(c, "test")} == {"d0.smoke": "s-2", "d1.smoke": None}


def test_an_acknowledged_alarm_that_stands_too_long_calls_again(c: Connection, responder: Responder) -> None:
    responder.respond(c, [turn(0, NOW)], NOW)
    alarm = only(c)
    save_alarm(c, acknowledge(alarm, "wang-wei", "", NOW + MINUTE))
    responder.look_after(c, NOW + 31 * MINUTE - 1)
    assert only(c).state is AlarmState.ACKNOWLEDGED
    responder.look_after(c, NOW + 31 * MINUTE)
    again = only(c)
    assert again.state is AlarmState.UNACKNOWLEDGED
    assert again.ticket == alarm.ticket, "one ticket"
    assert changes(c)[-1] == "re-alarmed"
    responder.look_after(c, NOW + 62 * MINUTE)
    assert changes(c).count("re-alarmed") == 1, "nobody has acknowledged it since"


@pytest.mark.parametrize(("grade", "longest"), [(Grade.HIGH, 30 * MINUTE), (Grade.MEDIUM, 12 * HOUR)])
def test_nothing_is_shelved_for_too_long_or_without_a_reason(
    c: Connection, responder: Responder, grade: Grade, longest: int
) -> None:
    responder.respond(c, [turn(0, NOW)], NOW)
    alarm = replace(only(c), grade=grade)
    for until, reason in ((NOW + longest + 1, "welding"), (NOW, "welding"), (NOW + longest, "  ")):
        with pytest.raises(TransitionRefused):
            shelve(alarm, identifier="s", by="a", reason=reason, now=NOW, until=until)
    assert shelve(alarm, identifier="s", by="a", reason="welding", now=NOW, until=NOW + longest).until


def test_a_place_without_fire_detection_comes_back_within_a_shift() -> None:
    with pytest.raises(TransitionRefused, match="within 8 h"):
        take_out_of_service(
            SITE, zone="b3", device=None, identifier="s", by="a", reason="x", now=NOW, until=NOW + 9 * HOUR
        )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["raise", "clear", "shelve", "isolate", "end", "look"]),
        st.integers(0, 3),
        st.sampled_from(["smoke", "fire"]),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_nothing_stays_hidden_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str]]
) -> None:
    opened = new_database(tmp_path_factory.mktemp("s") / "state.db")
    responder = Responder(SITE, 300_000)
    now, standing, number = NOW, set[tuple[str, str]](), 0
    with opened.begin() as c:
        for what, device, rule in steps:
            now += MINUTE
            number += 1
            if what in {"raise", "clear"}:
                responder.respond(c, [turn(device, now, active=what == "raise", rule=rule)], now)
                key = (rule, f"d{device}.smoke")
                standing.add(key) if what == "raise" else standing.discard(key)
            elif what == "shelve":
                for alarm in [
                    a for a in list_alarms(c, "test") if a.state is not AlarmState.NORMAL and not a.suppressed
                ]:
                    made = shelve(alarm, identifier=f"s-{number}", by="w", reason="x", now=now, until=now + 10 * MINUTE)
                    save_suppression(c, made)
                    save_alarm(c, replace(alarm, suppressed=made.id, version=alarm.version + 1))
                    break
            elif what == "isolate":
                save_suppression(
                    c,
                    take_out_of_service(
                        SITE,
                        zone="b3",
                        device=f"d{device}" if device < 2 else None,
                        identifier=f"s-{number}",
                        by="w",
                        reason="x",
                        now=now,
                        until=now + HOUR,
                    ),
                )
            elif what == "end":
                for found in list_suppressions(c, "test", [SuppressionState.ACTIVE]):
                    save_suppression(c, end(found, "w", now))
            else:
                responder.look_after(c, now)
            alarms = [a for a in list_alarms(c, "test", limit=1000) if a.state is not AlarmState.NORMAL]
            active = {s.id for s in list_suppressions(c, "test") if s.state is not SuppressionState.OVER}
            assert {a.suppressed for a in alarms} - {None} <= active, "hidden by something that is over"
            assert standing <= {(a.rule, a.scope) for a in alarms}, "a standing condition is on record"
        responder.look_after(c, now + 2 * HOUR)
        alarms = [a for a in list_alarms(c, "test", limit=1000) if a.state is not AlarmState.NORMAL]
        assert all(a.suppressed is None for a in alarms)
        called = {(a.rule, a.scope) for a in alarms if a.state is AlarmState.UNACKNOWLEDGED}
        assert standing <= called
        assert list_activations(c, "test") == []
    opened.close()
