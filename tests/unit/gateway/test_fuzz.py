"""No bytes from outside crash a decoder or codec, and whatever is refused is counted with a reason.

Formats and codecs come from their registries: a new one is fuzzed without being named here.
`ANJU_FUZZ_EXAMPLES=20000` looks longer, and elsewhere at every run.
"""

import json
import os
from collections.abc import Mapping
from functools import cache
from math import isfinite
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from community.site.profile import Profile
from community.site.site import Site
from gateway.codecs import CODECS
from gateway.decoders.decoded import DecodeError
from gateway.decoders.formats import FORMATS, conversation_named, format_named
from gateway.device_reader import reader_of
from gateway.drivers.mqtt import MqttDriver
from gateway.event_time import ClockLimits
from gateway.pseudonyms import Pseudonyms
from gateway.readings import Pipeline
from gateway.refusals import Refusals
from gateway.routing import plan_routes
from tests.gateway_site import GATEWAY, PROFILES, mqtt_device, site_of
from tests.still_bus import StillBus
from tests.unit.gateway.samples import payload_of, samples_of
from tests.unit.gateway.sink import Remembered

EXAMPLES = int(os.environ.get("ANJU_FUZZ_EXAMPLES", "0"))
NOW = 1_790_000_000_000
REASON_LIMIT = 120
SMALL = 4096
MQTT_PROFILES = {name: profile for name, profile in PROFILES.items() if profile.decoder != "modbus"}

fuzzed = settings(
    max_examples=EXAMPLES or 25,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

HOSTILE = {
    "empty": b"",
    "zero bytes": bytes(64),
    "not UTF-8": b'{"time":"\xff\xfe","type":"\xc3\x28"}',
    "lone surrogates": b'{"a":"\\ud800","state":"\\udfff"}',
    "lists in lists": b"[" * 100_000,
    "objects in objects": b'{"a":' * 50_000,
    "endless digits": b'{"time":' + b"9" * 10_000 + b"}",
    "endless exponent": b'{"temperature":1e999999999,"time":-1e400}',
    "no number": b'{"temperature":NaN,"time":Infinity}',
    "a key twice": b'{"time":1,"time":{}}',
    "a word and more": b"offline\x00online",
}

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["true", "online", "Denied", "AXVc", "ö", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+23:59"]
    )
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def places(value: object, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where something stands in a JSON value."""
    parts: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    return [above] + [place for key, part in parts for place in places(part, (*above, key))]


def replaced(value: Any, place: tuple[str | int, ...], new: object) -> Any:
    """`value` with `new` at `place`."""
    if not place:
        return new
    if isinstance(value, dict):
        return {key: replaced(part, place[1:], new) if key == place[0] else part for key, part in value.items()}
    return [replaced(part, place[1:], new) if at == place[0] else part for at, part in enumerate(value)]


def payloads(decoder: str) -> st.SearchStrategy[bytes]:
    """Recorded messages with a part replaced, cut short or overwritten, any JSON, and any bytes."""
    samples = [payload for sample in samples_of(decoder) if len(payload := payload_of(sample)) < SMALL]

    @st.composite
    def bent(draw: st.DrawFn) -> bytes:
        how = draw(st.sampled_from(["part", "part", "cut", "bytes", "json", "any"] if samples else ["json", "any"]))
        if how == "json":
            return json.dumps(draw(anything)).encode()
        if how == "any":
            return draw(st.binary(max_size=200))
        payload = draw(st.sampled_from(samples))
        if how == "cut":
            return payload[: draw(st.integers(0, len(payload)))]
        if how == "bytes":
            at = draw(st.integers(0, len(payload)))
            return payload[:at] + draw(st.binary(min_size=1, max_size=4)) + payload[at + 1 :]
        try:
            message = json.loads(payload)
        except ValueError:
            return payload
        new = draw(scalars if draw(st.booleans()) else anything)
        return json.dumps(replaced(message, draw(st.sampled_from(places(message))), new)).encode()

    return bent()


def check_reason(reason: str) -> None:
    assert reason.strip(), "a refusal says why"
    assert len(reason) <= REASON_LIMIT, "and does not repeat the message"


@cache
def site_with(profile_id: str) -> tuple[Site, list[str]]:
    """A site with one device of a profile, and the topics it speaks on."""
    profile = MQTT_PROFILES[profile_id]
    samples = [s for s in samples_of(profile.decoder.replace("-", "_")) if s["profile"] == profile.id]
    topic = samples[0]["device_topic"] if samples else "base/device"
    extra = ", bin: {depth_mm: 1200, dead_zone_mm: 250}" if "fill" in profile.measures else ""
    site = site_of([mqtt_device("d", profile.id, topic, extra)])
    if conversation_named(profile.decoder) is not None:
        return site, sorted({sample["topic"] for sample in samples if "edge-1" in sample["topic"]})
    return site, [route.topic for route in format_named(profile.decoder).routes(topic, None)]


class Gateway:
    """One device of a profile, and what came of its messages."""

    def __init__(self, profile: Profile) -> None:
        site, self.topics = site_with(profile.id)
        self.sink, self.refusals = Remembered(), Refusals()
        pipeline = Pipeline(self.sink, self.refusals, Pseudonyms(b"k" * 32), ClockLimits(60_000, 86_400_000))
        readers = {"d": reader_of(site, site.devices["d"])}
        self.driver = MqttDriver(StillBus(), pipeline, self.refusals, lambda: NOW, lambda: None)
        self.driver.listen(plan_routes(site, GATEWAY, readers))
        self.known = set(site.points)

    def hear(self, payload: bytes) -> None:
        """The same bytes on every topic of the device."""
        for topic in self.topics:
            self.driver.on_message(topic.replace("+", "any"), payload)
        for row in self.refusals.rows():
            assert row.reason != "unexpected error, see the log", payload
            check_reason(row.reason)
        for point, t, x, _q, _urgent in self.sink.readings:
            assert point in self.known
            assert isfinite(x)
            assert 0 <= t < 2**53
        assert self.driver.messages == len(self.topics), "no message goes by unnoticed"


@pytest.mark.parametrize("profile", MQTT_PROFILES.values(), ids=MQTT_PROFILES.keys())
@fuzzed
@given(st.data())
def test_a_device_of_any_profile_may_send_anything(profile: Profile, data: st.DataObject) -> None:
    Gateway(profile).hear(data.draw(payloads(profile.decoder.replace("-", "_"))))


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("profile", MQTT_PROFILES.values(), ids=MQTT_PROFILES.keys())
def test_hostile_messages_are_survived(profile: Profile, payload: bytes) -> None:
    Gateway(profile).hear(payload)


@pytest.mark.parametrize("name", FORMATS)
@fuzzed
@given(st.data())
def test_a_format_decodes_or_says_why_not(name: str, data: st.DataObject) -> None:
    payload = data.draw(payloads(name))
    for codec in (None, *CODECS.values()):
        for route in FORMATS[name].routes("base/device", codec):
            try:
                decoded = route.decode(payload)
            except DecodeError as error:
                check_reason(str(error))
                continue
            for problem in decoded.problems:
                check_reason(problem)


def check_values(values: Mapping[str, object]) -> None:
    if "problem" in values:
        check_reason(str(values["problem"]))
    assert all(isfinite(value) for value in values.values() if isinstance(value, float))


@pytest.mark.parametrize("name", CODECS)
@fuzzed
@given(st.binary(max_size=64))
def test_a_codec_reads_any_bytes_or_says_why_not(name: str, payload: bytes) -> None:
    try:
        check_values(CODECS[name](payload))
    except DecodeError as error:
        check_reason(str(error))


@pytest.mark.parametrize("name", CODECS)
def test_a_codec_reads_every_short_payload_of_one_byte_repeated(name: str) -> None:
    """Lengths decide much in these formats: every one up to the longest LoRaWAN payload is tried."""
    for size in range(243):
        for byte in (0x00, 0x01, 0x7F, 0x80, 0xFF):
            try:
                check_values(CODECS[name](bytes([byte]) * size))
            except DecodeError as error:
                check_reason(str(error))
