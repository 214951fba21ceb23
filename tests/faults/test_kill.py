"""kill -9 of each process in turn while readings and alarms flow: nothing missing, nothing twice."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from backbone.settings import Settings
from backbone.site_files import read_site
from tests.faults.numbered import (
    CountingModbus,
    Numbered,
    NumberedSensor,
    count_of,
    kept,
    nothing_lost_or_doubled,
    without_times,
)
from tests.program import Outside, Program
from tests.servers import answers, wait_until

CLIMATE = "climate-b1-f1"
POLLED = "env-b1-f1"
DETECTORS = ("smoke-b1-f1-a", "smoke-b2-f1-a", "smoke-b4-f1-a")


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
    with program.outside() as outside, NumberedSensor(program.mqtt_port, CLIMATE) as sensor:
        for service, detector in zip(("gateway gw-east", "ingest+api", "rules"), DETECTORS, strict=True):
            before = sensor.sent
            wait_until(lambda before=before: sensor.sent > before + 100, 10, "readings to flow")  # type: ignore[misc]
            outside.publish(f"zigbee2mqtt/{detector}", {"smoke": True, "battery": 90})
            program.kill(service)
        wait_until(lambda sent=sensor.sent: sensor.sent > sent + 100, 10, "readings to flow")  # type: ignore[misc]
    with program.client() as api:
        wait_until(lambda: count_of(api, sensor.point) >= sensor.sent, 30, f"all {sensor.sent} readings to be stored")
        wait_until(lambda: all(alarms_of(api, detector) for detector in DETECTORS), 30, "every detector's alarm")
        assert [len(alarms_of(api, detector)) for detector in DETECTORS] == [1, 1, 1]
    program.stop()
    nothing_lost_or_doubled(sensor.readings, kept(program, {sensor.point}))


def test_a_killed_broker_costs_no_reading(tmp_path: Path) -> None:
    """Every answer a Modbus unit gave is in the historian although the broker died twice meanwhile."""
    patient = {"ANJU_MODBUS_TIMEOUT_S": "10"}  # an answer the gateway gave up waiting for would count as given
    program = Program(tmp_path, simulate=False, changes={"every: 2s": "every: 100ms"}, environment=patient)
    unit = unit_of(program, POLLED)
    address = program.modbus["127.0.0.1:15020"]
    with CountingModbus(int(address.rpartition(":")[2])) as device:
        try:
            program.start()
            wait_until(lambda: device.given[unit] > 20, 30, "the gateway to poll")
            for _ in range(2):
                program.kill("broker")
                seen = device.given[unit]
                wait_until(lambda seen=seen: device.given[unit] > seen + 20, 30, "polling to go on")  # type: ignore[misc]
            with program.client() as api:
                given, point = device.given[unit], f"{POLLED}.temperature"
                wait_until(lambda: count_of(api, point) >= given, 30, f"{given} readings")
        finally:
            program.stop()
        answered = [Numbered(point, 0, n % 800 * 100) for n in range(1, given + 1)]
        nothing_lost_or_doubled(answered, without_times(kept(program, {point}))[:given])


def test_alarms_survive_a_killed_broker_once_each(program: Program) -> None:
    """A detector goes off just before and just after the broker dies: one alarm each, on the page and as events."""
    program.start()
    with program.client() as api:
        with program.outside() as outside:
            outside.publish(f"zigbee2mqtt/{DETECTORS[0]}", {"smoke": True, "battery": 90})
            wait_until(lambda: alarms_of(api, DETECTORS[0]), 10, "the first alarm")
        program.kill("broker")
        wait_until(lambda: answers(f"{program.url}/readyz"), 20, "the services to be back on the broker")
        with program.outside() as outside:
            outside.listen("anju/v1/jinxiu/events/alarm")
            wait_until(lambda: _publishes(outside, DETECTORS[1], api), 20, "the second alarm")
        assert [len(alarms_of(api, name)) for name in DETECTORS[:2]] == [1, 1]


def _publishes(outside: Outside, detector: str, api: httpx.Client) -> bool:
    """A detector repeats its alarm, as they do, until somebody has heard it."""
    outside.publish(f"zigbee2mqtt/{detector}", {"smoke": True, "battery": 90})
    return bool(alarms_of(api, detector))


def alarms_of(api: httpx.Client, detector: str) -> list[str]:
    """Ids of the smoke alarms of a detector."""
    items = api.get("/alarms", params={"limit": 200}).json()["items"]
    return [a["id"] for a in items if a["rule"] == "smoke" and a["scope"].startswith(detector)]


def unit_of(program: Program, device: str) -> int:
    """The Modbus unit of a device in the program's site file."""
    source = read_site(Settings(site=program.site)).devices[device].modbus
    assert source is not None
    return source.unit
