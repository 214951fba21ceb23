"""The disk under a running gateway takes nothing more, then has room again: no reading is lost, and it is told.

Where file systems can be mounted a real one is filled or made read-only; limits and modes of files do everywhere.
"""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from backbone.losses import EVENT_TYPE
from tests.faults.disks import OpenDisk, full, limited, may_mount, protected, read_only
from tests.gateway_rig import Consumer, Operator
from tests.modbus_outside import mbpoll, tcp_device
from tests.servers import ROOT, Broker, Process
from tests.waiting import until

CLIMATE, SMOKE = "zigbee2mqtt/climate", "zigbee2mqtt/smoke-{}"
SERVICE = """
import asyncio, sys
from pathlib import Path
from backbone import logs
from gateway.service import run
from tests.gateway_rig import gateway_settings
from tests.gateway_site import modbus_device, mqtt_device, site_of
broker, folder, modbus = sys.argv[1:]
OUTPUTS = ", outputs: {relay-1: {kind: egress-lock, safe: 0}}"
SITE = site_of(
    [
        mqtt_device("climate", "zigbee2mqtt-climate", "zigbee2mqtt/climate"),
        mqtt_device("smoke-1", "zigbee2mqtt-smoke", "zigbee2mqtt/smoke-1"),
        mqtt_device("smoke-2", "zigbee2mqtt-smoke", "zigbee2mqtt/smoke-2"),
        modbus_device("doors", "waveshare-relay-8", int(modbus), 1, OUTPUTS),
    ],
    interlocks=["{id: escape, when: [{of: smoke, zone: hall}], then: [{set: doors.relay-1}]}"],
)
logs.configure("gateway")
settings = gateway_settings(int(broker), Path(folder), consumers=("rules",), status_s=0.5)
asyncio.run(run(settings, SITE, asyncio.Event()))
"""
RUNNING = [limited, full] if may_mount() else [limited]
STARTING = [protected, full, read_only] if may_mount() else [protected]


class Box:
    """A gateway with a climate sensor, two smoke detectors, and a door that an interlock opens."""

    def __init__(self, broker: Broker, operator: Operator, tmp_path: Path, data: Path, modbus: int) -> None:
        command = [sys.executable, "-c", SERVICE, str(broker.port), str(data), str(modbus)]
        self.process = Process("gateway", command, tmp_path, env={"PYTHONPATH": str(ROOT)})
        self.operator = operator
        self.modbus = modbus
        self.sent: list[float] = []

    def speak(self, count: int) -> None:
        """The climate sensor, each time something else."""
        for _ in range(count):
            self.sent.append(len(self.sent) / 100)
            self.operator.publish(CLIMATE, {"temperature": self.sent[-1]})

    def smoke(self, *detectors: int) -> None:
        """They go off."""
        for detector in detectors:
            self.operator.publish(SMOKE.format(detector), {"smoke": True})

    async def heard(self, messages: int, what: str) -> None:
        """It has taken so many in this life."""
        await until(lambda: self.operator.status.get("counters", {}).get("messages") == messages, what)

    async def said(self, problem: str) -> None:
        """Its status tells of it."""
        await until(lambda: problem in (self.operator.status.get("problem") or ""), problem)

    async def door_open(self) -> None:
        """As another program sees the relay."""
        await until(lambda: mbpoll(self.modbus, 1, 0) == ["0"], "the open door")

    def story(self) -> str:
        """What to look at when it went wrong."""
        return f"{json.dumps(self.operator.status)}\n{self.process.output()[-3000:]}"


@pytest.mark.parametrize("disk_of", RUNNING)
async def test_a_full_disk_loses_nothing_and_is_told(mosquitto: Broker, tmp_path: Path, disk_of: OpenDisk) -> None:
    rules = Consumer("rules")
    with disk_of(tmp_path / "disk") as disk, tcp_device(tmp_path) as (port, _):
        async with Operator.connected(mosquitto.port) as operator:
            box = Box(mosquitto, operator, tmp_path, disk.folder, port)
            box.process.start()
            try:
                await operator.online()
                box.speak(100)
                await box.heard(100, "the first readings")
                disk.refuse(box.process)
                box.speak(300)
                box.smoke(1, 2)
                await box.heard(402, "messages on a full disk")
                await box.door_open()
                await box.said("the spool cannot be written")
                async with rules.running(mosquitto.port):
                    await until(lambda: rules.values("smoke-2.smoke") == [1.0], "the alarm, disk or no disk")
                    await until(lambda: len(rules.values("climate.temperature")) == 400, "what is in memory")
                box.speak(50)
                disk.recover(box.process)
                await until(lambda: operator.status.get("problem", "?") is None, "room on the disk")
                box.speak(50)
                await box.heard(502, "all of it")
                await asyncio.to_thread(box.process.kill)
                box.process.start()
                async with rules.running(mosquitto.port):
                    await until(lambda: len(set(rules.values("climate.temperature"))) == 500, "all of it")
            except AssertionError as error:
                raise AssertionError(f"{error}\n{box.story()}") from None
            finally:
                box.process.stop()
    assert sorted(set(rules.values("climate.temperature"))) == box.sent
    assert [event for event in rules.events if event.type == EVENT_TYPE] == []


@pytest.mark.parametrize("disk_of", STARTING)
async def test_a_gateway_that_starts_on_a_disk_that_refuses_acts_and_keeps_what_is_there(
    mosquitto: Broker, tmp_path: Path, disk_of: OpenDisk
) -> None:
    """Killed in an outage, started where nothing can be written: doors open, alarms pass, and nothing old is lost."""
    rules = Consumer("rules")
    with disk_of(tmp_path / "disk") as disk, tcp_device(tmp_path) as (port, _):
        async with Operator.connected(mosquitto.port) as operator:
            box = Box(mosquitto, operator, tmp_path, disk.folder, port)
            try:
                box.process.start()
                await operator.online()
                box.speak(200)
                await box.heard(200, "what nobody takes yet")
                await asyncio.to_thread(box.process.kill)
                disk.refuse(box.process)
                box.process.start()
                await box.said("no spool on disk")
                box.smoke(1, 2)
                await box.door_open()
                async with rules.running(mosquitto.port):
                    await until(lambda: rules.values("smoke-2.smoke") == [1.0], "the alarm, disk or no disk")
                await asyncio.to_thread(box.process.stop)
                disk.recover(box.process)
                box.process.start()
                async with rules.running(mosquitto.port):
                    await until(lambda: len(rules.values("climate.temperature")) == 200, "what it had kept")
            except AssertionError as error:
                raise AssertionError(f"{error}\n{box.story()}") from None
            finally:
                box.process.stop()
    assert rules.values("climate.temperature") == box.sent
