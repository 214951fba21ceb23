"""kill -9 of the planner of upkeep: what has come due makes one ticket or round each, none twice, and all are told."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

from backbone.database.database import Database
from backbone.database.outbox import events_since
from backbone.database.tickets import list_tickets
from backbone.database.upkeep import list_rounds, load_deadlines, save_deadlines
from community.site.site import Site
from community.upkeep import Deadline, Planner
from tests.rules_rig import demo_site, edge, now_ms, open_database
from tests.servers import ROOT, Broker, Process, wait_until

DAY = 86_400_000


def long_ago(site: Site, database: Database, now: int) -> set[str]:
    """The platform was last up 40 days ago; what has come due since."""
    planner = Planner(site.file)
    first, _ = planner.plan({}, {}, now - 40 * DAY)
    before: dict[str, Deadline] = {deadline.id: deadline for deadline in first}
    with database.begin() as c:
        save_deadlines(c, site.id, load_deadlines(c, site.id), before)
    _, due = planner.plan(before, {}, now)
    return {one.source if one.route is None else f"{one.route}@{one.at}" for one in due}


async def test_killed_while_it_makes_tickets_it_loses_and_doubles_none(embedded_broker: Broker, tmp_path: Path) -> None:
    site, database, began = demo_site(), open_database(tmp_path), now_ms()
    due = long_ago(site, database, began)
    assert len(due) > 50
    environment = {
        "ANJU_SITE": str(ROOT / "sites" / "jinxiu.yaml"),
        "ANJU_DATA_DIR": str(tmp_path),
        "ANJU_MQTT_URL": embedded_broker.url,
        "PYTHONPATH": str(ROOT),
    }
    process = Process("rules", [sys.executable, "-m", "anju", "rules"], tmp_path, env=environment)

    def made() -> Counter[str]:
        with database.read() as c:
            sources = [ticket.source for ticket in list_tickets(c, site.id, limit=10_000)]
            rounds = [f"{r.route}@{r.planned_at}" for r in list_rounds(c, site.id, limit=10_000)]
        return Counter([*(source for source in sources if source.startswith("schedule:")), *rounds])

    def caught_up() -> bool:
        with database.read() as c:
            return all((d.next_at or began) >= began for d in load_deadlines(c, site.id).values())

    async with edge(embedded_broker.url, site, "gw-east") as told:
        process.start()
        await asyncio.to_thread(wait_until, made, 60, "the first tickets")
        process.kill()
        long_ago(site, database, began)  # as if it had died before it had stored how far it is
        process.start()
        await asyncio.to_thread(wait_until, caught_up, 60, "it to catch up")
        process.kill()
        process.start()

        def all_told() -> bool:
            tickets = {body["source"] for body in told.of("ticket", "reported")}
            return due <= tickets | {f"{r['route']}@{r['planned_at']}" for r in told.of("inspection", "planned")}

        await asyncio.to_thread(wait_until, all_told, 60, "every ticket and round told")
        await asyncio.to_thread(process.stop)
    assert made() == Counter(due)
    with database.read() as c:
        events = [e for e in events_since(c, site.id, 0, 10_000) if e.change in {"reported", "planned"}]
    assert set(Counter(event.object_id for event in events).values()) == {1}
    database.close()
