"""A gateway whose loop or process stands still is ended and started again, and the escape doors open all the same."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from anju.supervisor import Service, Supervisor
from tests.gateway_rig import Operator
from tests.gateway_site import GATEWAY, modbus_device, mqtt_device, site_text
from tests.integration.test_interlocks import BOARD, SMOKE, coils, say, until_open
from tests.modbus_outside import tcp_device
from tests.servers import ROOT, Broker, Process
from tests.waiting import until

BLOCKED = """
import asyncio, signal, sys, time
from pathlib import Path
from anju.watchdog import Watchdog
from gateway.service import run
from tests.gateway_rig import gateway_settings
from tests.integration.test_interlocks import site
port, relays, folder = sys.argv[1:]
def stand_still():
    print("standing still", flush=True)
    time.sleep(3600)
async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, stand_still)
    settings = gateway_settings(int(port), Path(folder), status_s=0.5)
    await run(settings, site(int(port), int(relays)), asyncio.Event(), watchdog=Watchdog(1.0))
asyncio.run(main())
"""
WHERE = {"PYTHONPATH": str(ROOT)}


def site_file(relays: int) -> str:
    """Two detectors on the platform's broker, two locked doors and a siren."""
    outputs = ", ".join(f"relay-{n}: {{kind: {'siren' if n == 3 else 'egress-lock'}, safe: 0}}" for n in (1, 2, 3))
    return site_text(
        [
            mqtt_device("smoke-a", "zigbee2mqtt-smoke", "zigbee2mqtt/smoke-a"),
            mqtt_device("smoke-b", "zigbee2mqtt-smoke", "zigbee2mqtt/smoke-b"),
            modbus_device("doors", "waveshare-relay-8", relays, BOARD, f", outputs: {{{outputs}}}"),
        ],
        interlocks=[
            "{id: release, when: {of: smoke, zone: hall, within: 60s},"
            " then: [{set: [doors.relay-1, doors.relay-2]}, {set: doors.relay-3, to: 1}]}"
        ],
    )


async def test_a_blocked_loop_ends_the_process_and_the_next_one_opens_the_doors(
    mosquitto: Broker, tmp_path: Path
) -> None:
    heard = tmp_path / "notify"
    with tcp_device(tmp_path / "device") as (port, _), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(heard))
        arguments = [str(mosquitto.port), str(port), str(tmp_path / "data")]
        gateway = Process("gateway", [sys.executable, "-c", BLOCKED, *arguments], tmp_path, env=WHERE)
        gateway.environment["NOTIFY_SOCKET"] = str(heard)
        async with Operator.connected(mosquitto.port) as operator:
            try:
                await asyncio.to_thread(gateway.start)
                await operator.online()
                said = {ear.recv(64) for _ in range(2)}
                assert said == {b"READY=1", b"WATCHDOG=1"}, "systemd is told so"
                os.kill(gateway.pid, signal.SIGUSR1)
                await until(lambda: "standing still" in gateway.output(), "the loop to stand still")
                bus = operator.bus
                say(bus, "smoke-a", SMOKE)
                say(bus, "smoke-b", SMOKE)
                await until(lambda: not gateway.running, "its end")
                assert gateway.stop() == 1
                assert "Timeout" in gateway.output(), "the log shows where it stood"
                assert await coils(port) == ["1", "1", "1"]
                await asyncio.to_thread(gateway.start)
                await until_open(port)
            finally:
                gateway.stop()


async def test_a_stopped_process_is_killed_by_its_keeper_and_the_next_one_opens_the_doors(
    mosquitto: Broker, tmp_path: Path
) -> None:
    with tcp_device(tmp_path / "device") as (port, _):
        file = tmp_path / "site.yaml"
        file.write_text(site_file(port))
        environment = {
            "ANJU_SITE": str(file),
            "ANJU_DATA_DIR": str(tmp_path / "data"),
            "ANJU_MQTT_URL": mosquitto.url,
            "ANJU_GATEWAY": GATEWAY,
            "ANJU_STATUS_S": "0.5",
            **WHERE,
        }
        said: list[str] = []
        keeper = Supervisor(tmp_path / "data", [Service("gateway", ("gateway",), environment)], said.append)
        stop = asyncio.Event()
        keeping = asyncio.create_task(keeper.run(stop))
        try:
            async with Operator.connected(mosquitto.port) as operator:
                await operator.online()
                pid = keeper.states["gateway"].pid
                assert pid is not None
                os.kill(pid, signal.SIGSTOP)
                say(operator.bus, "smoke-a", SMOKE)
                say(operator.bus, "smoke-b", SMOKE)
                await until(lambda: said, "the keeper's word", timeout_s=30)
                assert "no sign of life for 10 s" in said[0]
                await until_open(port)
                assert keeper.states["gateway"].restarts == 1
        finally:
            stop.set()
            await keeping
