"""From a sensor's message to the alarm event, while 1,000 sensor messages a second arrive at the demo's gateway.

Run `python -m benchmarks.alarms`. Timed is from just before the sensor's message is published to when an outside client
has the event. Each alarm is of a detector and a zone of its own, so that no plan starts and none chatters; the
other Zigbee2MQTT sensors of the gateway report in turn that all is well.

Quiet: the program runs as users start it, without its simulator. Beside bulk: broker, ingest, rules and gateway run as
processes, and a load process plays five more gateways that send 300,000 readings a second (benchmarks/stream_load.py).
Both rates must be reached, or there is no figure.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from backbone import topics
from backbone.bus import Bus
from backbone.settings import Settings
from backbone.site_files import read_site
from benchmarks.figures import Figure, latency
from benchmarks.stream import Committed, services
from benchmarks.stream_load import CONSUMERS
from benchmarks.stream_site import POINTS_A_GATEWAY, gateway_rows, rule_rows, zone_rows
from tests.program import Program
from tests.servers import ROOT, Process
from tests.waiting import until

RATE = 1_000
BULK_RATE = 300_000
REACHED = 0.98
"""Of a rate, to count as such."""
WARM_S, MEASURED_S = 3, 30
ALARM_EVERY = 60
"""Of so many messages one is an alarm."""
DETECTORS = RATE * (WARM_S + MEASURED_S) // ALARM_EVERY + 1
AIMS = {50: 5.0, 99: 20.0}
AIMS_BULK = {50: None, 99: 50.0}
QUIET: dict[str, dict[str, object]] = {
    "zigbee2mqtt-smoke": {"smoke": False, "tamper": False, "battery": 97, "linkquality": 110},
    "zigbee2mqtt-climate": {"temperature": 21.4, "humidity": 46.0, "battery": 90, "linkquality": 84},
    "zigbee2mqtt-leak": {"water_leak": False, "battery": 99, "linkquality": 97},
}
ZONES = [f"  - {{id: bench-{n}, name: {{zh: 压测}}, kind: corridor}}" for n in range(DETECTORS)]
TESTED = [
    f"      - {{id: bench-{n}, profile: zigbee2mqtt-smoke, zone: bench-{n}, mqtt: {{topic: zigbee2mqtt/bench-{n}}}}}"
    for n in range(DETECTORS)
]
FIRST_DEVICE = "      - {id: smoke-b1-f1-a,"
GATEWAY = "gw-east"
"""Where the detectors under test are."""


def _changes(zones: Sequence[str] = (), gateways: Sequence[str] = (), rules: Sequence[str] = ()) -> dict[str, str]:
    """What becomes of the demo's site file: text, and what stands there instead."""
    rows = {"zones": [*ZONES, *zones], "gateways": gateways, "rules": rules}
    changes = {f"\n{part}:\n": "\n".join(["", f"{part}:", *more, ""]) for part, more in rows.items() if more}
    return {**changes, FIRST_DEVICE: "\n".join([*TESTED, FIRST_DEVICE])}


@dataclass
class Sensors:
    """The demo's sensors, and what was heard of them."""

    platform: Bus
    devices: list[tuple[str, bytes]]
    raised_at: dict[str, float] = field(default_factory=dict)
    """By detector: alarms whose event has not arrived."""
    alarms: int = 0
    took_s: list[float] = field(default_factory=list)
    events: int = 0

    def on_alarm(self, _topic: str, payload: bytes) -> None:
        """An event: of a detector under test it ends a measurement."""
        arrived = time.perf_counter()
        event = json.loads(payload)
        self.events += 1
        begin = self.raised_at.pop(event["points"][0], None) if event["change"] == "raised" else None
        if begin is not None:
            self.took_s.append(arrived - begin)

    async def report(self, seconds: float) -> float:
        """Publish at the rate; the longest delay behind it (s)."""
        quiet = cycle(self.devices)
        begin, late = time.perf_counter(), 0.0
        for number in range(int(seconds * RATE)):
            wait_s = begin + number / RATE - time.perf_counter()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            late = max(late, -wait_s)
            if number % ALARM_EVERY == ALARM_EVERY - 1:
                self._alarm(f"bench-{self.alarms}")
            else:
                self.platform.publish(*next(quiet))
        return late

    def _alarm(self, detector: str) -> None:
        self.alarms += 1
        body = json.dumps({**QUIET["zigbee2mqtt-smoke"], "smoke": True}).encode()
        self.raised_at[f"{detector}.smoke"] = time.perf_counter()
        self.platform.publish(f"zigbee2mqtt/{detector}", body)


def quiet_devices(path: Path) -> list[tuple[str, bytes]]:
    """Topics and messages of the gateway's sensors that are not tested."""
    site = read_site(Settings(site=path))
    return [
        (device.mqtt.topic, json.dumps(QUIET[device.profile]).encode())
        for device in site.gateways[GATEWAY].devices
        if device.profile in QUIET and device.mqtt is not None and not device.id.startswith("bench-")
    ]


async def run(url: str, site: Path, name: str, aims: Mapping[int, float | None], *, bulk: bool = False) -> list[Figure]:
    """Measure at the program that runs."""
    async with Bus(url, "bench-sensors") as bus, Bus(url, "bench-watch") as watch:
        sensors = Sensors(bus, quiet_devices(site))
        committed = Committed(watch, "jinxiu")
        watch.subscribe(topics.event("+", "alarm"), sensors.on_alarm)
        await until(lambda: bus.connected and watch.connected, "the broker", timeout_s=10)
        if bulk:
            await until(committed.all_move, "bulk", timeout_s=30)
        await sensors.report(WARM_S)
        await asyncio.sleep(0.5)
        sensors.took_s.clear()
        before, begin = {c: committed.frames(c) for c in CONSUMERS}, time.perf_counter()
        late = await sensors.report(MEASURED_S)
        took = time.perf_counter() - begin
        rates = {c: round((committed.frames(c) - before[c]) * POINTS_A_GATEWAY / took) for c in CONSUMERS}
        await until(lambda: not sensors.raised_at, "every alarm", timeout_s=20)
        rate = MEASURED_S * RATE / took
        assert rate >= REACHED * RATE, f"{rate:.0f} messages/s were sent"
        assert not bulk or min(rates.values()) >= REACHED * BULK_RATE, f"bulk did not keep up: {rates} readings/s"
        more = {"bulk_readings_per_s": rates} if bulk else {}
        return latency(
            name,
            sensors.took_s,
            aims,
            messages_per_s=round(rate),
            max_ms=round(max(sensors.took_s) * 1000, 1),
            sender_late_ms=round(late * 1000, 1),
            **more,
        )


def quiet() -> list[Figure]:
    """Nothing else happens."""
    with tempfile.TemporaryDirectory() as folder:
        program = Program(Path(folder), simulate=False, changes=_changes())
        try:
            program.start()
            return asyncio.run(run(f"mqtt://127.0.0.1:{program.mqtt_port}", program.site, "alarm.latency", AIMS))
        finally:
            program.stop()


def beside_bulk() -> list[Figure]:
    """Five gateways drown the stream in bulk meanwhile."""
    text = (ROOT / "sites" / "jinxiu.yaml").read_text()
    for before, after in _changes(zone_rows(), gateway_rows(), rule_rows()).items():
        assert before in text
        text = text.replace(before, after)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with services(folder, "ingest", site=text, gateway=GATEWAY) as (url, _):
            command = [sys.executable, "-m", "benchmarks.stream_load", url, "compact"]
            command += ["--site", "jinxiu", "--rate", str(BULK_RATE)]
            load = Process("load", command, folder, env={"PYTHONPATH": str(ROOT)})
            try:
                load.start()
                return asyncio.run(run(url, folder / "site.yaml", "alarm.latency_bulk", AIMS_BULK, bulk=True))
            finally:
                load.stop()


def figures() -> Iterator[Figure]:
    """Percentiles of both; where bulk did not reach its rate the others are still there."""
    yield from quiet()
    yield from beside_bulk()


if __name__ == "__main__":
    for figure in {"quiet": quiet, "bulk": beside_bulk, "all": figures}[sys.argv[1] if len(sys.argv) > 1 else "all"]():
        print(json.dumps(figure.row()))
