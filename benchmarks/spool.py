"""The gateway's spool: what a week of outage takes, how fast it drains, and what urgent readings wait meanwhile.

Run `python -m benchmarks.spool`. The week is written in frames as compaction leaves them, beside
a sample that went through it. Then the program, `anju gateway` with 500 devices, starts with a day of backlog, on a
real Mosquitto, and sends it to a consumer while a detector reports; last a load process offers it `BULK_RATE` messages
a second.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
from msgspec.structs import replace

from backbone.bus import Bus
from backbone.frames import Frame, encode_compact
from backbone.steady import wall_ms
from backbone.stream import Stream
from benchmarks.figures import Figure, latency
from community.site.profile import Lane
from gateway.compaction import SETTLED_MS, packed
from gateway.flow import NO_END
from gateway.spool import Spool
from gateway.spool_file import Row
from tests.gateway_rig import Operator, gateway_program
from tests.gateway_site import GATEWAY, mqtt_device, site_text
from tests.servers import ROOT, Broker, Process, mosquitto
from tests.waiting import until

RATE = 50
"""Readings/s of the outage."""
DAY_S = 86_400
DEVICES = 500
SAMPLE = 40_000
A_MESSAGE = 2
MEASURES = ("temperature", "humidity")
MERGED = 600
WEEK_AIM_MB, DRAIN_AIM, RSS_AIM_MB = 1_000, 20_000, 80
WHILE_DRAINING_AIM_MS, UNDER_BULK_AIM_MS = 200, 30
URGENT_EVERY_S = 0.02
BULK_RATE = 15_000
"""Messages/s that fill the bulk lane, or as many as the machine takes."""
BULK_S = 15.0
IN_FLIGHT = 2_000
SETTLED = 100
"""Urgent readings until what the backlog left behind is gone."""
SMOKE = "zigbee2mqtt/smoke"

LOAD = """
import asyncio, sys
from benchmarks.spool import load
asyncio.run(load(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
"""


def bench_site() -> str:
    """The file of a site with 500 devices of one gateway."""
    climates = [mqtt_device(f"climate-{i}", "zigbee2mqtt-climate", topic(i)) for i in range(DEVICES - 1)]
    return site_text([*climates, mqtt_device("smoke", "zigbee2mqtt-smoke", SMOKE)])


def topic(device: int) -> str:
    """Where a climate sensor speaks."""
    return f"zigbee2mqtt/climate-{device % (DEVICES - 1)}"


def frame_of(seq: int, readings: int, t: int) -> Frame:
    """A frame of messages from one device after another, from the time `t` on."""
    number = np.arange(readings) + (seq - 1) * readings
    device = number // A_MESSAGE % (DEVICES - 1)
    measure = number % A_MESSAGE
    names, p = np.unique(device * A_MESSAGE + measure, return_inverse=True)
    points = tuple(f"climate-{name // A_MESSAGE}.{MEASURES[name % A_MESSAGE]}" for name in names.tolist())
    noise = np.random.default_rng(seq).normal(0, 0.3, readings)
    x = np.round(np.where(measure == 0, 20, 45) + device % 10 / 2 + 3 * np.sin(number / 1e6) + noise, 1)
    at = t + (number - number[0]) // A_MESSAGE * A_MESSAGE * 1000 // RATE
    q = np.zeros(readings, np.uint8)
    return Frame(1, seq, t, points, p.astype(np.uint32), at.astype(np.int64), x, q, prev=seq - 1)


def fill(folder: Path, readings: int, a_frame: int, now: int) -> Spool:
    """A spool with so many readings of the 500 devices, `RATE` a second up to `now`; packed if they are merged ones."""
    spool = Spool.open(folder, max_bytes=2_000_000_000, max_age_ms=30 * DAY_S * 1000, now=now)
    rows = []
    for seq in range(1, readings // a_frame + 1):
        t = now - (readings - (seq - 1) * a_frame) * 1000 // RATE
        body = encode_compact(replace(frame_of(seq, a_frame, t), epoch=spool.epoch))
        if a_frame > A_MESSAGE:
            body = packed(body)
        rows.append(Row(Lane.BULK, seq, seq - 1, spool.epoch, t, a_frame, len(body), body))
        if len(rows) == 1_000 or seq == readings // a_frame:
            with spool.file.transaction():
                spool.file.insert(rows)
            spool.file.bound_log()
            rows.clear()
    spool.close(now)
    return Spool.open(folder, max_bytes=2_000_000_000, max_age_ms=30 * DAY_S * 1000, now=now)


def on_disk(folder: Path) -> int:
    """Bytes of all its files."""
    return sum(path.stat().st_size for path in folder.iterdir())


def week(folder: Path) -> Iterator[Figure]:
    """What seven days take, and what compaction makes of single messages."""
    now = wall_ms()
    spool = fill(folder / "sample", SAMPLE, A_MESSAGE, now)
    before, began = spool.size, time.perf_counter()
    while spool.compact([(0, NO_END)], now + 2 * SETTLED_MS):
        pass
    took_s = time.perf_counter() - began
    after, frames = spool.size / SAMPLE, spool.frames
    spool.close(now)
    more = {"before": round(before / SAMPLE, 1), "readings_a_frame": SAMPLE // frames, "seconds": round(took_s, 2)}
    yield Figure("spool.compacted_bytes_a_reading", after, "B", SAMPLE, lower=True, more=more)
    readings = 7 * DAY_S * RATE
    spool = fill(folder / "week", readings, MERGED, now)
    frames = spool.frames
    spool.close(now)
    megabytes = on_disk(folder / "week") / 1e6
    yield Figure("spool.week_mb", megabytes, "MB", readings, WEEK_AIM_MB, lower=True, more={"frames": frames})


class Counting:
    """A consumer that commits and counts; urgent readings end a measurement."""

    def __init__(self) -> None:
        self.bulk = 0
        self.raised_at: deque[float] = deque()
        self.took_s: list[float] = []

    @asynccontextmanager
    async def running(self, port: int) -> AsyncIterator[None]:
        """Consume beside the benchmark."""
        task = asyncio.create_task(self._run(port))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self, port: int) -> None:
        async with Bus(f"mqtt://127.0.0.1:{port}", "rules") as bus:
            stream = Stream(bus, "test", [GATEWAY], "rules", {}, now=wall_ms, refuse=print)
            stream.start()
            while True:
                for delivery in await stream.batch(max_readings=20_000, max_wait_s=0.02):
                    if delivery.lane is Lane.BULK:
                        self.bulk += delivery.frame.t.size
                    elif "smoke.smoke" in delivery.frame.points and self.raised_at:
                        self.took_s.append(time.perf_counter() - self.raised_at.popleft())
                stream.commit(stream.positions)

    async def report(self, operator: Operator) -> None:
        """A detector speaks again and again, until cancelled."""
        smoke = False
        while True:
            smoke = not smoke
            self.raised_at.append(time.perf_counter())
            operator.publish(SMOKE, {"smoke": smoke})
            await asyncio.sleep(URGENT_EVERY_S)

    def measured(self) -> list[float]:
        """What was measured since the last call (s)."""
        took, self.took_s = self.took_s, []
        return took


async def drain(broker: Broker, folder: Path) -> list[Figure]:
    """A day of backlog, then bulk as fast as the aim, with a detector beside both."""
    readings = DAY_S * RATE
    more = {"ANJU_CONSUMERS": "rules", "ANJU_STATUS_S": "1", "ANJU_SPOOL_BYTES": "2000000000"}
    child = gateway_program(broker.url, folder, bench_site(), **more)
    fill(folder / "data" / "gateway" / GATEWAY, readings, MERGED, wall_ms()).close(wall_ms())
    counting = Counting()
    async with Operator.connected(broker.port) as operator:
        await asyncio.to_thread(child.start)
        try:
            await operator.online()
            async with counting.running(broker.port):
                reporting = asyncio.create_task(counting.report(operator))
                await until(lambda: counting.bulk > 0, "the backlog to move", timeout_s=60)
                began, first = time.perf_counter(), counting.bulk
                await until(lambda: counting.bulk >= readings, "the backlog to end", timeout_s=300)
                rate = (counting.bulk - first) / (time.perf_counter() - began)
                figures = [Figure("spool.drain_readings_per_s", rate, "readings/s", readings, DRAIN_AIM)]
                figures += latency(
                    "spool.urgent_while_draining", counting.measured(), {50: None, 99: WHILE_DRAINING_AIM_MS}
                )
                await until(
                    lambda: not counting.raised_at or len(counting.took_s) > SETTLED, "the last of it", timeout_s=60
                )
                counting.measured()
                taken_per_s = await bulk(broker, operator, folder)
                figures += latency(
                    "spool.urgent_under_bulk",
                    counting.measured(),
                    {50: None, 99: UNDER_BULK_AIM_MS},
                    offered_per_s=BULK_RATE,
                    taken_per_s=round(taken_per_s),
                )
                reporting.cancel()
                rss = psutil.Process(child.pid).memory_info().rss / 1e6
                figures.append(Figure("gateway.rss_mb", rss, "MB", DEVICES, RSS_AIM_MB, lower=True))
        finally:
            child.stop()
    return figures


async def bulk(broker: Broker, operator: Operator, folder: Path) -> float:
    """Messages/s the gateway took of the load."""
    command = [sys.executable, "-c", LOAD, str(broker.port), str(BULK_RATE), str(BULK_S)]
    sensors = Process("sensors", command, folder, env={"PYTHONPATH": str(ROOT)})
    await _next_status(operator)
    before, began = operator.status["counters"]["messages"], time.perf_counter()
    await asyncio.to_thread(sensors.start)
    try:
        await until(lambda: not sensors.running, "the end of the load", timeout_s=4 * BULK_S)
    finally:
        sensors.stop()
    await _next_status(operator)
    return float(operator.status["counters"]["messages"] - before) / (time.perf_counter() - began)


async def _next_status(operator: Operator) -> None:
    last = operator.status
    await until(lambda: operator.status is not last, "the next status", timeout_s=30)


async def load(port: int, rate: int, seconds: float) -> None:
    """Sensors speak at `rate` messages/s for a while, or as fast as the broker answers: the load's own process."""
    bodies = [json.dumps({"temperature": n % 400 / 10, "humidity": n % 100}).encode() for n in range(1_000)]
    async with Bus(f"mqtt://127.0.0.1:{port}", "sensors") as bus:
        await until(lambda: bus.connected, "the broker")
        began, sent = time.perf_counter(), 0
        while (passed := time.perf_counter() - began) < seconds:
            while sent < passed * rate and bus.unacknowledged < IN_FLIGHT:
                bus.publish(topic(sent), bodies[sent % len(bodies)])
                sent += 1
            await asyncio.sleep(0.002)
        await until(lambda: not bus.unacknowledged, "the last answers")
        print(sent)


def figures() -> Iterator[Figure]:
    """All of it."""
    with tempfile.TemporaryDirectory() as folder:
        yield from week(Path(folder))
    with tempfile.TemporaryDirectory() as folder, mosquitto(Path(folder) / "broker") as broker:
        yield from asyncio.run(drain(broker, Path(folder)))


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
