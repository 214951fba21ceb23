"""One suite over both databases: SQLite and a real PostgreSQL."""

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from backbone.database import (
    activations,
    alarms,
    audit,
    checkpoints,
    commands,
    idempotency,
    last_places,
    outbox,
    past,
    positions,
    quarantine,
    tickets,
    users,
)
from backbone.database.database import Database
from backbone.database.errors import Conflict, DatabaseError
from backbone.database.statements import driver_of
from backbone.database.users import StoredSession, User
from backbone.position import Position
from backbone.settings import Settings
from backbone.site_files import read_site
from community import alarms as alarm_life
from community import tickets as ticket_life
from community.activation_begin import activate
from community.alarms import Alarm, AlarmState
from community.commands import Command, Outcome, Reply
from community.headcount import Pass
from community.people import Actor, Role
from community.quarantine import Quarantined
from community.tickets import Ticket
from tests.servers import ROOT

SITE = read_site(Settings(site=ROOT / "sites" / "jinxiu.yaml"))
SMOKE = next(rule for rule in SITE.file.rules if rule.id == "smoke")
MANAGER = Actor("zhang-min", frozenset({Role.MANAGER}))
_number = iter(range(1, 1_000_000))


def raised() -> Alarm:
    """A new alarm: PostgreSQL is shared by the tests, so each has a scope of its own."""
    scope = f"detector-{next(_number)}.smoke"
    return alarm_life.raise_alarm(
        site="jinxiu", rule=SMOKE, scope=scope, zone="b3-f1", at=1_790_000_000_000, value=1.0, points=(scope,)
    )


def reported(source: str) -> Ticket:
    """A new ticket."""
    return ticket_life.open_ticket(
        id=f"t-{next(_number)}",
        site="jinxiu",
        zone="b1",
        title_zh="电池电量低",
        title_en="Battery low",
        source=source,
        priority="low",
        now=1,
        by="system",
    )


def test_an_alarm_is_kept_whole_and_found_by_its_scope_until_it_ends(database: Database) -> None:
    alarm = raised()
    with database.begin() as connection:
        alarms.save_alarm(connection, alarm)
    with database.begin() as connection:
        assert alarms.open_alarm(connection, "jinxiu", "smoke", alarm.scope) == alarm
        seen = alarm_life.acknowledge(alarm, "王伟", "在路上", 1_790_000_001_000)
        ended = alarm_life.clear(seen, 1_790_000_002_000)
        alarms.save_alarm(connection, ended)
    with database.read() as connection:
        assert alarms.get_alarm(connection, alarm.id) == ended
        assert alarms.open_alarm(connection, "jinxiu", "smoke", alarm.scope) is None
        listed = alarms.list_alarms(connection, "jinxiu", states=[AlarmState.NORMAL], scope=alarm.scope)
        assert [row.acknowledged_by for row in listed] == ["王伟"]


def test_what_an_alarm_looks_up_does_not_grow_with_the_history(tmp_path: Path) -> None:
    """By SQLite's own count of its steps: a thousand alarms that are over, each with its ticket, are passed by."""
    with closing(Database.open(f"sqlite:///{tmp_path / 'anju.db'}")) as database:
        steps, ticket = 0, reported("rule:smoke:some")

        def step() -> int:
            nonlocal steps
            steps += 1
            return 0

        def look_up(c: Connection) -> None:
            assert alarms.open_alarm(c, "jinxiu", "smoke", "detector-0.smoke") is None
            assert alarms.consequences_of(c, "jinxiu", "none") == []
            assert alarms.open_of_rules(c, "jinxiu", ["smoke"]) == []
            assert alarms.list_alarms(c, "jinxiu", states=[AlarmState.ACKNOWLEDGED]) == []
            assert tickets.ticket_of(c, "jinxiu", "rule:smoke:none") is None

        with database.begin() as c:
            for alarm in [dataclasses.replace(raised(), state=AlarmState.NORMAL) for _ in range(1_000)]:
                alarms.save_alarm(c, alarm)
                tickets.save_ticket(c, dataclasses.replace(ticket, id=f"t-{alarm.scope}", source=alarm.scope))
            driver = driver_of(c)
            assert driver is not None
            driver.set_progress_handler(step, 1)
            look_up(c)
            driver.set_progress_handler(None, 1)
        assert 0 < steps < 1_000


def test_an_older_version_never_replaces_a_newer_one(database: Database) -> None:
    alarm = raised()
    with database.begin() as connection:
        alarms.save_alarm(connection, alarm)
        alarms.save_alarm(connection, alarm_life.acknowledge(alarm, "a", "", 2))
    with pytest.raises(Conflict), database.begin() as connection:
        alarms.save_alarm(connection, alarm_life.clear(alarm, 3))
    with pytest.raises(Conflict), database.begin() as connection:
        alarms.save_alarm(connection, alarm)


def test_two_who_change_one_alarm_at_once_both_count(database: Database) -> None:
    """Reading for a change locks: nobody decides on a state that is gone."""
    alarm = raised()
    with database.begin() as connection:
        alarms.save_alarm(connection, alarm)
    together = threading.Barrier(2)

    def change(event: str) -> None:
        together.wait()
        with database.begin() as connection:
            now = alarms.get_alarm(connection, alarm.id)
            assert now is not None
            changed = alarm_life.clear(now, 5) if event == "clear" else alarm_life.acknowledge(now, "a", "", 5)
            alarms.save_alarm(connection, changed)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(change, ["clear", "acknowledge"]))
    with database.read() as connection:
        final = alarms.get_alarm(connection, alarm.id)
    assert final is not None
    assert (final.state, final.version) == (AlarmState.NORMAL, 3)


def test_pages_of_a_list_meet_without_gap_or_repeat(database: Database) -> None:
    scope = f"pages-{next(_number)}.smoke"
    with database.begin() as connection:
        for at in (5, 5, 5, 7, 9):
            one = alarm_life.raise_alarm(
                site="pages", rule=SMOKE, scope=f"{scope}-{next(_number)}", zone="b", at=at, value=1, points=()
            )
            alarms.save_alarm(connection, one)
    seen: list[str] = []
    before = None
    with database.read() as connection:
        while page := alarms.list_alarms(connection, "pages", limit=2, before=before):
            seen += [row.id for row in page]
            before = (page[-1].raised_at, page[-1].id)
        everything = alarms.list_alarms(connection, "pages", limit=1000)
    assert seen == [row.id for row in everything]


def test_one_condition_has_one_ticket_even_when_it_was_merged(database: Database) -> None:
    source = f"rule:battery-low:x-{next(_number)}.battery"
    ticket = reported(source)
    with database.begin() as connection:
        tickets.save_ticket(connection, ticket)
        assert tickets.ticket_of(connection, "jinxiu", source) == ticket
        other = dataclasses.replace(
            ticket, id=f"t-{next(_number)}", source="person:a", assignee="chen-gang", late=("respond",)
        )
        merged, joined = ticket_life.merge(ticket, MANAGER, other, "the same lamp", 2)
        tickets.save_ticket(connection, merged)
        tickets.save_ticket(connection, joined)
        assert tickets.ticket_of(connection, "jinxiu", source) == joined
        assert tickets.list_tickets(connection, "jinxiu", assignees=["chen-gang"], late=True) == [joined]
        assert tickets.load_of(connection, "jinxiu") == {"chen-gang": 1}
        assert joined.id in tickets.due_tickets(connection, "jinxiu", 3, 100)
        assert ticket.id in [row.id for row in tickets.list_tickets(connection, "jinxiu", limit=1000)]


def test_an_activation_and_its_commands(database: Database) -> None:
    number = next(_number)
    activation = activate(
        id=f"act-{number}",
        site="jinxiu",
        plan=SITE.plans["fire"],
        level="high",
        zone=f"zone-{number}",
        cause="person:wang-wei",
        reason="演练",
        now=10,
    )
    command = Command(point="doors-b3.relay-1", value=0, expires=99, cause=f"activation:act-{number}")
    reply = Reply(outcome=Outcome.DONE, point="doors-b3.relay-1", at=20, read_back=0.0)
    with database.begin() as connection:
        activations.save_activation(connection, activation)
        commands.insert_command(
            connection, f"c-{number}", "jinxiu", "gw-east", command, activation=activation.id, step="release"
        )
    with database.begin() as connection:
        assert activations.get_activation(connection, activation.id) == activation
        given = {c.id: c for c in commands.pending_commands(connection, "jinxiu")}[f"c-{number}"]
        assert (given.command, given.gateway, given.step) == (command, "gw-east", "release")
        assert commands.record_reply(connection, f"c-{number}", reply)
        assert not commands.record_reply(connection, f"c-{number}", reply)
        assert f"c-{number}" not in [c.id for c in commands.pending_commands(connection, "jinxiu")]


def test_the_later_of_two_passages_is_where_a_card_is(database: Database) -> None:
    first = [Pass("a" * 16, "b3-f1", 1_000), Pass("b" * 16, "b3-f1", 5_000)]
    then = [Pass("a" * 16, "outside", 2_000), Pass("b" * 16, "outside", 4_000)]
    for passes in (first, then, then):
        with database.begin() as connection:
            last_places.save_last_places(connection, SITE.id, passes)
    with database.read() as connection:
        found = {one.card[0]: (one.zone, one.at) for one in last_places.load_last_places(connection, SITE.id)}
        assert last_places.load_last_places(connection, "elsewhere") == []
    assert found == {"a": ("outside", 2_000), "b": ("b3-f1", 5_000)}


def test_what_is_rolled_back_was_never_there(database: Database) -> None:
    alarm = raised()
    with pytest.raises(ZeroDivisionError), database.begin() as connection:  # noqa: PT012  (the block is the subject)
        alarms.save_alarm(connection, alarm)
        outbox.append(connection, "rules", "jinxiu", "alarm", "raised", alarm.id, alarm, 1)
        raise ZeroDivisionError
    with database.read() as connection:
        assert alarms.get_alarm(connection, alarm.id) is None
        assert alarm.id not in [e.object_id for e in outbox.events_since(connection, "jinxiu", 0, 1_000)]


def test_events_come_in_order_with_the_whole_object(database: Database) -> None:
    alarm = raised()
    with database.begin() as connection:
        start = outbox.last_event(connection, "jinxiu")
        outbox.append(connection, "rules", "jinxiu", "alarm", "raised", alarm.id, alarm, 1)
        outbox.append(connection, "api", "jinxiu", "alarm", "acknowledged", alarm.id, alarm, 2)
    with database.read() as connection:
        rows = outbox.events_since(connection, "jinxiu", start, 10)
    assert [row.change for row in rows] == ["raised", "acknowledged"]
    assert rows[0].document["message"]["zh"] == "烟雾报警"
    assert rows[0].id < rows[1].id


def test_positions_and_checkpoint_are_replaced(database: Database) -> None:
    name = f"consumer-{next(_number)}"
    with database.begin() as connection:
        positions.save_positions(connection, name, "jinxiu", {"east": Position(1, 2, 3), "west": Position(1, 1, 1)})
        positions.save_positions(connection, name, "jinxiu", {"east": Position(2, 0, 5)})
        checkpoints.save_checkpoint(connection, name, b"\x00one")
        checkpoints.save_checkpoint(connection, name, b"\x00two")
    with database.read() as connection:
        reached = positions.load_positions(connection, name, "jinxiu")
        assert reached == {"east": Position(2, 0, 5), "west": Position(1, 1, 1)}
        assert checkpoints.load_checkpoint(connection, name) == b"\x00two"
        assert checkpoints.load_checkpoint(connection, "nobody") is None


def test_checkpoints_are_found_by_how_their_names_begin(database: Database) -> None:
    with database.begin() as connection:
        for name in ("part:2", "part:1", "part_:1", "other"):
            checkpoints.add_checkpoint(connection, name, name.encode())
        assert checkpoints.checkpoint_names(connection, "part:") == ["part:1", "part:2"]
        assert checkpoints.checkpoint_names(connection, "part_") == ["part_:1"]
        checkpoints.forget_checkpoints(connection, ["part:1", "other", "never there"])
        checkpoints.forget_checkpoints(connection, [])
    with database.read() as connection:
        assert checkpoints.checkpoint_names(connection, "part") == ["part:2", "part_:1"]
        assert checkpoints.load_checkpoint(connection, "part:2") == b"part:2"


def test_quarantined_things_of_one_reason_are_one_entry(database: Database) -> None:
    source = f"a/{next(_number)}"
    with database.begin() as connection:
        for last in (5, 9):
            quarantine.record(connection, [Quarantined("jinxiu", "ingest", source, "NaN", last, last, 3, "a\x00b")])
    with database.read() as connection:
        found = [row for _, row in quarantine.list_quarantine(connection, "jinxiu") if row.source == source]
    assert [(row.count, row.first, row.last) for row in found] == [(6, 5, 9)]


def test_what_was_set_aside_and_tried_again_leaves_what_is_still_refused(database: Database) -> None:
    site = f"site-{next(_number)}"

    def row(source: str, reason: str, count: int, kept: int, at: int) -> Quarantined:
        return Quarantined(site, "ingest", source, reason, at, at, count, "s", kept)

    with database.begin() as connection:
        known = [row("all", "future", 5, 5, 1), row("some", "future", 5, 4, 1), row("none", "NaN", 2, 0, 1)]
        quarantine.record(connection, [*known, row("other", "future", 3, 3, 1)])
        assert not quarantine.is_asked(connection, site, "ingest")
        assert quarantine.ask_again(connection, site, 7) == 3
        assert quarantine.is_asked(connection, site, "ingest")
        again = [row("some", "future", 2, 2, 8), row("other", "past\0", 3, 3, 8)]
        quarantine.settle(connection, site, "ingest", again, 8)
        assert not quarantine.is_asked(connection, site, "ingest")
        found = quarantine.list_quarantine(connection, site)
    rows = {(r.source, r.reason): (r.count, r.kept, r.first, r.last, r.tried) for _, r in found}
    assert rows == {
        ("some", "future"): (3, 2, 1, 1, 8),
        ("none", "NaN"): (2, 0, 1, 1, None),
        ("other", "past\ufffd"): (3, 3, 8, 8, None),
    }


def test_users_sessions_and_kept_answers(database: Database) -> None:
    name = f"user-{next(_number)}"
    user = User(username=name, name="王伟", password_hash="x", roles=frozenset({Role.CREW}), disabled=False, created=1)
    session = StoredSession(token_hash=name.ljust(64, "0"), username=name, created=1, last_used=1, expires=100)
    with database.begin() as connection:
        users.insert_user(connection, user)
        users.insert_session(connection, session)
        idempotency.save(connection, "key", name, "POST /x", 201, b"{}", 1)
    with pytest.raises(Conflict), database.begin() as connection:
        users.insert_user(connection, user)
    with database.begin() as connection:
        assert users.get_user(connection, name) == user
        assert users.get_session(connection, session.token_hash) == session
        users.touch_session(connection, session.token_hash, 50)
        assert users.delete_expired_sessions(connection, 60, 20) == 0
        assert users.delete_sessions_of(connection, name) == 1
        kept = idempotency.find(connection, "key", name)
        assert kept is not None
        assert (kept.status, kept.body) == (201, b"{}")


def test_the_audit_chain_shows_what_was_changed(database: Database) -> None:
    with database.begin() as connection:
        for number in range(3):
            audit.append(connection, at=number, who="a", action="b", target="c", outcome="done", detail="王")
        assert audit.verify(connection) is None
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET who = 'somebody else' WHERE id = (SELECT max(id) FROM audit)")
        told = audit.verify(connection)
    assert told is not None
    assert "was changed" in told


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("nonsense", "no database URL"),
        ("sqlite:///:memory:", "needs a file"),
        ("postgresql+psycopg://anju:secret@127.0.0.1:9/anju", "cannot be opened"),
    ],
)
def test_a_wrong_url_is_told_without_its_password(wrong: str, says: str) -> None:
    with pytest.raises(DatabaseError, match=says) as refused:
        Database.open(wrong)
    assert "secret" not in str(refused.value)


def test_months_are_read_for_figures_whole_and_only_theirs(database: Database) -> None:
    rows = [(10, "smoke"), (20, "heat"), (30, "smoke"), (40, "smoke")]
    with database.begin() as c:
        for at, rule in rows:
            one = dataclasses.replace(
                raised(), id=f"past-{at}", site="past", rule=rule, raised_at=at, cleared_at=at + 5
            )
            alarms.save_alarm(c, one)
        found = list(past.past_alarms(c, "past", 10, 40, {"smoke"}))
        every = list(past.past_alarms(c, "past", 0, 100))
    assert sorted((one.raised_at, one.cleared_at) for one in found) == [(10, 15), (30, 35)]
    assert len(every) == 4
    assert every[0].grade == "medium"


def test_it_answers_while_all_who_may_work_with_it_do(database: Database) -> None:
    """Otherwise a platform that is much asked takes its database for gone, and asks it nothing more."""
    with ExitStack() as busy, ThreadPoolExecutor(1) as asker:
        for _ in range(14 if database.is_sqlite else 15):  # whoever wrote last in SQLite keeps one
            busy.enter_context(database.read())
        asker.submit(database.ask).result(timeout=10)
