"""The pipeline beyond what samples show: lost devices, polled points, refusals, settings, small pure parts."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.frames import FrameBuilder, FrameEvent
from community.quality import Quality
from community.site.devices import Bin, DeviceMode
from community.site.profile import Lane
from gateway.backoff import LONGEST_S, BackOff
from gateway.batches import Batches
from gateway.decoders.decoded import Decoded, DecodeError
from gateway.decoders.formats import FORMATS
from gateway.device_reader import reader_of
from gateway.event_time import ClockLimits
from gateway.measures import ValueRefusedError, fill_level, number
from gateway.pseudonyms import PseudonymKeyError, Pseudonyms
from gateway.readings import FAILURE_REPEAT_MS, Pipeline
from gateway.refusals import OTHERS, QUIET_MS, ROWS, SHOWN, Refusals
from gateway.settings import GatewaySettings, GatewaySettingsError, gateway_of, sensor_broker
from tests.gateway_site import modbus_device, mqtt_device, site_of
from tests.unit.gateway.sink import Remembered

NOW = 1_790_000_000_000
LOST = int(Quality.COMMUNICATION_FAILURE)
LIMITS = ClockLimits(60_000, 86_400_000)
SITE = site_of(
    [
        mqtt_device("smoke", "zigbee2mqtt-smoke", "zigbee2mqtt/smoke"),
        modbus_device("doors", "waveshare-relay-8", 15020, 1, ", every: 10s"),
    ]
)


def pipeline() -> tuple[Pipeline, Remembered, Refusals]:
    sink, refusals = Remembered(), Refusals()
    return Pipeline(sink, refusals, Pseudonyms(b"k" * 32), LIMITS), sink, refusals


def test_a_lost_device_repeats_its_last_values_flagged_at_a_bounded_rate() -> None:
    pipe, sink, _ = pipeline()
    reader = reader_of(SITE, SITE.devices["smoke"])
    pipe.lost(reader, "offline", NOW)
    assert sink.readings == [], "nothing is known, and nothing is made up"
    pipe.accept(reader, Decoded({"smoke": True, "online": True}), "x", NOW)
    sink.readings.clear()
    every = int(SITE.points["smoke.smoke"].every_s * 1000)
    for at in (0, 1_000, FAILURE_REPEAT_MS, every - 1, every):
        pipe.lost(reader, "offline", NOW + at)
    assert [(p, t - NOW, x, q) for p, t, x, q, _ in sink.readings] == [
        ("smoke.smoke", 0, 1.0, LOST),
        ("smoke.smoke", every, 1.0, LOST),
    ]
    assert (reader.error, reader.failing_since) == ("offline", NOW)
    pipe.accept(reader, Decoded({"smoke": False}), "x", NOW + every + 1)
    assert sink.readings[-1][2:4] == (0.0, 0)
    assert reader.error is None


def test_a_polled_urgent_point_speaks_on_change_and_at_its_interval() -> None:
    pipe, sink, _ = pipeline()
    reader = reader_of(SITE, SITE.devices["doors"])
    for at, value in ((0, 1.0), (500, 1.0), (1_000, 0.0), (1_500, 0.0), (10_999, 0.0), (11_000, 0.0)):
        pipe.accept(reader, Decoded({"relay-1": value}), "x", NOW + at, polled=True)
    assert [(t - NOW, x) for _, t, x, _, _ in sink.readings] == [(0, 1.0), (1_000, 0.0), (11_000, 0.0)]


def test_a_device_that_falls_silent_has_stale_points_and_recovers() -> None:
    pipe, sink, _ = pipeline()
    reader = reader_of(SITE, SITE.devices["smoke"])
    every = int(SITE.points["smoke.smoke"].every_s * 1000)
    pipe.pass_time([reader], 10 * every, NOW)
    assert sink.readings == [], "nothing is known, and nothing is made up"
    pipe.accept(reader, Decoded({"smoke": True, "battery": 80, "online": True}), "x", NOW)
    pipe.pass_time([reader], 2 * every, NOW)
    pipe.accept(reader, Decoded({"battery": 79}), "x", NOW)
    sink.readings.clear()
    pipe.pass_time([reader], 3 * every - 1, NOW)
    assert sink.readings == [], "any word of the device counts"
    for _ in range(3):
        pipe.pass_time([reader], every, NOW + 1)
    assert {(p, x, q) for p, _, x, q, _ in sink.readings} == {
        ("smoke.smoke", 1.0, int(Quality.STALE)),
        ("smoke.battery", 79.0, int(Quality.STALE)),
    }
    assert len(sink.readings) == 2, "once"
    pipe.accept(reader, Decoded({"smoke": True}), "x", NOW + 2)
    assert sink.readings[-1][2:4] == (1.0, 0)


def test_what_never_changes_is_uncertain_until_it_does() -> None:
    profile = (
        "id: still\nproduct: t\nmaker: t\nsource: t\nfamily: environment\ndecoder: modbus\nevery: 10s\n"
        "measures:\n  level: {name: {zh: 水位}, stuck_after: 60s, modbus: {function: 3, address: 0}}\n"
    )
    site = site_of([modbus_device("tank", "still", 15020, 1)], profiles={"still.yaml": profile})
    pipe, sink, _ = pipeline()
    reader = reader_of(site, site.devices["tank"])
    for x in (*[2.0] * 8, 3.0):
        pipe.accept(reader, Decoded({"level": x}), "x", NOW)
        pipe.pass_time([reader], 10_000, NOW)
    flags = [q for _, _, _, q, _ in sink.readings]
    assert flags == [0] * 6 + [int(Quality.UNCERTAIN)] * 2 + [0]


@pytest.mark.parametrize(("mode", "flag"), [("test", Quality.TEST_MODE), ("disabled", Quality.DISABLED)])
def test_a_mode_is_said_with_every_value_and_at_once(mode: str, flag: Quality) -> None:
    site = site_of([mqtt_device("smoke", "zigbee2mqtt-smoke", "z/smoke", f", mode: {mode}")])
    pipe, sink, _ = pipeline()
    reader = reader_of(site, site.devices["smoke"])
    pipe.accept(reader, Decoded({"smoke": True}), "x", NOW)
    pipe.set_mode(reader, DeviceMode.NORMAL, NOW + 1)
    pipe.set_mode(reader, DeviceMode(mode), NOW + 2)
    pipe.accept(reader, Decoded({"smoke": False}), "x", NOW + 3)
    assert [(x, q) for _, _, x, q, _ in sink.readings] == [(1.0, flag), (1.0, 0), (1.0, flag), (0.0, flag)]


@given(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.lists(st.integers())
    | st.dictionaries(st.text(), st.integers()),
    st.booleans(),
)
def test_whatever_is_sent_a_value_is_a_finite_number_or_refused(value: object, boolean: bool) -> None:
    with contextlib.suppress(ValueRefusedError):
        x = number(value, boolean=boolean)
        assert abs(x) < float("inf")
        assert not boolean or x in {0.0, 1.0}


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode), st.sampled_from(sorted(FORMATS)))
def test_no_payload_crashes_a_decoder(payload: bytes, name: str) -> None:
    for route in FORMATS[name].routes("a/b/c", None):
        with contextlib.suppress(DecodeError):
            assert isinstance(route.decode(payload), Decoded)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
KEYS = ["type", "time", "isKnown", "access", "doorName", "hostname", "uid", "username", "src", "desc", "last_seen"]


@given(st.dictionaries(st.sampled_from([*KEYS, "deviceInfo", "data", "object", "rxInfo", "smoke", "test"]), JSON))
def test_no_json_crashes_a_decoder(message: dict[str, Any]) -> None:
    for vendor in FORMATS.values():
        for route in vendor.routes("a/b/c", lambda raw: {"n": len(raw)}):
            with contextlib.suppress(DecodeError):
                assert isinstance(route.decode(json.dumps(message).encode()), Decoded)


@pytest.mark.parametrize(
    ("distance", "tilted", "expected"),
    [
        (1200, False, (0.0, 0)),
        (250, False, (100.0, 0)),
        (725, None, (50.0, 0)),
        (60, False, (100.0, 0)),
        (725, True, (50.0, 1)),
        (3000, False, (0.0, 1)),
        ("far", False, None),
        (True, False, None),
    ],
)
def test_fill_level(distance: object, tilted: object, expected: tuple[float, int] | None) -> None:
    level = fill_level(distance, Bin(depth_mm=1200, dead_zone_mm=250), tilted)
    assert (level is None) is (expected is None)
    if level is not None and expected is not None:
        assert level[0] == pytest.approx(expected[0])
        assert level[1] == expected[1]


def test_a_bin_without_room_has_no_fill_level() -> None:
    assert fill_level(100, Bin(depth_mm=200, dead_zone_mm=200), False) is None


def test_refusals_are_bounded_and_the_status_shows_the_most_frequent() -> None:
    refusals = Refusals()
    for source in range(ROWS + 500):
        refusals.count(f"topic/{source}", "unknown device", NOW)
    for _ in range(3):
        refusals.count("topic/7", "unknown device", NOW + 1)
    rows = refusals.rows()
    assert len(rows) == SHOWN
    assert (rows[0].source, rows[0].times) == (OTHERS, 500)
    assert (rows[1].source, rows[1].times, rows[1].last) == ("topic/7", 4, NOW + 1)
    assert refusals.total == ROWS + 503


def test_a_repeated_failure_is_said_once_then_its_recovery(capsys: pytest.CaptureFixture[str]) -> None:
    refusals = Refusals()
    for at in range(5):
        refusals.count("topic", "not JSON", NOW + at)
    refusals.recovered("topic")
    refusals.recovered("topic")
    refusals.count("topic", "not JSON", NOW + 10)
    refusals.recovered("topic")
    said = capsys.readouterr().out
    assert said.count("refused") == 1
    assert said.count("accepted again") == 1
    refusals.count("topic", "not JSON", NOW + QUIET_MS)
    assert capsys.readouterr().out.count("refused") == 1


class Store:
    """Keeps the sizes of frames by lane."""

    def __init__(self) -> None:
        self.frames: list[tuple[Lane, int]] = []

    def put(self, lane: Lane, builder: FrameBuilder, now: int) -> None:
        self.frames.append((lane, len(builder)))
        builder.seal(epoch=1, seq=1, sent=now)


def test_urgent_leaves_at_once_and_bulk_by_number_or_age() -> None:
    store = Store()
    batches = Batches(store, bulk_readings=3, bulk_age_ms=200)
    batches.add("a.b", NOW, 1.0, 0, False)
    batches.add("a.c", NOW, 1.0, 0, True)
    batches.add_event(FrameEvent("a.d", NOW, "access.granted"), True)
    batches.end(NOW)
    assert store.frames == [(Lane.URGENT, 2)]
    batches.flush_aged(NOW + 199)
    assert len(store.frames) == 1
    batches.flush_aged(NOW + 200)
    assert store.frames[1:] == [(Lane.BULK, 1)]
    for _ in range(4):
        batches.add("a.b", NOW, 1.0, 0, False)
    batches.end(NOW + 300)
    assert store.frames[2:] == [(Lane.BULK, 4)]
    batches.flush(NOW + 400)
    assert len(store.frames) == 3
    batches.add("a.b", NOW, 1.0, 0, False)
    batches.end(NOW + 500)
    batches.flush_aged(NOW - 3_600_000)
    assert len(store.frames) == 4, "a clock set back holds nothing up"


def test_an_urgent_repeat_shares_a_frame_and_goes_with_the_news_in_order() -> None:
    store = Store()
    batches = Batches(store, bulk_readings=3, bulk_age_ms=200)
    for x in (0.0, 0.0, 0.0):
        batches.add("a.smoke", NOW, x, 0, True)
        batches.end(NOW)
    assert store.frames == [(Lane.URGENT, 1)], "the first is news; that it is still quiet is not"
    batches.add("a.smoke", NOW, 1.0, 0, True)
    batches.end(NOW)
    assert store.frames[1:] == [(Lane.URGENT, 3)], "smoke leaves at once, behind what was said before it"
    batches.add("a.smoke", NOW, 1.0, 0, True)
    batches.end(NOW)
    batches.flush_aged(NOW + 1)
    assert store.frames[2:] == [(Lane.URGENT, 1)], "a repeat waits for the next tick, whatever the age of bulk"
    batches.add("a.smoke", NOW, 1.0, 2, True)
    batches.end(NOW)
    assert store.frames[3:] == [(Lane.URGENT, 1)], "another quality is news"


def test_back_off_of_a_unit() -> None:
    unit = BackOff()
    assert not unit.failed(0.0), "one lost answer is no failure"
    assert unit.may_try(0.0)
    waits = []
    now = 0.0
    for _ in range(8):
        assert unit.failed(now)
        waits.append(unit.not_before - now)
        now = unit.not_before
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_S, LONGEST_S, LONGEST_S]
    unit.answered()
    assert unit.may_try(0.0)


def test_pseudonyms_are_stable_keyed_and_their_key_private(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "key"
    first, second = Pseudonyms.open(path), Pseudonyms.open(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert first.of("card", "BA839D07") == second.of("card", "ba839d07 ")
    assert first.of("card", "x") != first.of("person", "x")
    assert first.of("card", "x") != Pseudonyms(b"o" * 32).of("card", "x")
    path.write_bytes(b"short")
    with pytest.raises(PseudonymKeyError, match="5 bytes"):
        Pseudonyms.open(path)


def test_which_gateway_this_is() -> None:
    assert gateway_of(GatewaySettings(), SITE).id == "gw-1"
    with pytest.raises(GatewaySettingsError, match="the site has: gw-1"):
        gateway_of(GatewaySettings(gateway="gw-9"), SITE)
    several = site_of(
        [mqtt_device("b", "zigbee2mqtt-smoke", "z/b")], elsewhere=[mqtt_device("a", "zigbee2mqtt-smoke", "z/a")]
    )
    with pytest.raises(GatewaySettingsError, match="several gateways: gw-1, gw-2"):
        gateway_of(GatewaySettings(), several)


def test_where_the_sensors_broker_is() -> None:
    rows = [mqtt_device("b", "zigbee2mqtt-smoke", "z/b")]
    assert sensor_broker(site_of(rows).gateways["gw-1"]) is None
    assert sensor_broker(site_of(rows, mqtt="mqtt://10.0.0.1:1883").gateways["gw-1"]) == "mqtt://10.0.0.1:1883"
    named = site_of(rows, mqtt="env:LOCAL_MQTT").gateways["gw-1"]
    assert sensor_broker(named, {"LOCAL_MQTT": "mqtt://h"}) == "mqtt://h"
    with pytest.raises(GatewaySettingsError, match="LOCAL_MQTT, which is not set"):
        sensor_broker(named, {})


def test_consumers_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_CONSUMERS", "ingest, rules,replica")
    assert GatewaySettings().consumers == ("ingest", "rules", "replica")
    monkeypatch.setenv("ANJU_CONSUMERS", " ,")
    with pytest.raises(ValueError, match="at least one consumer"):
        GatewaySettings()
