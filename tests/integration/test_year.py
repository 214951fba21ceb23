"""A year of the calendar in seconds: each schedule, round, drill, revision, training, review and renewal on its day.

What is expected is worked out here from the site file's text with dateutil and by hand; clocks are moved by the rules
in force in 2027, written down below, not by any time zone database.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from dateutil.rrule import rrulestr

from backbone.database.database import Database
from backbone.database.drills import list_drills, save_drill
from backbone.database.tickets import list_tickets
from backbone.database.upkeep import list_rounds
from backbone.site_files import profiles_of
from community.drills import Drill, DrillState
from community.reminders import drill_dates
from community.site.load import load_site
from community.site.site import Site
from rules.respond.upkeep import Upkeep
from rules.writer import Writer
from tests.servers import ROOT
from tests.unit.community.test_drills import DRILL
from tests.unit.databases import new_database

DAY_MS = 86_400_000
UNITS_MS = {"h": 3_600_000, "d": DAY_MS}
FILES = {"jinxiu": ROOT / "sites/jinxiu.yaml", "berlin": ROOT / "tests/data/site/berlin.yaml"}
wall = datetime.fromisoformat
"""Times on the wall have no zone."""
SUMMER = {"Europe/Berlin": (wall("2027-03-28T02:00"), wall("2027-10-31T03:00"))}
"""On the wall, from the moment 02:00 becomes 03:00 to the moment 03:00 becomes 02:00 (EU directive 2000/84/EC)."""
WINTER_H = {"Europe/Berlin": 1, "Asia/Shanghai": 8}
REMINDED = {
    # from the dates in the files: revisions and reviews 30 days ahead, renewals 180, drills and trainings as they say
    "jinxiu": {
        "plan-revision:public-health:2027-02-01": "2027-01-02",
        "plan-revision:accident:2027-03-01": "2027-01-30",
        "plan-revision:flood:2027-05-20": "2027-04-20",
        "plan-revision:fire:2027-09-01": "2027-08-02",
        "risk-review:corridor-fire:2027-01-15": "2027-01-01",
        "risk-review:garage-fire:2027-01-15": "2027-01-01",
        "risk-review:bin-fire:2027-01-15": "2027-01-01",
        "risk-review:respiratory-outbreak:2027-02-01": "2027-01-02",
        "risk-review:foul-air:2027-02-01": "2027-01-02",
        "risk-review:lift-entrapment:2027-03-01": "2027-01-30",
        "risk-review:overcurrent:2027-03-01": "2027-01-30",
        "risk-review:garage-flood:2027-05-20": "2027-04-20",
        "drill-due:evacuation:2027-03-12": "2027-02-10",
        "drill-due:natural-disaster:2027-05-12": "2027-04-12",
        "drill-due:fire:2027-06-18": "2027-05-19",
        "drill-due:public-health:2027-11-06": "2027-09-07",
        "training:zhang-min:evacuation:2027-03-12": "2027-02-10",
        "training:liu-yang:evacuation:2027-03-12": "2027-02-10",
        "training:chen-gang:fire-control:2027-06-18": "2027-05-19",
        "training:liu-yang:fire-control:2027-06-18": "2027-05-19",
        "training:zhao-lei:fire-control:2027-06-18": "2027-05-19",
        "document-review:responsibility:2027-01-10": "2027-01-01",
        "document-review:safety-rules:2027-03-01": "2027-01-30",
        "document-review:fire-room:2027-06-18": "2027-05-19",
        "document-review:lift-licences:2027-09-01": "2027-08-02",
        "renewal:fitness-path:2026-05-01": "2027-01-01",
        "renewal:service-centre:2027-10-01": "2027-04-04",
    },
    "berlin": {
        "drill-due:fire:2027-11-15": "2027-10-16",
        "plan-revision:fire:2027-10-31": "2027-10-01",
        "renewal:pump:2027-03-28": "2027-01-01",
        "renewal:lift:2028-02-29": "2027-09-02",
    },
}


def instant(local: datetime, timezone: str) -> int:
    """Unix ms of a time on the wall. One left out counts by the offset before it, of one that is twice the first.

    So says RFC 5545, 3.3.5.
    """
    hours = WINTER_H[timezone]
    if timezone in SUMMER:
        begin, end = SUMMER[timezone]
        hours += begin + timedelta(hours=1) <= local < end
    return round((local - timedelta(hours=hours)).replace(tzinfo=UTC).timestamp() * 1000)


def occurrences(row: dict[str, Any]) -> list[datetime]:
    """The times of a row's rule in the year, on the wall."""
    begins = datetime.combine(row.get("since", SINCE), time.fromisoformat(row.get("at", "08:00")))
    rule = rrulestr(row["every"], dtstart=begins)
    return list(rule.between(wall("2027-01-01T00:00"), wall("2027-12-31T23:59"), inc=True))


def span_ms(text: str) -> int:
    return int(text[:-1]) * UNITS_MS[text[-1]]


def expected(text: str) -> tuple[dict[str, tuple[int, int]], dict[tuple[str, int], int]]:
    """Tickets by source with the time they are opened at and due by; rounds by route and time with their deadline."""
    rows = yaml.safe_load(text)
    zone = rows["site"]["timezone"]
    tickets: dict[str, tuple[int, int]] = {}
    for row in rows["schedules"]:
        if "every" in row:
            some = row["facilities"] if isinstance(row["facilities"], list) else [row["facilities"]]
            for local in occurrences(row):
                at = instant(local, zone)
                within = span_ms(row.get("within", "7d"))
                tickets |= {f"schedule:{row['id']}:{one}:{local.date()}": (at, at + within) for one in some}
    rounds = {}
    for row in rows["routes"]:
        for local in occurrences(row) if "every" in row else []:
            at = instant(local, zone)
            rounds[row["id"], at] = at + span_ms(row.get("within", "7d"))
    return tickets, rounds


SINCE = date(2020, 1, 1)
"""From when a rule without `since` counts."""
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in FILES.items()}
HELD = {"jinxiu": wall("2027-06-10T15:00"), "berlin": wall("2027-11-02T15:00")}
"""The fire drill, after its reminder."""
FIRE_DRILL_DUE = {"jinxiu": date(2027, 6, 18), "berlin": date(2027, 11, 15)}


async def live_through(site: Site, database: Database, moments: list[int]) -> None:
    """A process that looks at each of these moments; every hundred looks it ends and another begins."""
    for start in range(0, len(moments), 100):
        now = [0]
        async with Writer(database, asyncio.Event()) as writer:
            upkeep = Upkeep(site, database, writer, lambda now=now: now[0])  # type: ignore[misc]
            for now[0] in moments[start : start + 100]:
                await upkeep.look()


def looks(text: str) -> list[int]:
    """When somebody looks: at each midnight, and right when something is due and a second before."""
    zone = yaml.safe_load(text)["site"]["timezone"]
    tickets, rounds = expected(text)
    due = {at for at, _ in tickets.values()} | {at for _, at in rounds}
    midnights = {instant(wall("2027-01-01T00:00") + timedelta(days=n), zone) for n in range(366)}
    return sorted(due | midnights | {at - 1_000 for at in due})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_database(tmp_path / "anju.db")
    yield database
    database.close()


@pytest.mark.parametrize("name", ["jinxiu", "berlin"])
async def test_a_year_makes_everything_once_and_on_its_day(name: str, database: Database) -> None:
    site = load_site(TEXTS[name], profiles_of({}))
    zone = site.file.site.timezone
    held = instant(HELD[name], zone)
    moments = looks(TEXTS[name])
    await live_through(site, database, [at for at in moments if at < held])
    with database.begin() as c:
        save_drill(c, replace(DRILL, id="d", site=site.id, kind="fire", state=DrillState.EVALUATED, ended_at=held))
    await live_through(site, database, [at for at in moments if at >= held])

    with database.read() as c:
        tickets, rounds = list_tickets(c, site.id, limit=10_000), list_rounds(c, site.id, limit=10_000)
        drills = list_drills(c, site.id)
    scheduled = [t for t in tickets if t.source.startswith("schedule:")]
    wanted_tickets, wanted_rounds = expected(TEXTS[name])
    assert {t.source: (t.history[0].at, t.complete_by) for t in scheduled} == wanted_tickets
    assert {(one.route, one.planned_at): one.due_by for one in rounds} == wanted_rounds
    assert len(scheduled) == len(wanted_tickets)
    assert len(rounds) == len(wanted_rounds), "each once"
    assert not any(one.late for one in rounds)
    assert not any(entry.change == "planned-late" for t in scheduled for entry in t.history)
    reminded = sorted((t.source, t.history[0].at) for t in tickets if t not in scheduled)
    assert reminded == sorted(
        (source, instant(datetime.fromisoformat(day), zone)) for source, day in REMINDED[name].items()
    )

    def fire_drill(drills: list[Drill], day: date) -> tuple[date, bool]:
        (row,) = [row for row in drill_dates(site.file, drills, day) if row.duty.kind == "fire"]
        return row.due, row.overdue

    due = FIRE_DRILL_DUE[name]
    assert fire_drill([], due) == (due, False)
    assert fire_drill([], due + timedelta(days=1)) == (due, True), "the flag, until it is held"
    assert fire_drill(drills, due + timedelta(days=1)) == (HELD[name].date().replace(year=2028), False)
