"""A hundred thousand points: alarms are told while the whole of their state is being written."""

import asyncio
import contextlib
from pathlib import Path

import numpy as np
from sqlalchemy import text

from community.site.profile import Lane
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

    def kept() -> list[tuple[str, str]]:
        """Pieces of whole states ("whole", number) and what was told since ("told", number), as they were written."""
        with database.read() as c:
            names = c.execute(text("SELECT name FROM checkpoints ORDER BY rowid")).scalars()
            parts = [name.removeprefix(f"rules:{site.id}:").split(":") for name in names]
        return [(part[0], part[1]) for part in parts if part[0] in {"whole", "told"}]

    def is_told_between(whole: tuple[str, str]) -> bool:
        rows = kept()
        if whole not in rows:
            return False  # a later one is in force
        first, last = rows.index(whole), len(rows) - rows[::-1].index(whole)
        return any(kind == "told" for kind, _ in rows[first:last])

    settings = RulesSettings(mqtt_url=embedded_broker.url, gateway_change_after_s=60)
    async with edge(embedded_broker.url, site, "gw") as gateway, judging(settings, site, database):
        for at in range(0, len(points), FRAME):
            gateway.send(*zip(points[at : at + FRAME], noise[at : at + FRAME].tolist(), strict=True), lane=Lane.BULK)
        await until(lambda: gateway.all_committed, "a reading of every point")
        hot, earlier = iter(points), set(kept())

        async def burn() -> None:
            while True:
                gateway.send((next(hot), 90.0))
                await asyncio.sleep(0.01)

        burning = asyncio.create_task(burn())

        try:
            await until(
                lambda: any(is_told_between(row) for row in set(kept()) - earlier if row[0] == "whole"),
                "what raises alarms to be kept between the pieces of a whole state",
            )
            await until(lambda: gateway.of("alarm", "raised"), "people to hear of them")
        finally:
            burning.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await burning
    database.close()
