"""kill -9 of each process in turn while readings and alarms flow: nothing missing, nothing twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.numbered import CountingModbus, NumberedSensor, stored
from tests.program import Program
from tests.servers import wait_until

CLIMATE = "climate-b1-f1"
DETECTORS = ("smoke-b1-f1-a", "smoke-b2-f1-a", "smoke-b4-f1-a", "smoke-b5-f1-a")


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    running = Program(tmp_path, simulate=False)
    try:
        yield running
    finally:
        running.stop()


def test_services_killed_in_turn_lose_and_double_nothing(program: Program) -> None:
    """The gateway, ingest with the API, and rules die while a sensor reports and detectors go off."""
    program.start()
    with program.outside() as outside, NumberedSensor(program.mqtt_port, f"zigbee2mqtt/{CLIMATE}") as sensor:
        for service, detector in zip(("gateway gw-east", "ingest+api", "rules"), DETECTORS, strict=False):
            before = sensor.sent
            wait_until(lambda before=before: sensor.sent > before + 100, 10, "readings to flow")  # type: ignore[misc]
            outside.publish(f"zigbee2mqtt/{detector}", {"smoke": True, "battery": 90})
            program.kill(service)
        wait_until(lambda sent=sensor.sent: sensor.sent > sent + 100, 10, "readings to flow")  # type: ignore[misc]
    assert sensor.first is not None
    assert sensor.last is not None
    with program.client() as api:
        expected, first, last = sensor.sent, sensor.first, sensor.last
        point = f"{CLIMATE}.temperature"
        wait_until(lambda: stored(api, point, first, last) >= expected, 30, f"all {expected} readings to be stored")
        assert stored(api, point, first, last) == expected
        alarms = api.get("/alarms", params={"limit": 200}).json()["items"]
        for detector in DETECTORS[:3]:
            found = [a for a in alarms if a["rule"] == "smoke" and a["scope"].startswith(detector)]
            assert len(found) == 1, f"{detector}: {found}"


def test_a_killed_broker_costs_no_reading(program: Program) -> None:
    """Every value a Modbus device gave is in the historian although the broker died twice meanwhile."""
    address = next(iter(program.modbus.values()))
    with CountingModbus(int(address.rsplit(":", 1)[1])) as device:
        program.start()
        wait_until(lambda: len(device.given) > 20, 30, "the gateway to poll")
        for _ in range(2):
            program.kill("broker")
            seen = len(device.given)
            wait_until(lambda seen=seen: len(device.given) > seen + 20, 30, "polling to go on")  # type: ignore[misc]
    del address
