"""The end of an outage: ten million readings come at once, and detectors go on raising alarms meanwhile.

Run `python -m benchmarks.stream_backlog`. As in `benchmarks.stream`, but the five gateways have a backlog of 10,000
frames each, and a sixth sends frames of its urgent lane: each of 500 detectors reports smoke once. Timed is from just
before such a frame is published to when an outside client has the alarm's event.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from backbone import topics
from backbone.bus import Bus
from backbone.frames import Frame, encode_compact
from benchmarks.figures import Figure, latency
from benchmarks.stream import Committed, services
from benchmarks.stream_load import CONSUMERS
from benchmarks.stream_site import GATEWAYS, POINTS_A_GATEWAY, SITE, URGENT_GATEWAY, site_file
from community.site.profile import Lane
from tests.servers import ROOT, Process
from tests.waiting import until

FRAMES = 10_000
"""Of each gateway: all have ten million readings."""
AIM = 800_000
ALARM_AIMS = {50: None, 99: 50.0}
DETECTORS = 500
EVERY_S = 0.02
GIVE_UP_S = 120.0


class Detectors:
    """The sixth gateway: each frame has one detector's smoke."""

    def __init__(self, bus: Bus, watch: Bus) -> None:
        self._bus = bus
        self._epoch = time.time_ns() // 1_000_000_000
        self._sent_at: dict[str, float] = {}
        self.took_s: list[float] = []
        watch.subscribe(topics.event(SITE, "alarm"), self._on_alarm)

    async def report(self) -> None:
        """One after the other, until cancelled or through."""
        for number in range(DETECTORS):
            point, now = f"smoke-{number}.smoke", time.time_ns() // 1_000_000
            frame = Frame(
                epoch=self._epoch,
                seq=number + 1,
                sent=now,
                points=(point,),
                p=np.zeros(1, np.uint32),
                t=np.array([now]),
                x=np.ones(1),
                q=np.zeros(1, np.uint8),
            )
            self._sent_at[point] = time.perf_counter()
            self._bus.publish(topics.frames(SITE, URGENT_GATEWAY, Lane.URGENT), encode_compact(frame))
            await asyncio.sleep(EVERY_S)

    @property
    def missing(self) -> int:
        """Alarms that were not heard of."""
        return len(self._sent_at)

    def _on_alarm(self, _topic: str, payload: bytes) -> None:
        arrived, event = time.perf_counter(), json.loads(payload)
        for point in event["points"]:
            if event["change"] == "raised" and (sent := self._sent_at.pop(point, None)) is not None:
                self.took_s.append(arrived - sent)


async def measure(url: str, load: Process) -> list[Figure]:
    """From the first commit until both consumers have everything."""
    async with Bus(url, "bench-watch") as watch, Bus(url, "bench-urgent") as bus:
        committed, detectors = Committed(watch), Detectors(bus, watch)
        await until(committed.all_there, "both consumers", timeout_s=30)
        await asyncio.to_thread(load.start)
        await until(committed.all_move, "the first commits", timeout_s=30)
        begin, first = time.perf_counter(), {c: committed.frames(c) for c in CONSUMERS}
        reporting = asyncio.create_task(detectors.report(), name="detectors")
        await until(
            lambda: all(committed.frames(c) >= GATEWAYS * FRAMES for c in CONSUMERS), "the end", timeout_s=GIVE_UP_S
        )
        took = time.perf_counter() - begin
        reporting.cancel()
        await asyncio.sleep(1)
        drained = (GATEWAYS * FRAMES - min(first.values())) * POINTS_A_GATEWAY
        more = {"seconds": round(took, 1), "alarms": len(detectors.took_s), "alarms_missing": detectors.missing}
        return [
            Figure("backlog.readings_per_s", drained / took, "readings/s", drained, AIM, more=more),
            *latency("backlog.alarm", detectors.took_s, ALARM_AIMS, max_ms=round(max(detectors.took_s) * 1000, 1)),
        ]


def figures() -> Iterator[Figure]:
    """How fast it is drained, and how long an alarm takes meanwhile."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with services(folder, "ingest", site=site_file(DETECTORS)) as (url, _):
            command = [sys.executable, "-m", "benchmarks.stream_load", url, "compact", "--backlog", str(FRAMES)]
            load = Process("load", command, folder, env={"PYTHONPATH": str(ROOT)})
            try:
                yield from asyncio.run(measure(url, load))
            finally:
                load.stop()


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
