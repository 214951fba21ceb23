"""Tickets and rounds of what is due, in a real database: once, however often and from whatever state one looks."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from backbone.database.database import Database
from backbone.database.notifications import open_escalations
from backbone.database.outbox import events_since
from backbone.database.site_versions import record
from backbone.database.tickets import list_tickets
from backbone.database.upkeep import list_rounds, load_deadlines, load_usage
from community.escalations import OPEN, acknowledge
from community.people import Role
from community.quality import Quality
from community.site.duty import Notifications
from community.site.model import Person, SiteFile, Zone
from community.site.site import Site
from community.text import Text
from rules.detect.model import Batch
from rules.meters import Meters
from rules.respond.upkeep import Upkeep
from rules.writer import Writer
from tests.unit.databases import new_database
from tests.unit.rules.sites import make_site
from tests.unit.rules.timeline import Reading, make_batch

MONDAY = 1_767_571_200_000  # 2026-01-05 08:00 in Shanghai
DAY = 86_400_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_database(tmp_path / "anju.db")
    yield database
    database.close()


def site() -> Site:
    plain = make_site({"pump.on": {}}, [])
    rows = {
        "parties": [{"id": "p", "name": {"zh": "物业"}, "kind": "property-company"}],
        "facilities": [{"id": "pump", "name": {"zh": "水泵", "en": "Pump"}, "zone": "z1", "party": "p"}],
        "schedules": [
            {"id": "weekly", "name": {"zh": "周检"}, "facilities": "pump", "every": "FREQ=WEEKLY;BYDAY=MO"},
            {"id": "oil", "name": {"zh": "换油"}, "facilities": "pump", "running": {"point": "pump.on", "every": "1h"}},
        ],
        "checklists": [{"id": "look", "name": {"zh": "看"}, "items": [{"id": "ok", "name": {"zh": "完好"}}]}],
        "routes": [
            {
                "id": "patrol",
                "name": {"zh": "巡查"},
                "every": "FREQ=DAILY",
                "at": "09:00",
                "stops": [{"facility": "pump", "checklist": "look"}],
            }
        ],
    }
    file = SiteFile.model_validate({**plain.file.model_dump(by_alias=True, exclude_none=True), **rows})
    return Site(**{**vars(plain), "file": file})


async def look(database: Database, *times: int) -> None:
    """A process that looks at these times, and ends."""
    clock = iter(times)
    now = [0]
    async with Writer(database, asyncio.Event()) as writer:
        upkeep = Upkeep(site(), database, writer, lambda: now[0])
        for now[0] in clock:
            await upkeep.look()


async def test_each_occurrence_makes_one_ticket_over_restarts_and_jumps(database: Database) -> None:
    await look(database, MONDAY - 3 * DAY)
    await look(database, MONDAY + 1, MONDAY + 2)
    await look(database, MONDAY - DAY, MONDAY + 60_000)
    await look(database, MONDAY + 15 * DAY)
    with database.read() as c:
        tickets = [t for t in list_tickets(c, "test") if t.source.startswith("schedule:")]
        told = [event.object_id for event in events_since(c, "test", 0, 100) if event.kind == "ticket"]
        (fire_drill,) = [t for t in list_tickets(c, "test") if not t.source.startswith("schedule:")]
    assert [ticket.source for ticket in reversed(tickets)] == [
        f"schedule:weekly:pump:2026-01-{day}" for day in ("05", "12", "19")
    ]
    assert [any(n.change == "planned-late" for n in t.history) for t in reversed(tickets)] == [False, True, True]
    assert fire_drill.source == "drill-due:fire:first", "what is due by a date is opened the same way, once"
    assert sorted(told) == sorted(ticket.id for ticket in (*tickets, fire_drill))
    first = tickets[-1]
    assert (first.facility, first.party, first.complete_by) == ("pump", "p", MONDAY + 7 * DAY)


async def test_a_round_is_planned_with_its_deadline(database: Database) -> None:
    await look(database, MONDAY, MONDAY + 2 * 3_600_000, MONDAY + 3 * 3_600_000)
    with database.read() as c:
        (found,) = list_rounds(c, "test")
        assert load_deadlines(c, "test")["route:patrol"].next_at == MONDAY + DAY + 3_600_000
    assert (found.planned_at, found.due_by, found.late) == (MONDAY + 3_600_000, MONDAY + DAY + 3_600_000, False)
    assert found.overdue(MONDAY + 2 * DAY)


async def test_hours_of_running_come_from_readings_and_survive(database: Database) -> None:
    def readings(begin: int, minutes: int, x: float, q: int = 0) -> Batch:
        return make_batch(site(), [Reading("pump.on", begin + n * 60_000, x, q) for n in range(minutes)])

    meters = Meters(site())
    await look(database, MONDAY - DAY)
    meters.take(readings(MONDAY - DAY, 41, 1.0))
    with database.begin() as c:
        meters.part().store(c)
    meters = Meters(site())  # after a restart
    with database.read() as c:
        meters.load(c)
    meters.take(readings(MONDAY - DAY, 41, 1.0))  # sent again
    meters.take(readings(MONDAY - DAY + 41 * 60_000, 21, 1.0))
    meters.take(readings(MONDAY - DAY + 62 * 60_000, 5, 0.0))
    meters.take(readings(MONDAY - DAY + 70 * 60_000, 5, 1.0, int(Quality.COMMUNICATION_FAILURE)))
    with database.begin() as c:
        meters.part().store(c)
        assert load_usage(c, "test")["pump.on"].running_ms == 62 * 60_000
    await look(database, MONDAY - DAY + 80 * 60_000, MONDAY - DAY + 81 * 60_000)
    with database.read() as c:
        (ticket,) = [t for t in list_tickets(c, "test") if t.source.startswith("schedule:oil")]
    assert ticket.source == "schedule:oil:pump:1"


async def test_a_report_is_told_once_to_each_over_restarts_and_never_of_a_time_before(database: Database) -> None:
    rows = [{"every": "month", "to": ["manager", "supervisor"]}, {"every": "year", "to": ["manager"]}]
    plain = site()
    told_to = plain.file.model_copy(update={"notifications": Notifications.model_validate({"reports": rows})})
    watched = Site(**{**vars(plain), "file": told_to})
    first_of_february = MONDAY + 27 * DAY  # 08:00 in Shanghai

    async def looked(*times: int) -> list[tuple[str, str | None]]:
        now = [0]
        async with Writer(database, asyncio.Event()) as writer:
            upkeep = Upkeep(watched, database, writer, lambda: now[0])
            for now[0] in times:
                await upkeep.look()
        with database.read() as c:
            return sorted((e.cause, e.step) for e in open_escalations(c, "test", OPEN, 100) if e.kind == "report")

    assert await looked(first_of_february) == [], "nothing is on record of January"
    with database.begin() as c:
        record(c, "test", "d", "text", MONDAY)
    assert await looked(first_of_february - 1) == [], "of the year before nothing is on record, and January is not over"
    both = [("2026-01", "manager"), ("2026-01", "supervisor")]
    assert await looked(first_of_february, first_of_february + 15_000) == both
    assert await looked(first_of_february + DAY) == both, "after a restart nobody is told again"
    with database.read() as c:
        one = next(e for e in open_escalations(c, "test", OPEN, 100) if e.kind == "report")
    assert one.facts.page == "/evaluation?period=2026-01"
    assert acknowledge(one, "zhang-min", first_of_february) is one, "one who has read it ends nothing for others"


async def test_a_change_of_staff_asks_for_a_review_once(database: Database) -> None:
    """Not at the first look, not at a restart, not for a change of a rule; for people and places, together and once."""
    plain = site()

    def changed(**parts: object) -> Site:
        return Site(**{**vars(plain), "file": plain.file.model_copy(update=parts)})

    person = Person(id="new", name="新", roles=(Role.CREW,))
    zone = Zone(id="new", name=Text(zh="新楼"), kind="building")
    sites = [plain, plain, changed(rules=()), changed(people=(person,), zones=(*plain.file.zones, zone))]
    clock = iter(range(MONDAY - 3 * DAY, MONDAY, 60_000))
    for one in (*sites, sites[-1]):
        async with Writer(database, asyncio.Event()) as writer:
            upkeep = Upkeep(one, database, writer, lambda: next(clock))
            await upkeep.look()
            await upkeep.look()
    with database.read() as c:
        (review,) = [t for t in list_tickets(c, "test") if t.source.startswith("change-review:")]
    assert (review.title_zh, review.title_en) == (
        "变动复审：人员、区域有变动", "Review after a change: people, places"
    )  # fmt: skip
    assert abs(review.complete_by - review.reported_at - 14 * DAY) < 3_600_000
