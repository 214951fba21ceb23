"""Several processes at one state: nothing is lost, nothing is seen in another order than it was committed."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import OperationalError

from backbone.database import audit, outbox, tickets
from backbone.database import database as module
from backbone.database.database import Database
from backbone.database.tables import audit as audit_table
from community.tickets import Ticket, open_ticket
from tests.servers import ROOT

CHANGES = 60
CHANGE_A_TICKET = """
import sys
from backbone.database import audit, outbox, tickets
from backbone.database.database import Database
from community.tickets import add_note

url, who, changes = sys.argv[1:]
database = Database.open(url)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(changes)):
    with database.begin() as connection:
        ticket = add_note(tickets.get_ticket(connection, "t-1"), who, "noted", str(number), number)
        tickets.save_ticket(connection, ticket)
        outbox.append(connection, who, "jinxiu", "ticket", "noted", ticket.id, ticket, number)
        audit.append(connection, at=number, who=who, action="ticket.note", target=ticket.id, outcome="done")
database.close()
"""
HOLD_THE_TURN = """
import sys
from backbone.database.database import Database

database = Database.open(sys.argv[1])
with database.begin() as connection:
    print("mine", flush=True)
    sys.stdin.readline()  # for ever: it is suspended or killed here
"""


@contextlib.contextmanager
def program(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own, until its first line is printed; killed at the end if it has not ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            yield process
        finally:
            process.kill()


def ticket(number: int = 1) -> Ticket:
    return open_ticket(
        id=f"t-{number}",
        site="jinxiu",
        zone="b1",
        title_zh="灯坏了",
        title_en="A lamp is broken",
        source="person:li-na",
        priority="low",
        now=number,
        by="li-na",
    )


def test_two_processes_change_one_object_and_a_third_follows_every_event(state_url: str, database: Database) -> None:
    with database.begin() as connection:
        tickets.save_ticket(connection, ticket())
    followed: list[int] = []
    done = threading.Event()

    def follow() -> None:
        """As a page does: ask for what came after the last event seen."""
        while True:
            last_look = done.is_set()
            with database.read() as connection:
                rows = outbox.events_since(connection, "jinxiu", followed[-1] if followed else 0, 1000)
            followed.extend(row.id for row in rows)
            if last_look:
                return

    with (
        program(CHANGE_A_TICKET, state_url, "rules", str(CHANGES)) as one,
        program(CHANGE_A_TICKET, state_url, "api", str(CHANGES)) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        following = pool.submit(follow)
        for process in (one, other):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [one.wait(60), other.wait(60)] == [0, 0]
        done.set()
        following.result(30)
    with database.read() as connection:
        last = tickets.get_ticket(connection, "t-1")
        events = outbox.events_since(connection, "jinxiu", 0, 1000)
        assert audit.verify(connection) is None
    assert last is not None
    assert (last.version, len(last.history)) == (1 + 2 * CHANGES, 1 + 2 * CHANGES)
    assert [event.document["version"] for event in events] == list(range(2, 2 + 2 * CHANGES))
    assert followed == [event.id for event in events]


def test_who_reads_sees_one_state_and_holds_nobody_up(database: Database) -> None:
    with database.begin() as connection:
        tickets.save_ticket(connection, ticket())
    with database.read() as reading:
        assert len(tickets.list_tickets(reading, "jinxiu")) == 1
        with database.begin() as connection:
            tickets.save_ticket(connection, ticket(2))
        assert len(tickets.list_tickets(reading, "jinxiu")) == 1
    with database.begin() as connection:
        tickets.save_ticket(connection, ticket(3))
        with database.read() as reading:
            assert len(tickets.list_tickets(reading, "jinxiu")) == 2


def test_who_is_killed_while_it_writes_holds_nobody_up(state_url: str, database: Database) -> None:
    with program(HOLD_THE_TURN, state_url) as holder:
        holder.kill()
        holder.wait()
        with database.begin() as connection:
            tickets.save_ticket(connection, ticket())
    with database.read() as connection:
        assert tickets.get_ticket(connection, "t-1") is not None


def test_who_falls_asleep_while_it_writes_loses_its_turn(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A suspended process must not keep alarms from being written: PostgreSQL ends its transaction."""
    monkeypatch.setattr(module, "ABANDONED_S", 1)
    database = Database.open(postgres_url)
    try:
        with pytest.raises(OperationalError), database.begin() as asleep:  # noqa: PT012  (the block is the subject)
            started = time.monotonic()
            with database.begin() as connection:
                outbox.append(connection, "rules", "asleep", "alarm", "raised", "a", {}, 1)
            assert time.monotonic() - started < 10
            outbox.append(asleep, "api", "asleep", "alarm", "raised", "b", {}, 1)
        with database.read() as connection:
            assert [e.object_id for e in outbox.events_since(connection, "asleep", 0, 10)] == ["a"]
    finally:
        database.close()


@pytest.mark.parametrize("harm", ["changed", "taken out", "put in"])
def test_the_audit_chain_shows_every_harm(database: Database, harm: str) -> None:
    with database.begin() as connection:
        for number in range(5):
            audit.append(connection, at=number, who="wang-wei", action="a", target="t", outcome="done", detail="\x00王")
        assert audit.verify(connection) is None
    with database.begin() as connection:
        third = audit.rows(connection)[2]
        if harm == "changed":
            connection.execute(update(audit_table).where(audit_table.c.id == third.id).values(outcome="refused"))
        elif harm == "taken out":
            connection.execute(delete(audit_table).where(audit_table.c.id == third.id))
        else:
            columns = ("at", "who", "action", "target", "outcome", "detail", "previous", "hash")
            copy = {name: getattr(third, name) for name in columns}
            connection.execute(insert(audit_table).values(copy))
        told = audit.verify(connection)
    assert told is not None
    assert "entry" in told
