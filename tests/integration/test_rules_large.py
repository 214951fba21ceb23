"""A hundred thousand points: alarms are told while the whole of their state is being written."""

import asyncio
import contextlib
from collections import defaultdict
from pathlib import Path

import msgspec
import numpy as np

from backbone.database.checkpoints import checkpoint_names, load_checkpoint
from community.site.profile import Lane
from rules.kept_state import Head
from rules.settings import RulesSettings
from tests.rules_rig import edge, judging, open_database
from tests.servers import Broker
from tests.unit.rules.sites import make_site
from tests.waiting import until

DEVICES, MEASURES = 1_000, 100
FRAME = 10_000
RULES = [
    {"id": "hot", "select": {"family": "environment"}, "when": {"above": 50}, "risk": "high"},
    {"id": "warm", "select": {"family": "environment"}, "when": {"mean": {"over": "10m", "above": 40}}},
    {"id": "still", "select": {"family": "environment"}, "when": {"stuck": {"for": "1h"}}},
]


async def test_alarms_are_told_while_the_whole_state_is_written(embedded_broker: Broker, tmp_path: Path) -> None:
    site = make_site({f"d-{d}.m-{m}": {} for d in range(DEVICES) for m in range(MEASURES)}, RULES)
    database = open_database(tmp_path)
    points, noise = list(site.points), np.random.default_rng(1).normal(20, 5, len(site.points))
    told_beside: defaultdict[int, set[int]] = defaultdict(set)
    """By whole state that was being written: how many alarms had been told."""

    def unfinished() -> set[int]:
        with database.read() as c:
            names = checkpoint_names(c, f"rules:{site.id}:whole:")
            head = load_checkpoint(c, f"rules:{site.id}:head")
        wholes = {int(name.split(":")[3]) for name in names}
        return {whole for whole in wholes if head and whole > msgspec.msgpack.decode(head, type=Head).whole}

    settings = RulesSettings(mqtt_url=embedded_broker.url, gateway_change_after_s=60)
    async with edge(embedded_broker.url, site, "gw") as gateway, judging(settings, site, database):
        for at in range(0, len(points), FRAME):
            gateway.send(*zip(points[at : at + FRAME], noise[at : at + FRAME].tolist(), strict=True), lane=Lane.BULK)
        await until(lambda: gateway.all_committed, "a reading of every point")
        hot = iter(points)

        async def burn() -> None:
            while True:
                gateway.send((next(hot), 90.0))
                await asyncio.sleep(0.01)

        burning = asyncio.create_task(burn())

        def beside() -> bool:
            for whole in unfinished():
                told_beside[whole].add(len(gateway.of("alarm", "raised")))
            return any(len(told) > 1 for told in told_beside.values())

        try:
            await until(beside, "two alarms while one whole state is written")
        finally:
            burning.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await burning
    database.close()
