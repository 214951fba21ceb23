"""From an alarm's reading to its first message at the receiver, five hundred times, one alarm after another.

Run `python -m benchmarks.first_told`. The rules service runs in this process over an embedded broker and SQLite; the
phone of the one on duty is an HTTP server on the same machine, reached by Apprise's JSON plugin. Each alarm is high, at
a detector of its own, and joins the emergency plan of its building.
"""

import asyncio
import json
import tempfile
import time
from pathlib import Path

from benchmarks.alarm_storm import SAID, phones, rules_service, write_site
from benchmarks.figures import Figure, latency
from community.site.profile import Lane
from tests.receivers import Receiver, receiver
from tests.rules_rig import open_database
from tests.servers import embedded_broker
from tests.waiting import until

N = 500
AIMS = {50: 300.0, 99: 1000.0}


async def first_told(folder: Path, n: int) -> list[float]:
    """Seconds from just before the reading is sent until the message has arrived, for each of `n` detectors."""
    site, database = write_site(folder, n, f"risk: high, plan: fire, {SAID}"), open_database(folder)
    took = []
    with receiver() as hook, phones(hook), embedded_broker(folder / "broker") as broker:
        async with rules_service(broker.url, site, database) as gateway:
            gateway.say_online(True)
            gateway.send(*((f"smoke-{i}.smoke", 0.0) for i in range(n)))
            for i in range(n):
                before, began = _told(hook), time.monotonic()
                gateway.send((f"smoke-{i}.smoke", 1.0), lane=Lane.URGENT)
                await until(lambda before=before: _told(hook) > before, "the message")  # type: ignore[misc]
                took.append(time.monotonic() - began)
    database.close()
    return took


def _told(hook: Receiver) -> int:
    """Messages to the one on duty; the manager hears of the plan."""
    return sum(path.endswith("chen-gang") for path, _ in list(hook.got))


def figures() -> list[Figure]:
    """Both percentiles."""
    with tempfile.TemporaryDirectory() as folder:
        took = asyncio.run(first_told(Path(folder), N))
    return latency("told.first", took, AIMS, receiver="HTTP on the same machine", max_ms=round(max(took) * 1000))


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
