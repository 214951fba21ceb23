"""The disk under a running gateway takes nothing more, then has room again: no reading is lost, and it is told."""

import asyncio
import json
import resource
import sys
from pathlib import Path

import psutil

from backbone.losses import EVENT_TYPE
from tests.gateway_rig import Consumer, Operator, until
from tests.servers import ROOT, Broker, Process

CLIMATE, SMOKE = "zigbee2mqtt/climate", "zigbee2mqtt/smoke"
SERVICE = """
import asyncio, sys
from pathlib import Path
from backbone import logs
from gateway.service import run
from tests.gateway_rig import gateway_settings
from tests.gateway_site import mqtt_device, site_of
SITE = site_of([
    mqtt_device("climate", "zigbee2mqtt-climate", "zigbee2mqtt/climate"),
    mqtt_device("smoke", "zigbee2mqtt-smoke", "zigbee2mqtt/smoke"),
])
logs.configure("gateway")
settings = gateway_settings(int(sys.argv[1]), Path(sys.argv[2]), consumers=("rules",), status_s=0.5)
asyncio.run(run(settings, SITE, asyncio.Event()))
"""
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


async def test_a_full_disk_loses_nothing_and_is_told(mosquitto: Broker, tmp_path: Path) -> None:
    rules = Consumer("rules")
    command = [sys.executable, "-c", SERVICE, str(mosquitto.port), str(tmp_path / "data")]
    gateway = Process("gateway", command, tmp_path, env={"PYTHONPATH": str(ROOT)})
    sent = 0

    def speak(operator: Operator, count: int) -> None:
        nonlocal sent
        for _ in range(count):
            sent += 1
            operator.publish(CLIMATE, {"temperature": sent / 100})

    async with Operator.connected(mosquitto.port) as operator:
        gateway.start()
        try:
            await operator.online()
            speak(operator, 100)
            await until(lambda: operator.status["counters"]["readings"] == 100, what="the first readings")
            # No file of the process may grow: every write beyond what is there fails, as on a full disk.
            psutil.Process(gateway.pid).rlimit(psutil.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
            speak(operator, 300)
            operator.publish(SMOKE, {"smoke": True})
            await until(lambda: operator.status["counters"]["readings"] == 401, what="readings on a full disk")
            await until(lambda: "cannot be written" in (operator.status["problem"] or ""), what="the problem")
            async with rules.running(mosquitto.port):
                await until(lambda: rules.values("smoke.smoke") == [1.0], what="the alarm, disk or no disk")
                await until(lambda: len(rules.values("climate.temperature")) == sent, what="what is in memory")
            speak(operator, 50)
            psutil.Process(gateway.pid).rlimit(psutil.RLIMIT_FSIZE, UNLIMITED)
            await until(lambda: operator.status["problem"] is None, what="room on the disk")
            speak(operator, 50)
            await until(lambda: operator.status["counters"]["readings"] == 501, what="all to be read")
            await asyncio.to_thread(gateway.kill)
            gateway.start()
            async with rules.running(mosquitto.port):
                await until(lambda: len(set(rules.values("climate.temperature"))) == sent, what="all of it")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(operator.status)}\n{gateway.output()[-3000:]}") from None
        finally:
            gateway.stop()
    assert sorted(set(rules.values("climate.temperature"))) == [number / 100 for number in range(1, sent + 1)]
    assert [event for event in rules.events if event.type == EVENT_TYPE] == []
