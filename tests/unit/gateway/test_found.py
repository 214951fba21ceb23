"""Devices that announce themselves: who is found, what is proposed, and that pasting the proposal makes a good site."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone import found
from backbone.found import FoundList
from community.site.adoption import KnownTopics, propose
from community.site.load import load_profiles, load_site
from gateway.announcements.sources import SOURCES
from gateway.decoders.decoded import DecodeError
from gateway.found_devices import KEPT_MS, MOST, FoundDevices
from tests.gateway_site import GATEWAY, PROFILES, mqtt_device, site_of, site_text
from tests.unit.gateway.announced import CASES, hear, messages_of
from tests.unit.gateway.test_fuzz import anything, check_reason, fuzzed, places, replaced, scalars

NOW = 1_790_000_000_000
SITE = site_of([mqtt_device("known", "zigbee2mqtt-climate", "zigbee2mqtt/known")])
NOBODY: frozenset[str] = frozenset()


def listed(case: dict[str, Any]) -> FoundDevices:
    devices = FoundDevices()
    for at, (topic, payload) in enumerate(messages_of(case)):
        hear(devices, topic, payload, NOW + at)
    return devices


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_recorded_announcements_are_found_and_their_lines_make_a_good_site(case: dict[str, Any]) -> None:
    rows = listed(case).rows(KnownTopics(SITE), NOW)
    proposals = propose([row.device for row in rows], SITE, GATEWAY)
    shown: list[dict[str, Any]] = [
        {
            "topic": row.device.topic,
            "maker": row.device.maker,
            "model": row.device.model,
            "match": proposal.match.value,
            "profile": proposal.profile,
            "unread": list(proposal.unread),
        }
        for row, proposal in zip(rows, proposals, strict=True)
    ]
    assert sorted(shown, key=lambda row: row["topic"]) == sorted(case["found"], key=lambda row: row["topic"])
    pasted = site_text([mqtt_device("known", "zigbee2mqtt-climate", "zigbee2mqtt/known")])
    pasted += "".join(f"{proposal.row}\n" for proposal in proposals if proposal.row)
    drafts = {f"{proposal.profile}.yaml": proposal.draft for proposal in proposals if proposal.draft}
    site = load_site(pasted, {**PROFILES, **load_profiles(drafts)})
    assert len(site.devices) == 1 + sum(proposal.row is not None for proposal in proposals)
    assert not FoundDevices().rows(KnownTopics(site), NOW)
    adopted = {row.device.topic for row, proposal in zip(rows, proposals, strict=True) if proposal.row}
    assert all(topic in KnownTopics(site) for topic in adopted), "who was taken up is not offered again"


def test_what_two_announce_is_one_device() -> None:
    """Zigbee2MQTT lists its devices and announces them to Home Assistant too."""
    devices = listed(CASES["home-assistant-of-zigbee2mqtt"])
    bridge = [{"friendly_name": "0x00158d000205d552", "definition": {"vendor": "Feibit", "model": "SCA01ZB"}}]
    hear(devices, "zigbee2mqtt/bridge/devices", msgspec.json.encode(bridge), NOW + 9)
    (row,) = devices.rows(NOBODY, NOW + 9)
    assert (row.device.source, row.device.model, row.first, row.last, row.times) == (
        "zigbee2mqtt",
        "SCA01ZB",
        NOW,
        NOW + 9,
        5,
    )
    assert {"tamper", "battery"} <= {value.path for value in row.device.values}


def test_a_device_of_the_site_is_known_however_its_topic_is_written() -> None:
    site = site_of(
        [
            mqtt_device("bin", "dragino-lwl02", "application/+/device/0101/event/up"),
            mqtt_device("room", "sparkplug-room", "spBv1.0/plant/DDATA/edge-1/room-1"),
            mqtt_device("air", "tasmota-bme280", "tele/air/SENSOR"),
        ],
        elsewhere=[mqtt_device("theirs", "zigbee2mqtt-climate", "zigbee2mqtt/theirs")],
    )
    known = KnownTopics(site)
    for topic in (
        "application/7/device/0101/event/up",
        "spBv1.0/plant/+/edge-1/room-1",
        "tele/air",
        "zigbee2mqtt/theirs",
    ):
        assert topic in known
    for topic in ("application/7/device/0102/event/up", "spBv1.0/plant/+/edge-1/room-2", "tele/air2", "zigbee2mqtt"):
        assert topic not in known


def test_what_was_an_event_grows_old_and_what_stands_does_not() -> None:
    devices = listed(CASES["chirpstack-join"])
    hear(devices, *messages_of(CASES["zigbee2mqtt-device-left"])[1], NOW)
    assert len(devices.rows(NOBODY, NOW + KEPT_MS)) == 2
    (row,) = devices.rows(NOBODY, NOW + KEPT_MS + 1)
    assert row.device.source == "zigbee2mqtt"


def test_a_flood_of_strangers_is_bounded_and_counted() -> None:
    devices = FoundDevices()
    for number in range(MOST + 50):
        hear(devices, f"shellyplusht-{number:012x}/online", b"true", NOW + number)
    rows = devices.rows(NOBODY, NOW)
    assert len(rows) == MOST
    assert devices.crowded_out == 50
    assert rows[0].device.topic == f"shellyplusht-{MOST + 49:012x}"
    long = "x" * 110
    many = tuple(
        found.FoundRow(row.device.__class__("shelly", "shelly", long * 2, long, long, long), 1, 1, 1) for row in rows
    )
    list_ = found.decode(found.encode(FoundList(NOW, many)))
    assert len(list_.devices) + list_.left_off == MOST
    assert list_.left_off > 0


def test_names_that_are_numbers_or_words_of_yaml_stay_texts() -> None:
    names = ["0x00158d0001", "yes", "12", "1e5", "null", "a: b", "水泵 #1", '"', "- {"]
    devices = FoundDevices()
    bridge = [{"friendly_name": name, "definition": {"exposes": []}} for name in names]
    hear(devices, "z2m/bridge/devices", msgspec.json.encode(bridge), NOW)
    for name in names:
        exposes = [{"type": "numeric", "property": "co2", "access": 1}]
        row = {"friendly_name": name, "definition": {"vendor": name, "model": name, "exposes": exposes}}
        hear(devices, "z2m/bridge/devices", msgspec.json.encode([row]), NOW)
        announced = [row.device for row in devices.rows(NOBODY, NOW)]
        if not announced:
            assert "#" in name
            continue
        (proposal,) = propose(announced, SITE, GATEWAY)
        assert proposal.draft is not None
        profiles = {**PROFILES, **load_profiles({"own.yaml": proposal.draft})}
        site = load_site(site_text([]).replace("devices:", f"devices:\n{proposal.row}"), profiles)
        assert [device.mqtt.topic for device in site.devices.values() if device.mqtt] == [f"z2m/{name}"]


MESSAGES = [message for case in CASES.values() for message in messages_of(case)]


@st.composite
def bent(draw: st.DrawFn) -> tuple[str, bytes]:
    """A recorded announcement with a part replaced, cut short or overwritten, any JSON, and any bytes."""
    topic, payload = draw(st.sampled_from(MESSAGES))
    how = draw(st.sampled_from(["part", "part", "part", "cut", "bytes", "json", "any"]))
    if how == "json":
        return topic, msgspec.json.encode(draw(anything))
    if how == "any":
        return topic, draw(st.binary(max_size=200))
    if how == "cut":
        return topic, payload[: draw(st.integers(0, len(payload)))]
    if how == "bytes":
        at = draw(st.integers(0, len(payload)))
        return topic, payload[:at] + draw(st.binary(min_size=1, max_size=4)) + payload[at + 1 :]
    try:
        message = msgspec.json.decode(payload)
    except ValueError:
        return topic, payload
    new = draw(scalars if draw(st.booleans()) else anything)
    return topic, msgspec.json.encode(replaced(message, draw(st.sampled_from(places(message))), new))


@fuzzed
@given(st.lists(bent(), min_size=1, max_size=4))
def test_no_announcement_crashes_or_hangs_and_what_is_proposed_is_good(messages: list[tuple[str, bytes]]) -> None:
    devices = FoundDevices()
    for topic, payload in messages:
        try:
            hear(devices, topic, payload, NOW)
        except DecodeError as error:
            check_reason(str(error))
    rows = devices.rows(NOBODY, NOW)
    assert found.decode(found.encode(FoundList(NOW, tuple(rows)))).devices == tuple(rows)
    for row, proposal in zip(rows, propose([row.device for row in rows], SITE, GATEWAY), strict=True):
        if proposal.row is not None:
            drafts = {"own.yaml": proposal.draft} if proposal.draft else {}
            profiles = {**PROFILES, **load_profiles(drafts)}
            site = load_site(site_text([]).replace("devices:", f"devices:\n{proposal.row}"), profiles)
            assert row.device.topic in KnownTopics(site)


def test_every_source_has_a_recorded_announcement() -> None:
    heard = {row.device.source for case in CASES.values() for row in listed(case).rows(NOBODY, NOW)}
    assert heard == {source.name for source in SOURCES}
