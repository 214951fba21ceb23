"""Plain JSON: the profile's paths reach into objects and lists, and a bare number is a value."""

import json
from typing import Any

import pytest

from gateway.decoders import plain_json
from gateway.decoders.decoded import DecodeError
from gateway.decoders.shelly import decode as shelly
from gateway.device_reader import reader_of
from gateway.drivers.mqtt import MqttDriver
from gateway.event_time import ClockLimits
from gateway.pseudonyms import Pseudonyms
from gateway.readings import Pipeline
from gateway.refusals import Refusals
from gateway.routing import plan_routes
from tests.gateway_site import GATEWAY, mqtt_device, site_of
from tests.still_bus import StillBus
from tests.unit.gateway.sink import Remembered

PROFILE = """
id: hall-box
product: A box of the installer's own
maker: own
source: its firmware
family: environment
decoder: json
every: 1m
measures:
  co2: {name: {zh: 二氧化碳}, unit: ppm, path: air.co2}
  outer: {name: {zh: 室外温度}, unit: °C, path: probes.1.t}
  raw: {name: {zh: 数值}, path: value}
"""


def heard(payload: object) -> tuple[dict[str, float], list[str]]:
    site = site_of([mqtt_device("box", "hall-box", "boxes/hall")], profiles={"hall-box.yaml": PROFILE})
    sink, refusals = Remembered(), Refusals()
    pipeline = Pipeline(sink, refusals, Pseudonyms(b"k" * 32), ClockLimits(60_000, 86_400_000))
    readers = {"box": reader_of(site, site.devices["box"])}
    driver = MqttDriver(StillBus(), pipeline, refusals, lambda: 1, lambda: None)
    driver.listen(plan_routes(site, GATEWAY, readers))
    driver.start()
    driver.on_message("boxes/hall", json.dumps(payload).encode())
    return {point.removeprefix("box."): x for point, _, x, *_ in sink.readings}, [r.reason for r in refusals.rows()]


@pytest.mark.parametrize(
    ("payload", "readings"),
    [
        ({"air": {"co2": 612}, "probes": [{"t": 20}, {"t": -3.5}]}, {"co2": 612.0, "outer": -3.5}),
        (17.25, {"raw": 17.25}),
        ({"air": {"co2": 612}}, {"co2": 612.0}),
        ({"air": 7}, {}),
    ],
)
def test_paths_reach_into_what_the_device_sends(payload: Any, readings: dict[str, float]) -> None:
    assert heard(payload)[0] == readings


def test_what_is_no_json_or_too_deep_is_refused() -> None:
    for payload in (b"20,5", b"[" * 100_000, json.dumps({"a": [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}).encode()):
        with pytest.raises(DecodeError):
            plain_json.decode(payload)


def test_a_press_on_a_shelly_is_an_event() -> None:
    pressed = {"component": "input:0", "id": 0, "event": "double_push", "ts": 1680962999.5}
    message = {"method": "NotifyEvent", "params": {"ts": 1680962999.5, "events": [pressed, {"component": "sys"}]}}
    (event,) = shelly(json.dumps(message).encode()).events
    assert (event.path, event.type) == ("input:0", "input.double_push")
