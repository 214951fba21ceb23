"""kill -9 of the rules process in the middle of alarms: none is lost, none is doubled, nothing is commanded twice."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

from backbone.database.activations import list_activations
from backbone.database.alarms import list_alarms
from backbone.database.outbox import events_since
from backbone.database.tickets import list_tickets
from community.activations import StepState
from tests.rules_rig import demo_site, edge, now_ms, open_database
from tests.servers import ROOT, Broker, Process
from tests.waiting import until


async def test_no_alarm_lost_or_doubled(embedded_broker: Broker, tmp_path: Path) -> None:
    site = demo_site()
    database = open_database(tmp_path)
    smoke = [p for p in site.points.values() if p.measure == "smoke" and p.gateway == "gw-east"]
    command = [sys.executable, "-m", "anju", "rules"]
    environment = {
        "ANJU_SITE": str(ROOT / "sites" / "jinxiu.yaml"),
        "ANJU_DATA_DIR": str(tmp_path),
        "ANJU_MQTT_URL": embedded_broker.url,
        "ANJU_DATABASE_URL": f"sqlite:///{tmp_path / 'anju.db'}",
        "PYTHONPATH": str(ROOT),
    }
    process = Process("rules", command, tmp_path, env=environment)

    def raised() -> int:
        with database.read() as c:
            return len(list_alarms(c, site.id, limit=1000))

    expected: set[str] = set()
    async with edge(embedded_broker.url, site, "gw-east") as east:
        process.start()
        for place, point in enumerate(smoke):
            at = now_ms()
            east.send((point.id, 1.0), at=at)
            expected.add(f"{site.id}:smoke:{point.id}:{at}")
            if place % 3 == 0:
                # now and then before it was judged, in the transaction, before it was told
                before = raised()
                if place % 2:
                    await until(lambda before=before: raised() > before, "an alarm")  # type: ignore[misc]
                process.kill()
                process.start()
        await until(lambda: east.all_committed, "everything committed")
        zones = Counter(p.zone for p in smoke)
        pairs = [zone for zone, count in zones.items() if count >= 2]
        await until(lambda: len(east.of("plan", "activated")) >= len({z[:2] for z in pairs}), "the plans")
        await until(lambda: {b["id"] for b in east.of("alarm", "raised")} >= expected, "every alarm told")

        def released() -> bool:
            with database.read() as c:
                steps = [s for a in list_activations(c, site.id) for s in a.steps if s.id == "release"]
            return all(s.state is StepState.DONE for s in steps)

        await until(released, "the doors")
        await asyncio.to_thread(process.stop)

    with database.read() as c:
        alarms = list_alarms(c, site.id, limit=1000)
        tickets = [t for t in list_tickets(c, site.id, limit=1000) if t.source.startswith("rule:")]
        events = events_since(c, site.id, 0, 10_000)
        activations = list_activations(c, site.id)
    assert {a.id for a in alarms if a.rule == "smoke"} == expected
    assert sorted(a.scope for a in alarms if a.rule == "fire-confirmed") == sorted(pairs)
    assert len(tickets) == len(expected)
    told = Counter(e.object_id for e in events if e.kind == "alarm" and e.change == "raised")
    assert set(told.values()) == {1}
    assert len({(a.plan, site.building_of(a.zone)) for a in activations}) == len(activations)
    assert max(east.executed.values()) == 1
    database.close()
