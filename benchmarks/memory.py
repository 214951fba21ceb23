"""Memory: of every process of the running demo, and of the embedded broker while gigabytes of frames pass.

Run `python -m benchmarks.memory`. Resident set sizes, so that what processes share counts once for each.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from backbone import topics
from backbone.bus import Bus
from benchmarks.figures import Figure
from community.site.profile import Lane
from tests.program import Program
from tests.servers import Broker, embedded_broker
from tests.waiting import until

SETTLED_S = 30.0
TOTAL_AIM_MB, BROKER_AIM_MB = 700, 200
BROKER_BYTES, BROKER_S = 5_000_000_000, 15.0
"""So much passes the broker, or as much as does in this time."""
FRAME_BYTES = 60_000
SITES = 4
IN_FLIGHT = 40


def demo() -> Iterator[Figure]:
    """The demo with its simulator, half a minute after it was ready."""
    with tempfile.TemporaryDirectory() as folder:
        program = Program(Path(folder))
        try:
            program.start()
            time.sleep(SETTLED_S)
            pids = {"supervisor": program.process.pid, **{n: row["pid"] for n, row in program.services().items()}}
            pids["broker_idle"] = pids.pop("broker")
            found = {_plain(name): psutil.Process(pid).memory_info().rss / 1e6 for name, pid in pids.items()}
            shared = sum(psutil.Process(pid).memory_full_info().pss for pid in pids.values()) / 1e6
        finally:
            program.stop()
    for name, megabytes in found.items():
        yield Figure(f"memory.{name}_mb", megabytes, "MB", 1, lower=True)
    more = {"shared_counted_once_mb": round(shared)}
    yield Figure("memory.total_mb", sum(found.values()), "MB", len(found), TOTAL_AIM_MB, lower=True, more=more)


def _plain(service: str) -> str:
    return service.replace(" ", "_").replace("+", "_")


async def fill(broker: Broker) -> Figure:
    """Frames of several sites to one reader that reads and one that has stopped reading."""
    process = psutil.Process(broker.process.pid)
    read = [0]

    def on_frame(_topic: str, payload: bytes) -> None:
        read[0] += len(payload)

    async with Bus(broker.url, "sender") as bus, Bus(broker.url, "reader") as reader, Bus(broker.url, "stuck") as stuck:
        reader.subscribe(topics.all_frames("+", Lane.BULK), on_frame)
        stuck.subscribe(topics.all_frames("+", Lane.BULK), lambda _topic, _payload: None)
        await until(lambda: bus.connected and reader.connected and stuck.connected, "the broker")
        stuck.pause_reading()
        frame, sent, most, begin = bytes(FRAME_BYTES), 0, 0, time.perf_counter()
        while sent * FRAME_BYTES < BROKER_BYTES and time.perf_counter() - begin < BROKER_S:
            for _ in range(IN_FLIGHT):
                bus.publish(topics.frames(f"site-{sent % SITES}", "gw", Lane.BULK), frame)
                sent += 1
            await until(lambda: bus.unacknowledged < IN_FLIGHT, "the broker to answer")
            most = max(most, process.memory_info().rss)
        gigabytes = sent * FRAME_BYTES / 1e9
        return Figure(
            "memory.broker_mb",
            most / 1e6,
            "MB",
            sent,
            BROKER_AIM_MB,
            lower=True,
            more={"gigabytes_in": round(gigabytes, 2), "gigabytes_read": round(read[0] / 1e9, 2)},
        )


def figures() -> Iterator[Figure]:
    """All of them."""
    yield from demo()
    with tempfile.TemporaryDirectory() as folder, embedded_broker(Path(folder)) as broker:
        yield asyncio.run(fill(broker))


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
