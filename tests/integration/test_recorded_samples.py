"""Every recorded sample of every decoder, published by mosquitto_pub to one running gateway: what leaves it in frames.

The decoders' own test says the rest (reasons of refusals, times); here the whole way is walked: the broker, the routes
of two hundred devices side by side, retained messages, the lanes, the frames.
"""

import asyncio
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from backbone import frames, topics
from backbone.bus import Bus
from community.quality import Quality
from community.site.profile import Lane
from tests.gateway_rig import Operator, gateway_settings, running_gateway
from tests.gateway_site import data, mqtt_device, site_of
from tests.mosquitto_pub import mosquitto_pub
from tests.servers import Broker
from tests.unit.gateway.samples import payload_of
from tests.unit.gateway.test_decoders import NOW, expected_data
from tests.waiting import until

OWN_LEVEL = {
    "chirpstack": 3,
    "esp_rfid": 1,
    "shelly": 0,
    "sparkplug_b": 1,
    "tasmota": 1,
    "things_stack": 3,
    "zigbee2mqtt": 1,
}
"""The level of a topic that tells devices of a format (for Sparkplug, groups) apart."""
CASES = [(path, json.loads(path.read_text())) for path in sorted(data("decoders").glob("*/*.json"))]
SENTINEL, CALM_SENTINEL = "zigbee2mqtt/sentinel", "zigbee2mqtt/calm-sentinel"
"""Each of the gateway's connections has its own: the one of urgent devices may be ahead of the one that hears all."""
AT_ONCE = 8
CLOCKS = ~Quality.CLOCK_SUSPECT
"""What a gateway makes of a device's clock takes it minutes; that is tested elsewhere."""


def moved(path: Path, number: int, topic: str) -> str:
    """The topic of a sample, as its own device speaks on it."""
    levels = topic.split("/")
    at = OWN_LEVEL[path.parent.name]
    if levels[at] in ("tele", "stat"):
        at = 0  # a Tasmota whose full topic is turned round
    if levels[at] != "bridge":
        levels[at] += f"-{number}"
    return "/".join(levels)


def rows() -> list[str]:
    found = []
    for number, (path, case) in enumerate(CASES):
        extra = f", bin: {json.dumps(case['bin'])}" if "bin" in case else ""
        found.append(mqtt_device(f"d{number}", case["profile"], moved(path, number, case["device_topic"]), extra))
    sentinels = [
        mqtt_device("sentinel", "frient-smszb-120", SENTINEL),
        mqtt_device("calm-sentinel", "zigbee2mqtt-climate", CALM_SENTINEL),
    ]
    return [*found, *sentinels]


class Frames:
    """What leaves the gateway, by device."""

    def __init__(self, bus: Bus) -> None:
        self.readings: dict[str, list[list[Any]]] = defaultdict(list)
        self.events: dict[str, list[list[Any]]] = defaultdict(list)
        self._had: set[tuple[str, int]] = set()
        for lane in Lane:
            bus.subscribe(topics.all_frames("test", lane), self._take)

    def _take(self, topic: str, payload: bytes) -> None:
        frame = frames.decode(payload)
        if (topic, frame.seq) in self._had:
            return
        self._had.add((topic, frame.seq))
        for p, x, q in zip(frame.p, frame.x, frame.q, strict=True):
            device, measure = frame.points[p].split(".")
            self.readings[device].append([measure, float(x), int(q) & CLOCKS])
        for event in frame.events:
            if event.point is not None:
                device, measure = event.point.split(".")
                self.events[device].append([measure, event.type, event.data])


async def test_what_was_recorded_leaves_the_gateway_as_the_readings_it_means(mosquitto: Broker, tmp_path: Path) -> None:
    assert {path.parent.name for path, _ in CASES} == OWN_LEVEL.keys()
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    settings = gateway_settings(mosquitto.port, tmp_path / "data", consumers=("rules",), pseudonym_key=key)
    began = time.monotonic()
    gate = asyncio.Semaphore(AT_ONCE)

    async def publish(number: int, message: dict[str, Any], *, retain: bool = False) -> None:
        path, case = CASES[number]
        topic = moved(path, number, message.get("topic", case["device_topic"]))
        await mosquitto_pub(mosquitto.port, topic, payload_of(message), retain=retain)

    async def say(number: int, messages: list[dict[str, Any]]) -> None:
        async with gate:
            for message in messages:
                await publish(number, message)

    retained = [number for number, (_, case) in enumerate(CASES) if case.get("retained")]
    async with Operator.connected(mosquitto.port) as operator:
        heard = Frames(operator.bus)
        await asyncio.gather(*(publish(number, CASES[number][1], retain=True) for number in retained))

        async def everything(count: int) -> None:
            """Wait until what was said so far has left: by each way, on each lane, something was said last."""
            said = {"sentinel": {"smoke": True, "temperature": count}, "calm-sentinel": {"temperature": count}}
            for topic, values in zip((SENTINEL, CALM_SENTINEL), said.values(), strict=True):
                await mosquitto_pub(mosquitto.port, topic, json.dumps(values).encode())
            last = [(name, [key, float(x), 0]) for name, values in said.items() for key, x in values.items()]
            await until(lambda: all(row in heard.readings[name] for name, row in last), "the last readings")
            for name in said:
                heard.readings[name].clear()

        machine = lambda: NOW + int((time.monotonic() - began) * 1000)  # noqa: E731
        async with running_gateway(site_of(rows()), settings, machine_ms=machine):
            await operator.online()
            await everything(1)
            earlier = {number: case["before"] for number, (_, case) in enumerate(CASES) if "before" in case}
            await asyncio.gather(*(say(number, messages) for number, messages in earlier.items()))
            await everything(2)
            for number in earlier:
                heard.readings[f"d{number}"].clear()
            now = [number for number in range(len(CASES)) if number not in retained]
            await asyncio.gather(*(say(number, [CASES[number][1]]) for number in now))
            await everything(3)
    wrong = {}
    for number, (path, case) in enumerate(CASES):
        readings = [[measure, float(x), q & CLOCKS] for measure, x, q in case["readings"]]
        events = [[point, kind, expected_data(told)] for point, kind, told in case.get("events", [])]
        came = heard.readings[f"d{number}"], heard.events[f"d{number}"]
        if (sorted(came[0]), came[1]) != (sorted(readings), events):
            wrong[f"{path.parent.name}/{path.stem}"] = (came, (readings, events))
    assert not wrong
