"""Each sensor family's trouble, from a device's own message to what the guide asks for."""

import base64
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.program import Outside, Program
from tests.servers import wait_until

SHORTER = {"for: 5m\n    risk: low\n    message: {zh: 温度过高": "for: 2s\n    risk: low\n    message: {zh: 温度过高"}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The demo without its simulator: the tests are the devices; and a delay of 5 min is 2 s."""
    running = Program(tmp_path_factory.mktemp("families"), simulate=False, changes=SHORTER).start()
    try:
        yield running
    finally:
        running.stop()


def uplink(eui: str, payload: bytes) -> dict[str, Any]:
    """A ChirpStack v4 event."""
    return {
        "deduplicationId": "1",
        "time": datetime.now(UTC).isoformat(),
        "deviceInfo": {"devEui": eui, "deviceName": "bin"},
        "fPort": 85,
        "data": base64.b64encode(payload).decode(),
    }


def bin_eui(program: Program) -> str:
    """The first bin sensor's EUI in the site file."""
    line = next(row for row in program.site.read_text().splitlines() if "id: bin-1," in row)
    return line.split("/device/")[1].split("/")[0]


def test_a_bin_that_fills_is_a_ticket_with_deadlines(program: Program, outside: Outside) -> None:
    """Nearly full is a low risk: a ticket for the crew, answered within 2 h, and no alarm."""
    outside.listen("anju/v1/jinxiu/events/#")
    eui = bin_eui(program)
    distance = round(1200 - 0.85 * (1200 - 250))
    payload = b"\x01\x75\x5c\x03\x82" + struct.pack("<H", distance) + b"\x04\x00\x00"
    outside.publish(f"application/1/device/{eui}/event/up", uplink(eui, payload))
    _, ticket, _ = outside.wait_for("events/ticket", lambda e: "bin-nearly-full" in e["source"])
    assert ticket["state"] == "reported"
    assert ticket["zone"] == "refuse"
    assert ticket["respond_by"] - ticket["reported_at"] == 2 * 3_600_000
    assert not outside.heard("events/alarm", lambda e: e["rule"] == "bin-nearly-full")
    with program.client() as api:
        shown = api.get("/points/bin-1.fill").json()
        assert shown["value"] == pytest.approx(85, abs=0.2)


def test_heat_beyond_its_delay_is_one_ticket(program: Program, outside: Outside) -> None:
    """One sample over the limit is nothing; over the limit for the delay is one ticket, and no second one."""
    outside.listen("anju/v1/jinxiu/events/#")
    topic = "zigbee2mqtt/climate-b4-f1"
    outside.publish(topic, {"temperature": 45.0, "humidity": 30, "battery": 90})
    outside.publish(topic, {"temperature": 25.0, "humidity": 30, "battery": 90})
    outside.publish(topic, {"temperature": 45.0, "humidity": 30, "battery": 90})
    assert not outside.heard("events/ticket", lambda e: "too-hot" in e["source"])
    _, ticket, _ = outside.wait_for("events/ticket", lambda e: "too-hot" in e["source"])
    outside.publish(topic, {"temperature": 46.0, "humidity": 30, "battery": 90})
    with program.client() as api:
        wait_until(lambda: api.get("/points/climate-b4-f1.temperature").json()["value"] == 46.0, 5, "the last value")
        tickets = api.get("/tickets", params={"limit": 200}).json()["items"]
        assert [t["id"] for t in tickets if "too-hot" in t["source"]] == [ticket["id"]]


def test_a_door_forced_is_an_alarm_and_a_door_opened_by_card_is_not(program: Program, outside: Outside) -> None:
    """Opened with no grant in the 3 s before: an alarm and a ticket. The card's number never leaves the gateway."""
    outside.listen("anju/v1/jinxiu/events/#")
    now = int(datetime.now(UTC).timestamp())
    for door in ("door-b1", "door-b2"):
        closed = {"type": "INFO", "src": "door", "desc": "Door Closed", "time": now}
        outside.publish(f"esp-rfid/{door}/send", closed)
    granted = {"type": "access", "time": now, "isKnown": "true", "access": "Always", "username": "王小明"}
    outside.publish("esp-rfid/door-b1/send", {**granted, "uid": "deadbeef", "hostname": "d", "doorName": "d"})
    outside.publish("esp-rfid/door-b1/send", {"type": "INFO", "src": "door", "desc": "Door Open", "time": now})
    outside.publish("esp-rfid/door-b2/send", {"type": "INFO", "src": "door", "desc": "Door Open", "time": now})
    _, alarm, _ = outside.wait_for("events/alarm", lambda e: e["rule"] == "door-forced")
    assert alarm["scope"] == "door-b2.contact"
    assert alarm["grade"] == "medium"
    with program.client() as api:
        alarms = api.get("/alarms", params={"limit": 200}).json()["items"]
        assert [a["scope"] for a in alarms if a["rule"] == "door-forced"] == ["door-b2.contact"]
        wait_until(lambda: api.get("/access-events").json()["items"], 10, "the access event")
        text = api.get("/access-events").text
        assert "access.granted" in text
        assert "deadbeef" not in text
        assert "王小明" not in text
    assert not [m for m in outside.heard() if "deadbeef" in str(m[1])]


def test_a_detector_under_test_raises_nothing(program: Program, outside: Outside) -> None:
    """`test: true` is shown as a test and is no alarm."""
    outside.listen("anju/v1/jinxiu/events/#")
    outside.publish("zigbee2mqtt/smoke-b6-f1-a", {"smoke": True, "test": True, "battery": 80})
    with program.client() as api:
        wait_until(lambda: api.get("/points/smoke-b6-f1-a.smoke").json()["quality"] & 64, 10, "the test mark")
        outside.publish("zigbee2mqtt/smoke-b6-f1-b", {"smoke": True, "battery": 80})
        outside.wait_for("events/alarm", lambda e: e["scope"] == "smoke-b6-f1-b.smoke")
        alarms = api.get("/alarms", params={"limit": 200}).json()["items"]
    assert not [a for a in alarms if "smoke-b6-f1-a" in a["scope"]]
    assert not [a for a in alarms if a["rule"] == "fire-confirmed"], "a detector under test does not confirm a fire"
