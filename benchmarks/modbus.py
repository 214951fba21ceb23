"""Modbus through the gateway: reads a second beside a bare pymodbus loop, idle CPU, and what a dead unit costs.

Run `python -m benchmarks.modbus`. The devices are one libmodbus program on loopback TCP; the gateway is the
program as it is installed, on a real Mosquitto, and decodes, checks, spools and sends what it reads.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from pymodbus.client import AsyncModbusTcpClient

from backbone.bus import Bus
from backbone.steady import wall_ms
from backbone.stream import Stream
from benchmarks.figures import Figure
from tests.gateway_rig import gateway_program
from tests.gateway_site import GATEWAY, modbus_device, site_text
from tests.modbus_outside import tcp_device
from tests.servers import Broker, mosquitto
from tests.waiting import until

SHARE = 0.7
"""Of the bare loop's rate."""
IDLE_CPU_PERCENT = 3.0
DEAD_COST_PERCENT = 5.0
UNITS = 29
DEAD = 200
SETTLE_S = 4.0
FAST_S = 8.0
IDLE_S = 20.0
DEAD_S = 60.0
"""Longer than the longest pause between two questions to a dead unit."""


def _line(port: int, every: str, *more: int) -> str:
    """Units of two registers each, read by one request."""
    units = [*range(1, UNITS + 1), *more]
    return site_text([modbus_device(f"air-{unit}", "xy-md02", port, unit, f", every: {every}") for unit in units])


SITES = {
    "fast": lambda port: _line(port, "1ms"),
    "living": lambda port: _line(port, "20ms"),
    "one dead": lambda port: _line(port, "20ms", DEAD),
    "idle": lambda port: site_text(
        [modbus_device(f"air-{unit}", "ss-rftm-co2", port, unit, ", every: 1s") for unit in range(1, 41)]
    ),
}
"""`fast`: units that are always due. `idle`: 40 units of 5 points, 200 points at 1 s in 40 requests a second."""


class Watched:
    """A running gateway and its counters."""

    def __init__(self, process: psutil.Process, status: dict[str, Any]) -> None:
        self._process = process
        self._status = status

    async def over(self, seconds: float, counter: str) -> tuple[float, float]:
        """`(rate of a counter, CPU seconds a second)` over some time, from one status to another."""
        await self._next()
        before, cpu, began = self._status["counters"][counter], self._cpu(), time.perf_counter()
        await asyncio.sleep(seconds)
        await self._next()
        took = time.perf_counter() - began
        return (self._status["counters"][counter] - before) / took, (self._cpu() - cpu) / took

    async def _next(self) -> None:
        self._status["fresh"] = False
        await until(lambda: self._status.get("fresh", True), "the next status")

    def _cpu(self) -> float:
        return sum(self._process.cpu_times()[:2])


async def commit_all(broker: Broker) -> None:
    """The platform's side: takes every frame and does nothing with it, so that the gateway's own work is measured."""
    async with Bus(broker.url, "rules") as bus:
        stream = Stream(bus, "test", [GATEWAY], "rules", {}, now=wall_ms, refuse=lambda _: None)
        stream.start()
        while True:
            await stream.batch(max_readings=50_000, max_wait_s=0.05)
            stream.commit(stream.positions)


async def with_gateway(
    kind: str, broker: Broker, port: int, folder: Path, counter: str, s: float
) -> tuple[float, float]:
    """Run a gateway and watch a counter of it."""
    child = gateway_program(broker.url, folder, SITES[kind](port), ANJU_CONSUMERS="rules", ANJU_STATUS_S="0.5")
    status: dict[str, Any] = {}

    def on_status(_topic: str, body: bytes) -> None:
        status.clear()
        status.update(json.loads(body))

    async with asyncio.TaskGroup() as group, Bus(broker.url, "watch") as bus:
        platform = group.create_task(commit_all(broker))
        bus.subscribe("anju/v1/+/+/status", on_status)
        await asyncio.to_thread(child.start)
        try:
            await until(lambda: status.get("online"), "the gateway")
            await asyncio.sleep(SETTLE_S)
            return await Watched(psutil.Process(child.pid), status).over(s, counter)
        finally:
            child.stop()
            platform.cancel()


async def bare(port: int) -> float:
    """Reads a second of pymodbus alone: the same request, one after another on one connection."""
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    assert await client.connect()
    reads, began = 0, time.perf_counter()
    while time.perf_counter() - began < FAST_S:
        answer = await client.read_input_registers(1, count=2, device_id=1 + reads % UNITS)
        assert answer.registers == [10, 20]
        reads += 1
    took = time.perf_counter() - began
    client.close()
    return reads / took


async def measure(broker: Broker, folder: Path) -> list[Figure]:
    """All of it, one after another."""
    with tcp_device(folder / "device") as (port, _):
        before = await bare(port)
        fast, cpu = await with_gateway("fast", broker, port, folder / "fast", "modbus_requests", FAST_S)
        alone = (before + await bare(port)) / 2
        _, idle = await with_gateway("idle", broker, port, folder / "idle", "modbus_requests", IDLE_S)
        living, _ = await with_gateway("living", broker, port, folder / "living", "readings", FAST_S)
        beside, _ = await with_gateway("one dead", broker, port, folder / "dead", "readings", DEAD_S)
    reads = {"of_bare": round(fast / alone, 2), "cpu_share": round(cpu, 2), "cpu_us_a_read": round(1e6 * cpu / fast)}
    points = {"points": 200, "requests_per_s": 40}
    dead = {"units": UNITS + 1, "readings_per_s_without": round(living), "readings_per_s_with": round(beside)}
    return [
        Figure("modbus.bare_reads_per_s", alone, "reads/s", round(alone * FAST_S)),
        Figure("modbus.reads_per_s", fast, "reads/s", round(fast * FAST_S), round(SHARE * alone), more=reads),
        Figure("gateway.idle_cpu_percent", 100 * idle, "% of a core", 200, IDLE_CPU_PERCENT, lower=True, more=points),
        Figure(
            "modbus.dead_unit_cost_percent",
            100 * (1 - beside / living),
            "%",
            round(beside * DEAD_S),
            DEAD_COST_PERCENT,
            lower=True,
            more=dead,
        ),
    ]


def figures() -> Iterator[Figure]:
    """Reads a second, idle CPU, and the cost of a dead unit."""
    with tempfile.TemporaryDirectory() as name, mosquitto(Path(name) / "broker") as broker:
        yield from asyncio.run(measure(broker, Path(name)))


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
