"""One condition is one ticket, whatever it does; who works it is found and told; what is late is known."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backbone.database.database import Database
from backbone.database.notifications import escalations_of
from backbone.database.outbox import events_since
from backbone.database.tickets import list_tickets, save_ticket
from backbone.database.users import User, insert_user
from community import tickets as life
from community.evidence import Evidence
from community.people import Actor, Role
from community.roster import OnRecord
from community.site.model import SiteFile
from community.site.site import Site
from community.tickets import Ticket, TicketState
from rules.detect.model import Transition
from rules.notify.calls import People
from rules.respond.responder import Responder
from rules.respond.ticket_watch import AGAIN_MS, AT_ONCE, look_after
from tests.unit.databases import new_database
from tests.unit.rules.sites import make_site

NOW = 1_790_000_000_000
HOUR = 3_600_000
CREW = Actor("chen-gang", frozenset({Role.CREW}))
OFFICER = Actor("wang-wei", frozenset({Role.SAFETY_OFFICER}))
LOW = {"id": "full", "select": {"measure": "fill"}, "when": {"above": 90}, "risk": "low"}
PEOPLE = [
    {"id": "chen-gang", "name": "陈刚", "roles": ["crew"]},
    {"id": "zhang-min", "name": "张敏", "roles": ["manager"]},
]


@pytest.fixture
def site() -> Site:
    made = make_site({"bin.fill": {"zone": "refuse"}}, [LOW])
    rows: dict[str, Any] = {"people": PEOPLE, "notifications": {"language": "zh"}}
    file = SiteFile.model_validate({**made.file.model_dump(by_alias=True), **rows})
    return Site(**{**made.__dict__, "file": file})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = new_database(tmp_path / "state.db")
    yield opened
    opened.close()


def full(active: bool, at: int) -> Transition:
    return Transition("full", "bin.fill", "refuse", active, at, 95.0 if active else None, ("bin.fill",), "above")


def only(database: Database) -> Ticket:
    with database.read() as c:
        (ticket,) = list_tickets(c, "test")
    return ticket


def worked(ticket: Ticket, now: int) -> Ticket:
    ticket = life.rectify(
        life.start(ticket, CREW, "", now), CREW, Evidence(at=now, by="chen-gang", note="emptied"), now
    )
    return life.reinspect(ticket, OFFICER, True, "", now)


def test_one_condition_is_one_ticket_that_opens_again_with_all_it_had(database: Database, site: Site) -> None:
    responder = Responder(site, 300_000)
    with database.begin() as c:
        responder.respond(c, [full(True, NOW)], NOW)
        responder.respond(c, [full(False, NOW + 1), full(True, NOW + 2)], NOW + 2)
    ticket = only(database)
    assert (ticket.standing, ticket.conditions[0].raised, ticket.version) == (True, 2, 3)
    with database.begin() as c:
        responder.respond(c, [full(False, NOW + 3)], NOW + 3)
    cleared = only(database)
    with database.begin() as c:
        save_ticket(c, life.close(worked(cleared, NOW + 4), OFFICER, "", NOW + 5))
        responder.respond(c, [full(True, NOW + HOUR)], NOW + HOUR)
    again = only(database)
    assert (again.id, again.state, again.reopened, again.standing) == (ticket.id, TicketState.REPORTED, 1, True)
    assert [row.note for row in again.evidence] == ["emptied"]
    assert again.respond_by == NOW + 3 * HOUR


def test_what_comes_back_after_long_is_a_new_ticket_that_names_the_last(database: Database, site: Site) -> None:
    responder = Responder(site, 300_000)
    with database.begin() as c:
        responder.respond(c, [full(True, NOW), full(False, NOW + 1)], NOW)
        (first,) = list_tickets(c, "test")
        save_ticket(c, life.close(worked(first, NOW + 2), OFFICER, "", NOW + 3))
        responder.respond(c, [full(True, NOW + 25 * HOUR)], NOW + 25 * HOUR)
        second, _ = list_tickets(c, "test")
    assert (second.earlier, second.reopened) == (first.id, 0)


def test_a_new_ticket_finds_its_worker_and_tells_them(database: Database, site: Site) -> None:
    with database.begin() as c:
        for name, role in (("chen-gang", Role.CREW), ("liu-yang", Role.CREW), ("zhang-min", Role.MANAGER)):
            insert_user(
                c,
                User(username=name, name=name, password_hash="-", roles=frozenset({role}), disabled=False, created=0),
            )
        Responder(site, 300_000).respond(c, [full(True, NOW)], NOW)
        assert look_after(c, site, NOW) == 1
        assert look_after(c, site, NOW) == 0, "nothing more to do until its deadline"
    ticket = only(database)
    assert (ticket.state, ticket.assignee, ticket.responded_at) == (TicketState.ASSIGNED, "chen-gang", None)
    with database.read() as c:
        (told,) = escalations_of(c, "test", ticket.id)
        changes = [event.change for event in events_since(c, "test", 0, 100) if event.kind == "ticket"]
    assert (told.kind, told.roles) == ("ticket", ("chen-gang",))
    assert changes == ["reported", "assign"]


def test_what_is_late_is_marked_and_told_to_more_and_more(database: Database, site: Site) -> None:
    with database.begin() as c:
        Responder(site, 300_000).respond(c, [full(True, NOW)], NOW)
        for hours in (0, 2, 3, 24, 25, 7 * 24 + 1):
            look_after(c, site, NOW + hours * HOUR + 1)
    ticket = only(database)
    assert ticket.late == ("respond", "respond-limit", "complete")
    assert [note.change for note in ticket.history] == [
        "reported", "nobody-fits", "late-respond", "late-respond-limit", "late-complete"
    ]  # fmt: skip
    with database.read() as c:
        escalations = escalations_of(c, "test", ticket.id)
        told = {e.step.partition(":")[0]: e.roles for e in escalations if e.step}
        assert not any(e.facts.at_once for e in escalations), "of low priority: quiet hours hold it"
        assert [t.id for t in list_tickets(c, "test", late=True)] == [ticket.id]
    assert told == {
        "respond": ("manager",),
        "respond-limit": ("manager", "safety-officer", "supervisor"),
        "complete": ("manager",),
    }


def test_tickets_that_cannot_be_looked_after_keep_no_other_waiting(database: Database, site: Site) -> None:
    with database.begin() as c:
        for number in range(AT_ONCE + 5):
            nowhere = life.open_ticket(
                id=f"bad-{number:02}", site="test", zone="gone", title_zh="x", title_en="x", source=f"person:{number}",
                priority="low", now=NOW - 9 * HOUR, by="a",
            )  # fmt: skip
            save_ticket(c, nowhere)
        Responder(site, 300_000).respond(c, [full(True, NOW)], NOW)
        for _ in range(3):
            look_after(c, site, NOW + 3 * HOUR)
        assert look_after(c, site, NOW + 3 * HOUR) == 0, "what failed waits for its next turn"
        good = next(t for t in list_tickets(c, "test") if t.source.startswith("rule:"))
        assert look_after(c, site, NOW + 3 * HOUR + AGAIN_MS) == AT_ONCE, "and is tried again"
    assert good.late == ("respond",)


def test_the_escalation_party_hears_of_what_the_responsible_one_leaves(database: Database, site: Site) -> None:
    rows: dict[str, Any] = {
        "parties": [{"id": p, "name": {"zh": p}, "kind": "company"} for p in ("property", "committee")],
        "people": [*PEOPLE, {"id": "sun-hong", "name": "孙红", "roles": ["supervisor"], "party": "committee"}],
        "facilities": [
            {"id": "bin", "name": {"zh": "垃圾桶"}, "zone": "refuse", "party": "property", "escalation": "committee",
             "points": ["bin.fill"]}
        ],
    }  # fmt: skip
    file = SiteFile.model_validate({**site.file.model_dump(by_alias=True), **rows})
    site = Site(**{**site.__dict__, "file": file})
    with database.begin() as c:
        Responder(site, 300_000).respond(c, [full(True, NOW)], NOW)
        for hours in (0, 2, 24, 7 * 24 + 1):
            look_after(c, site, NOW + hours * HOUR + 1)
        (ticket,) = list_tickets(c, "test")
        told = {e.step.partition(":")[0]: e for e in escalations_of(c, "test", ticket.id) if e.step}
    people = People(site, lambda _: True)
    called = {kind: {call.person for call in people.tree(e, "", NOW, OnRecord())} for kind, e in told.items()}
    assert called == {
        "respond": {"zhang-min"},
        "respond-limit": {"zhang-min", "sun-hong"},
        "complete": {"zhang-min", "sun-hong"},
    }
