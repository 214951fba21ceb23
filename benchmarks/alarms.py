"""From a sensor's message to the alarm event, while 1,000 sensor messages a second arrive at the running demo.

Run `python -m benchmarks.alarms`. The program runs as users start it, without its simulator. All Zigbee2MQTT sensors of
the demo report in turn; some smoke detectors, one in a zone so that no plan starts, change between quiet and alarm.
Timed is from just before the sensor's message is published to when an outside client has the event.
"""

import asyncio
import json
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from backbone import topics
from backbone.bus import Bus
from backbone.settings import Settings
from backbone.site_files import read_site
from benchmarks.figures import Figure, latency
from tests.gateway_rig import until
from tests.program import Program

RATE = 1_000
WARM_S, MEASURED_S = 3, 20
TOGGLE_EVERY = 40
"""Of so many messages one changes a detector."""
AIMS = {50: 8.0, 99: 30.0}
QUIET: dict[str, dict[str, object]] = {
    "zigbee2mqtt-smoke": {"smoke": False, "tamper": False, "battery": 97, "linkquality": 110},
    "zigbee2mqtt-climate": {"temperature": 21.4, "humidity": 46.0, "battery": 90, "linkquality": 84},
    "zigbee2mqtt-leak": {"water_leak": False, "battery": 99, "linkquality": 97},
}
# A detector may alarm again at once: in the demo it has to be quiet for 30 s first.
CHANGES = {"clear_after: 30s": "clear_after: 0s"}


@dataclass
class Detector:
    """A smoke detector under test."""

    topic: str
    point: str
    smoke: bool = False
    raised_at: deque[float] = field(default_factory=deque)
    """Alarms whose event has not arrived."""


@dataclass
class Sensors:
    """The demo's sensors, and what was heard of them."""

    platform: Bus
    devices: list[tuple[str, bytes]]
    detectors: list[Detector]
    took_s: list[float] = field(default_factory=list)
    events: int = 0

    def on_alarm(self, _topic: str, payload: bytes) -> None:
        """An event: of a detector under test it ends a measurement."""
        arrived = time.perf_counter()
        event = json.loads(payload)
        self.events += 1
        detector = next((d for d in self.detectors if d.point in event["points"]), None)
        if event["change"] == "raised" and detector is not None and detector.raised_at:
            self.took_s.append(arrived - detector.raised_at.popleft())

    async def report(self, seconds: float) -> float:
        """Publish at the rate; the longest delay behind it (s)."""
        quiet, turn = cycle(self.devices), cycle(self.detectors)
        begin, late = time.perf_counter(), 0.0
        for number in range(int(seconds * RATE)):
            wait_s = begin + number / RATE - time.perf_counter()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            late = max(late, -wait_s)
            if number % TOGGLE_EVERY == TOGGLE_EVERY - 1:
                self._toggle(next(turn))
            else:
                self.platform.publish(*next(quiet))
        return late

    def _toggle(self, detector: Detector) -> None:
        detector.smoke = not detector.smoke
        body = json.dumps({**QUIET["zigbee2mqtt-smoke"], "smoke": detector.smoke}).encode()
        if detector.smoke:
            detector.raised_at.append(time.perf_counter())
        self.platform.publish(detector.topic, body)


def sensors_of(bus: Bus, program: Program) -> Sensors:
    """Those of the running site: one detector a zone under test, all others quiet."""
    site = read_site(Settings(site=program.site))
    devices: list[tuple[str, bytes]] = []
    tested: dict[str, Detector] = {}
    for device in site.devices.values():
        if device.profile not in QUIET or device.mqtt is None:
            continue
        if device.profile == "zigbee2mqtt-smoke" and device.zone not in tested:
            tested[device.zone] = Detector(device.mqtt.topic, f"{device.id}.smoke")
        else:
            devices.append((device.mqtt.topic, json.dumps(QUIET[device.profile]).encode()))
    return Sensors(bus, devices, list(tested.values()))


async def run(program: Program) -> list[Figure]:
    """Measure at the program that runs."""
    url = f"mqtt://127.0.0.1:{program.mqtt_port}"
    async with Bus(url, "bench-sensors") as bus, Bus(url, "bench-watch") as watch:
        sensors = sensors_of(bus, program)
        watch.subscribe(topics.event("+", "alarm"), sensors.on_alarm)
        await until(lambda: bus.connected and watch.connected, 10, "the broker")
        await sensors.report(WARM_S)
        await asyncio.sleep(0.5)
        sensors.took_s.clear()
        late = await sensors.report(MEASURED_S)
        await asyncio.sleep(1)
        missing = sum(len(detector.raised_at) for detector in sensors.detectors)
        assert sensors.took_s, f"no alarm was heard of; {sensors.events} events"
        return latency(
            "alarm.latency",
            sensors.took_s,
            AIMS,
            messages_per_s=RATE,
            max_ms=round(max(sensors.took_s) * 1000, 1),
            events=sensors.events,
            missing=missing,
            sender_late_ms=round(late * 1000, 1),
        )


def figures() -> list[Figure]:
    """Both percentiles."""
    with tempfile.TemporaryDirectory() as folder:
        program = Program(Path(folder), simulate=False, changes=CHANGES)
        try:
            program.start()
            return asyncio.run(run(program))
        finally:
            program.stop()


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
