"""Memory of the embedded broker under sustained load, with a reader that stands still, and after 10 MB payloads.

Run `python -m benchmarks.broker_memory [GIGABYTES]`. A real client publishes 40 kB frames and 200-byte messages at
QoS 1 as fast as the broker takes them while another reads; a third subscribes and reads nothing meanwhile.
"""

import asyncio
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import psutil

from backbone import logs, topics
from backbone.broker import SEGMENT_BYTES, SEGMENTS
from backbone.bus import Bus
from community.site.profile import Lane
from tests.servers import embedded_broker

AIM_MB = 200
GIGABYTES = 3.0
FRAME = 40_000
SMALL = 200
LOGS = [(60, 50_000)] * 4 + [(SMALL, 25_000)] * 8
"""Size and number of the messages on each filter: rumqttd keeps a log a filter, and the demo has 15, of which commits
(two gateways, two consumers), sensors (three formats), events, status and replies fill in the course of a day."""
FILTER = "log-{}/#"
FRAMES_TOPIC = topics.frames("bench", "gw", Lane.BULK)
WINDOW = 64
"""Messages ahead of the reader at most: as many bytes as two gateways have on their way."""
_SAMPLE_S = 0.02


@dataclass
class Watch:
    """The broker's memory over time, MB."""

    process: psutil.Process
    peak: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)

    @property
    def now(self) -> float:
        """Resident at this moment."""
        return float(self.process.memory_info().rss) / 1e6

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            self.peak = max(self.peak, self.now)
            await asyncio.sleep(_SAMPLE_S)

    def end(self, phase: str) -> None:
        """Note the peak so far under a name."""
        self.phases[phase] = round(self.peak, 1)


class Reader:
    """Somebody who subscribes, counts, and notes which numbered messages came."""

    def __init__(self, url: str, name: str, *filters: str) -> None:
        self.bus = Bus(url, name)
        self.count = 0
        self.numbers: list[int] = []
        for topic_filter in filters:
            self.bus.subscribe(topic_filter, self._on_message)

    def _on_message(self, _topic: str, payload: bytes) -> None:
        self.count += 1
        self.numbers.append(int.from_bytes(payload[:8]))


async def until(condition: Callable[[], object], timeout_s: float = 60, what: str = "the condition") -> None:
    """Return once `condition()` is true."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"waited {timeout_s} s for {what}"
        await asyncio.sleep(0.001)


async def publish(bus: Bus, topic_of: Callable[[int], str], size: int, count: int, taken: Callable[[], int]) -> float:
    """Publish numbered messages, a window ahead of acknowledgements and of the reader; the seconds it took."""
    body = bytes(size - 8)
    begin = time.perf_counter()
    before = taken()
    for number in range(count):
        bus.publish(topic_of(number), number.to_bytes(8) + body)
        if number % 16 == 0:
            await until(
                lambda sent=number: bus.unacknowledged < WINDOW and sent - (taken() - before) < WINDOW,  # type: ignore[misc]
                what="the broker and the reader",
            )
    await until(lambda: taken() - before >= count, what="the last message")
    return time.perf_counter() - begin


async def slow_reader(url: str, bus: Bus, watch: Watch) -> dict[str, object]:
    """One reader stops while 600 MB go by, then reads again: what it gets, and what the others notice."""
    slow, fast = Reader(url, "slow", "slow/#"), Reader(url, "fast", "slow/#")
    async with slow.bus, fast.bus:
        await until(lambda: slow.bus.connected and fast.bus.connected, what="the readers")
        await publish(bus, lambda _: "slow/x", FRAME, 10, lambda: min(slow.count, fast.count))
        slow.bus.pause_reading()
        sent = 15_000
        seconds = await publish(bus, lambda _: "slow/x", FRAME, sent, lambda: fast.count)
        watch.end("slow_reader")
        slow.bus.resume_reading()
        await asyncio.sleep(2)
        await publish(bus, lambda _: "slow/y", FRAME, 10, lambda: fast.count)
        await asyncio.sleep(2)
        lost = sent + 20 - len(slow.numbers)
        return {
            "fast_reader_mb_per_s": round(sent * FRAME / seconds / 1e6),
            "slow_reader_lost": lost,
            "slow_reader_of": sent,
            "slow_reader_goes_on": slow.numbers[-10:] == list(range(10)),
            "slow_reader_still_connected": slow.bus.reconnects == 0,
        }


async def oversized(url: str, bus: Bus, watch: Watch) -> dict[str, object]:
    """Ten clients send 10 MB each; who else is connected stays so and is heard at once."""
    witness = Reader(url, "witness", "witness/#")
    dropped = 0
    async with witness.bus:
        await until(lambda: witness.bus.connected, what="the witness")
        for number in range(10):
            async with Bus(url, f"shouter-{number}") as shouter:
                await until(lambda: shouter.connected, what="the shouter")
                shouter.publish("witness/big", bytes(10_000_000))
                await until(lambda: shouter.reconnects, what="the shouter to be dropped")
                dropped += 1
            await publish(bus, lambda _: "witness/x", SMALL, 1, lambda: witness.count)
    watch.end("10_mb_payloads")
    return {
        "shouters_dropped": dropped,
        "witness_heard": witness.count,
        "witness_lost_connection": witness.bus.reconnects,
    }


async def measure(url: str, pid: int, gigabytes: float) -> list[dict[str, object]]:
    """All phases, one after the other, on one broker."""
    watch = Watch(psutil.Process(pid))
    watching = asyncio.create_task(watch.run(), name="watch")
    start_mb = watch.now
    notes: dict[str, object] = {"start_mb": round(start_mb, 1), "segments": f"{SEGMENTS} x {SEGMENT_BYTES}"}
    frames = Reader(url, "frames", *(topics.all_frames("+", lane) for lane in Lane))
    small = Reader(url, "small", *(FILTER.format(i) for i in range(len(LOGS))))
    try:
        async with Bus(url, "publisher") as bus, frames.bus, small.bus:
            await until(lambda: bus.connected and frames.bus.connected and small.bus.connected, what="the clients")
            count = round(gigabytes * 1e9 / FRAME)
            seconds = await publish(bus, lambda _: FRAMES_TOPIC, FRAME, count, lambda: frames.count)
            notes["frames_mb_per_s"] = round(count * FRAME / seconds / 1e6)
            watch.end("frames")
            begin = time.perf_counter()
            for index, (size, number) in enumerate(LOGS):
                topic = FILTER.format(index).replace("#", "some/device/state")
                await publish(bus, lambda _, topic=topic: topic, size, number, lambda: small.count)  # type: ignore[misc]
            notes["small_messages_per_s"] = round(small.count / (time.perf_counter() - begin))
            watch.end("every_log_full")
            notes |= await slow_reader(url, bus, watch)
            notes |= await oversized(url, bus, watch)
            notes["publisher_lost_connection"] = bus.reconnects
    finally:
        watching.cancel()
    row = {
        "name": "broker.rss_peak_mb",
        "value": round(watch.peak, 1),
        "unit": "MB",
        "aim": AIM_MB,
        "n": count,
        "phases_peak_mb": watch.phases,
        **notes,
        "machine": f"{platform.machine()}, {psutil.cpu_count()} cores",
        "versions": {"python": platform.python_version(), **{name: version(name) for name in ("iotcore", "gmqtt")}},
    }
    return [row]


def main() -> None:
    """Print the rows as JSON lines."""
    logs.configure("bench", "ERROR")
    gigabytes = float(sys.argv[1]) if len(sys.argv) > 1 else GIGABYTES
    with tempfile.TemporaryDirectory() as folder, embedded_broker(Path(folder)) as broker:
        for row in asyncio.run(measure(broker.url, broker.process.pid, gigabytes)):
            sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
