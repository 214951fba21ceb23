"""Single Zigbee2MQTT messages through the gateway on a real Mosquitto, beside a bare paho loop that only parses JSON.

Run `python -m benchmarks.gateway`. The gateway decodes, checks, spools, frames and sends; a message counts when its
readings arrived at a consumer. Both are fed by the same `mosquitto_pub` processes, as fast as they take it.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from backbone.bus import Bus
from benchmarks.figures import Figure
from tests.gateway_rig import Consumer, gateway_program
from tests.gateway_site import mqtt_device, site_text
from tests.servers import ROOT, Broker, Process, free_port, mosquitto
from tests.waiting import until

AIM = 15_000
SHARE = 0.6
"""Of the bare loop's rate."""
RUNS = 2
"""Of each, by turns: what else the machine does meets both alike."""
MANY = 500
MEMORY_AIM_MB = 80
MANY_SAY = {"temperature": 21.5, "humidity": 40, "smoke": False, "water_leak": False, "contact": True, "battery": 90}
DEVICES = 8
WARM, MESSAGES = 6_000, 60_000
"""Before what is measured, and measured."""
WINDOW = 2_000
"""Messages on their way at once. Mosquitto counts what it has not read the acknowledgement of, too, and reads one
packet of each connection a round: eight senders' messages come in eight times as fast as our answers. With 6,000 on
their way 8,900 answers were unread (`ss`), and beyond 10,000 it drops.
"""
CHUNK = 100
SETTLED_S = 1.0
TOPIC = "zigbee2mqtt/hall/climate-{}"

PAHO = """
import json, sys
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
seen = 0
def on_message(client, _data, message):
    global seen
    json.loads(message.payload)
    seen += 1
    if seen % 100 == 0:
        client.publish("bench/seen", str(seen))
client = paho.Client(CallbackAPIVersion.VERSION2)
client.on_message = on_message
client.connect("127.0.0.1", int(sys.argv[1]))
client.on_subscribe = lambda *_: client.publish("bench/seen", "0")
client.subscribe("zigbee2mqtt/#", qos=1)
client.loop_forever()
"""


def bench_site() -> str:
    """The site's file: the gateway's devices."""
    return site_text([mqtt_device(f"climate-{i}", "zigbee2mqtt-climate", TOPIC.format(i)) for i in range(DEVICES)])


def payload(number: int) -> bytes:
    """About what a climate sensor sends: 150 bytes, two of its values are points' values."""
    body = {
        "temperature": 20 + number % 100 / 10,
        "humidity": 40 + number % 7,
        "pressure": 986,
        "linkquality": 84,
        "voltage": 3015,
        "power_outage_count": 7,
        "update": {"state": "idle", "installed_version": 4105, "latest_version": 4105},
    }
    return json.dumps(body).encode() + b"\n"


@contextmanager
def publishers(port: int) -> Iterator[list[psutil.Popen]]:
    """`mosquitto_pub` processes, one a device, that publish every line they are given."""
    running = [
        psutil.Popen(["mosquitto_pub", "-p", str(port), "-q", "1", "-l", "-t", TOPIC.format(i)], stdin=-1, bufsize=0)
        for i in range(DEVICES)
    ]
    try:
        yield running
    finally:
        for process in running:
            process.stdin.close()
            process.terminate()
            process.wait(5)


async def feed(port: int, taken: Callable[[], int], pid: int) -> tuple[float, float, float]:
    """Send all messages, never more than the window ahead of what was taken.

    Returns:
        The seconds until all were, what the process took of the processor meanwhile (s), and its memory then (MB).
    """
    lines = [b"".join(payload(at + i) for i in range(CHUNK)) for at in range(0, 1000, CHUNK)]
    process = psutil.Process(pid)
    with publishers(port) as sensors:

        async def send(first: int, end: int) -> None:
            for number in range(first // CHUNK, end // CHUNK):
                sensors[number % DEVICES].stdin.write(lines[number % len(lines)])
                await until(lambda sent=(number + 1) * CHUNK: sent - taken() < WINDOW, "room", timeout_s=60)  # type: ignore[misc]
            await until(lambda: taken() >= end, "the last message", timeout_s=60)

        await send(0, WARM)
        begin, before = time.perf_counter(), sum(process.cpu_times()[:2])
        await send(WARM, WARM + MESSAGES)
        seconds = time.perf_counter() - begin
        return seconds, sum(process.cpu_times()[:2]) - before, process.memory_info().rss / 1e6


async def through_gateway(broker: Broker, folder: Path) -> tuple[float, float, float]:
    """Seconds, the gateway's CPU seconds, and its memory (MB)."""
    rules = Consumer("rules")
    child = gateway_program(broker.url, folder, bench_site(), ANJU_CONSUMERS="rules")
    async with rules.running(broker.port):
        await asyncio.to_thread(child.start)
        try:
            status: dict[str, object] = {}
            async with Bus(f"mqtt://127.0.0.1:{broker.port}", "watch") as bus:
                bus.subscribe("anju/v1/+/+/status", lambda _topic, body: status.update(json.loads(body)))
                await until(lambda: status.get("online"), "the gateway")
                # It listens to its sensors on a connection of its own, which may be later than its status.
                await until(
                    lambda: bus.publish(TOPIC.format(0), payload(0), qos=0) and rules.readings, "the gateway's ears"
                )
                await asyncio.sleep(SETTLED_S)
                heard = len(rules.readings) // 2
                return await feed(broker.port, lambda: len(rules.readings) // 2 - heard, child.pid)
        finally:
            child.stop()


async def through_paho(broker: Broker, folder: Path) -> tuple[float, float, float]:
    """The same for the bare loop."""
    return await through_loop(broker, folder, PAHO)


async def through_loop(broker: Broker, folder: Path, program: str) -> tuple[float, float, float]:
    """The same for a `program` that publishes how many messages it has seen on `bench/seen`."""
    command = [sys.executable, "-c", program, str(broker.port)]
    return await through_process(broker, Process("loop", command, folder, env=_PATH))


async def through_process(broker: Broker, child: Process) -> tuple[float, float, float]:
    """The same for a process that does so; it is started, and stopped in the end."""
    seen = [-1]
    async with Bus(f"mqtt://127.0.0.1:{broker.port}", "watch") as bus:
        bus.subscribe("bench/seen", lambda _topic, body: seen.__setitem__(0, int(body)))
        await until(lambda: bus.connected, "the broker")
        await asyncio.to_thread(child.start)
        try:
            await until(lambda: seen[0] == 0, "the loop")
            return await feed(broker.port, lambda: seen[0], child.pid)
        finally:
            child.stop()


def memory_site() -> str:
    """The file of a site with 500 devices of the usual kinds behind one gateway."""
    kinds = ("zigbee2mqtt-climate", "zigbee2mqtt-smoke", "zigbee2mqtt-leak", "zigbee2mqtt-contact")
    return site_text(mqtt_device(f"d-{i}", kinds[i % len(kinds)], f"zigbee2mqtt/d-{i}") for i in range(MANY))


async def at_500_devices(broker: Broker, folder: Path) -> float:
    """Resident memory (MB) of the program as it is installed, every device heard and two consumers served."""
    child = gateway_program(broker.url, folder, memory_site(), ANJU_METRICS_PORT=str(free_port()))
    consumers = Consumer("rules"), Consumer("ingest")
    async with consumers[0].running(broker.port), consumers[1].running(broker.port):
        await asyncio.to_thread(child.start)
        try:
            async with Bus(broker.url, "sensors") as bus:
                status: dict[str, Any] = {}
                bus.subscribe("anju/v1/+/+/status", lambda _topic, body: status.update(json.loads(body)))
                await until(lambda: status.get("online"), "the gateway", timeout_s=60)
                while len({point.partition(".")[0] for point, *_ in consumers[1].readings}) < MANY:
                    for i in range(MANY):
                        bus.publish(f"zigbee2mqtt/d-{i}", json.dumps(MANY_SAY).encode())
                    await asyncio.sleep(SETTLED_S)
                await asyncio.sleep(10 * SETTLED_S)
                return psutil.Process(child.pid).memory_info().rss / 1e6
        finally:
            child.stop()


def memory() -> Figure:
    """Of the gateway."""
    with tempfile.TemporaryDirectory() as folder, mosquitto(Path(folder) / "broker") as broker:
        found = asyncio.run(at_500_devices(broker, Path(folder) / "data"))
    return Figure("gateway.memory_mb", found, "MB", MANY, MEMORY_AIM_MB, lower=True, more={"consumers": 2})


def measure(
    name: str, aim: float | None, what: Callable[[Broker, Path], Coroutine[None, None, tuple[float, float, float]]]
) -> Figure:
    """One row."""
    with tempfile.TemporaryDirectory() as folder, mosquitto(Path(folder) / "broker") as broker:
        seconds, cpu_s, memory_mb = asyncio.run(what(broker, Path(folder) / "data"))
    more = {"cpu_us_a_message": round(cpu_s / MESSAGES * 1e6, 1), "memory_mb": round(memory_mb, 1)}
    return Figure(name, MESSAGES / seconds, "messages/s", MESSAGES, aim, more=more)


_PATH = {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}


def figures() -> Iterator[Figure]:
    """The gateway and the bare loop beside it, by turns; and the gateway's memory."""
    ours, bare = [], []
    for _ in range(RUNS):
        ours.append(measure("gateway.messages_per_s", AIM, through_gateway))
        bare.append(measure("gateway.bare_paho_messages_per_s", None, through_paho))
    best, plain = (max(rows, key=lambda row: row.value) for rows in (ours, bare))
    yield best
    yield plain
    share = best.value / plain.value
    yield Figure("gateway.of_bare_paho", share, "of its rate", RUNS * MESSAGES, SHARE)
    yield memory()


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
