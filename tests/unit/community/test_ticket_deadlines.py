"""Deadlines count working time where the site says so, an answer never takes over a day, and each is missed once."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from community import tickets
from community.assignment import choose
from community.evidence import Evidence
from community.people import PLATFORM, Actor, Role
from community.roster import OnRecord
from community.site.model import SiteFile
from community.site.site import Site
from community.ticket_deadlines import deadlines_for, mark_late, missed, next_look
from community.tickets import Ticket
from tests.unit.rules.sites import make_site

HOUR = 3_600_000
CHEN = Actor("chen-gang", frozenset({Role.CREW}))
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


def said(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, SHANGHAI).strftime("%Y-%m-%d %H:%M")


def site(**rows: Any) -> Site:
    made = make_site({"a.battery": {"zone": "b3", "family": "fire"}}, [])
    file = SiteFile.model_validate({**made.file.model_dump(by_alias=True), **rows})
    return Site(**{**made.__dict__, "file": file})


def ticket(**more: Any) -> Ticket:
    return tickets.open_ticket(
        **{
            "id": "t-1", "site": "test", "zone": "b3", "title_zh": "x", "title_en": "x", "source": "person:a",
            "priority": "low", "now": 0, "by": "a", **more,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reported", "respond", "complete"),
    [
        ("2026-09-21 10:00", "2026-09-21 12:00", "2026-09-22 11:00"),  # Monday: 10 working hours
        ("2026-09-21 17:00", "2026-09-22 10:00", "2026-09-22 18:00"),
        ("2026-09-25 17:30", "2026-09-26 17:30", "2026-09-29 10:00"),  # Mid-autumn, a Friday: a day is the limit
        ("2026-09-30 17:30", "2026-10-01 17:30", "2026-10-09 09:30"),  # the national holiday
    ],
)
def test_working_time_counts_and_a_day_is_the_limit(reported: str, respond: str, complete: str) -> None:
    row = {"respond": "2h", "complete": "10h", "during": ["working-hours"]}
    file = site(tickets={"deadlines": {"medium": row}}).file
    assert [said(t) for t in deadlines_for(file, "medium", at(reported))] == [respond, complete]
    assert deadlines_for(file, "high", 0) == (2 * HOUR, 24 * HOUR)


def test_each_deadline_is_missed_once_and_stays_on_record() -> None:
    late = ticket()
    assert missed(late, 2 * HOUR) == ()
    assert missed(late, 2 * HOUR + 1) == ("respond",)
    late = mark_late(late, "respond", 2 * HOUR + 1)
    assert missed(late, 3 * HOUR) == ()
    assert missed(late, 24 * HOUR + 1) == ("respond-limit",)
    late = mark_late(late, "respond-limit", 25 * HOUR)
    late = tickets.start(late, CHEN, "", 26 * HOUR)
    assert missed(late, 7 * 24 * HOUR + 1) == ("complete",)
    assert late.late == ("respond", "respond-limit")
    assert [note.change for note in late.history] == ["reported", "late-respond", "late-respond-limit", "start"]


def test_the_platform_looks_when_something_is_due_and_at_no_other_time() -> None:
    new = ticket()
    assert next_look(new) == 0, "somebody is to be found at once"
    given = tickets.assign(new, PLATFORM, "chen-gang", "", 1)
    assert next_look(given) == 0, "who has it is to be told"
    begun = tickets.start(given, CHEN, "", 2)
    assert next_look(begun) == begun.complete_by
    done = tickets.rectify(begun, CHEN, Evidence(at=3, by="chen-gang", note="done"), 3)
    assert next_look(done) is None


PEOPLE = [
    {"id": "chen-gang", "name": "陈刚", "roles": ["crew"], "duties": ["repair"], "party": "property"},
    {"id": "liu-yang", "name": "刘洋", "roles": ["crew"], "duties": ["cleaning"], "party": "property"},
    {"id": "zhao-lei", "name": "赵磊", "roles": ["crew"], "duties": ["repair"], "party": "property"},
    {"id": "qian-jun", "name": "钱军", "roles": ["crew"], "duties": ["repair"], "party": "lifts"},
    {"id": "zhang-min", "name": "张敏", "roles": ["manager"]},
]
ROSTER = {
    "shifts": [{"id": "day", "name": {"zh": "白班"}, "from": "08:00", "to": "20:00"}],
    "duties": [{"id": "maintenance", "name": {"zh": "维修"}}],
    "rota": [{"duty": "maintenance", "shift": "day", "people": ["zhao-lei", "liu-yang"]}],
}
PARTIES = [{"id": p, "name": {"zh": p}, "kind": "company"} for p in ("property", "lifts")]
EVERYBODY = frozenset(str(row["id"]) for row in PEOPLE)


@pytest.mark.parametrize(
    ("wanted", "clock", "load", "chosen"),
    [
        ({"point": "a.battery", "party": "property"}, "10:00", {}, "zhao-lei"),  # on duty, and can repair
        ({"point": "a.battery", "party": "property"}, "23:00", {"chen-gang": 2}, "zhao-lei"),  # the least to do
        ({"point": "a.battery", "party": "property"}, "23:00", {}, "chen-gang"),
        ({"party": "property"}, "10:00", {"zhao-lei": 1}, "liu-yang"),  # no skill wanted
        ({"point": "a.battery", "party": "lifts"}, "10:00", {}, "qian-jun"),  # their own people, even off duty
        ({"facility": "pump", "party": "property"}, "10:00", {}, None),  # nobody can do it
    ],
)
def test_who_works_it(wanted: dict[str, Any], clock: str, load: dict[str, int], chosen: str | None) -> None:
    here = site(
        people=PEOPLE,
        roster=ROSTER,
        parties=PARTIES,
        facilities=[{"id": "pump", "name": {"zh": "泵"}, "zone": "b3", "party": "property", "category": "water"}],
        tickets={"skills": {"fire": "repair", "water": "plumbing"}},
    )
    choice = choose(here, ticket(**wanted), EVERYBODY, load, at(f"2026-09-21 {clock}"), OnRecord())
    assert (choice.person if choice else None) == chosen


def test_a_ticket_goes_to_nobody_who_cannot_sign_in() -> None:
    here = site(people=PEOPLE, roster=ROSTER, parties=PARTIES)
    choice = choose(here, ticket(), {"liu-yang"}, {}, at("2026-09-21 10:00"), OnRecord())
    assert choice is not None
    assert (choice.person, choice.on_duty) == ("liu-yang", True)
    assert choose(here, ticket(), set(), {}, 0, OnRecord()) is None
