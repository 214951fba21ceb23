"""Recorded samples of every format: payload in, expected readings, events and refusals out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.decoders import chirpstack, things_stack
from gateway.decoders.decoded import Decoded
from gateway.device_reader import reader_of
from gateway.drivers.mqtt import MqttDriver
from gateway.event_time import ClockLimits
from gateway.pseudonyms import Pseudonyms
from gateway.readings import Pipeline
from gateway.refusals import Refusals
from gateway.routing import plan_routes
from tests.gateway_site import GATEWAY, PROFILES, data, mqtt_device, site_of
from tests.still_bus import StillBus
from tests.unit.gateway.samples import payload_of
from tests.unit.gateway.sink import Remembered

NOW = 1_790_000_000_000
CASES = sorted(data("decoders").glob("*/*.json"))
BIN = ", bin: {depth_mm: 1200, dead_zone_mm: 250}"
TOPICS = {"sparkplug_b": "spBv1.0/base/+/edge/{}"}
PSEUDONYMS = Pseudonyms(b"k" * 32)


def expected_data(rows: dict[str, Any]) -> dict[str, Any]:
    """`{card:uid}` stands for the pseudonym."""
    return {
        key: PSEUDONYMS.of(*value[1:-1].split(":")) if isinstance(value, str) and value.startswith("{") else value
        for key, value in rows.items()
    }


@pytest.mark.parametrize("path", CASES, ids=[f"{p.parent.name}/{p.stem}" for p in CASES])
def test_sample(path: Path) -> None:
    case = json.loads(path.read_text())
    extra = f", bin: {json.dumps(case['bin'])}" if "bin" in case else ""
    site = site_of([mqtt_device("d", case["profile"], case["device_topic"], extra)])
    sink, refusals = Remembered(), Refusals()
    pipeline = Pipeline(sink, refusals, PSEUDONYMS, ClockLimits(60_000, 86_400_000))
    readers = {"d": reader_of(site, site.devices["d"])}
    bus = StillBus(retained=case.get("retained", False))
    driver = MqttDriver(bus, pipeline, refusals, lambda: NOW, lambda: None)
    driver.listen(plan_routes(site, GATEWAY, readers))

    # Its clock is known and the gateway has just come back: the sample's own time is believed, however old.
    readers["d"].clock.offset = 0
    driver.start()
    for earlier in case.get("before", []):
        driver.on_message(earlier["topic"], payload_of(earlier))
    sink.readings.clear()
    driver.on_message(case.get("topic", case["device_topic"]), payload_of(case))

    assert [[p.removeprefix("d."), x, q] for p, _, x, q, _ in sink.readings] == case["readings"]
    assert [[e.point.removeprefix("d."), e.type, e.data] for e, _ in sink.events] == [
        [point, kind, expected_data(rows)] for point, kind, rows in case.get("events", [])
    ]
    assert sorted(row.reason for row in refusals.rows()) == sorted(case["refused"])
    if "t" in case:
        assert {t for _, t, *_ in sink.readings} | {e.t for e, _ in sink.events} <= {case["t"]}
    for point, _, _, _, urgent in sink.readings:
        assert urgent is (site.points[point].lane.value == "urgent")


def test_every_shipped_mqtt_profile_has_a_decoder_and_its_codec() -> None:
    rows = [
        mqtt_device(
            profile.id,
            profile.id,
            TOPICS.get(profile.decoder, "base/{}").format(profile.id),
            BIN if "fill" in profile.measures else "",
        )
        for profile in PROFILES.values()
        if profile.decoder != "modbus"
    ]
    site = site_of(rows)
    readers = {device.id: reader_of(site, device) for device in site.devices.values()}
    assert plan_routes(site, GATEWAY, readers).filters


@pytest.mark.parametrize(
    ("sample", "decode"), [("chirpstack/bin", chirpstack.decode), ("things_stack/wet", things_stack.decode)]
)
def test_uplinks_are_numbered_so_that_a_gap_is_noticed(sample: str, decode: Callable[[bytes, None], Decoded]) -> None:
    """A number that is left out says nothing: both servers leave out zero."""
    message = json.loads(data("decoders", f"{sample}.json").read_text())["payload"]
    uplink = message.get("uplink_message", message)
    for number in (7, None):
        uplink.pop("f_cnt", None)
        uplink.pop("fCnt", None)
        if number is not None:
            uplink["f_cnt" if "uplink_message" in message else "fCnt"] = number
        assert decode(json.dumps(message).encode(), None).sequence == number
