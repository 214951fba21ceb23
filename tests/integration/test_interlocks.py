"""Interlocks with real wires: detectors on a broker of their own, a relay board on libmodbus, and no platform."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from backbone.bus import Bus
from backbone.steady import wall_ms
from community.commands import Command
from community.quality import Quality
from community.site.site import Site
from gateway import interlock_record
from gateway.command_log import CommandLog
from gateway.interlock_record import Record
from gateway.interlocks import Latch
from gateway.spool import Spool
from tests import servers
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import GATEWAY, modbus_device, mqtt_device, site_of
from tests.modbus_outside import mbpoll, set_coils, tcp_device
from tests.servers import ROOT, Broker, Process
from tests.waiting import until

BOARD = 9
WITHIN_S = 1.0
TEST = int(Quality.TEST_MODE)
SMOKE, CLEAR = {"smoke": True, "test": False}, {"smoke": False, "test": False}
SERVICE = """
import asyncio, sys
from pathlib import Path
from gateway.service import run
from tests.gateway_rig import gateway_settings
from tests.integration.test_interlocks import site
platform, sensors, relays, folder = sys.argv[1:]
settings = gateway_settings(int(platform), Path(folder), status_s=0.5)
asyncio.run(run(settings, site(int(sensors), int(relays)), asyncio.Event()))
"""


def site(sensors: int, relays: int) -> Site:
    """Two detectors and a call point on the broker `sensors`; two locked doors and a siren at `relays`."""
    kinds = {"relay-1": "egress-lock", "relay-2": "egress-lock", "relay-3": "siren"}
    outputs = ", ".join(f"{relay}: {{kind: {kind}, safe: 0}}" for relay, kind in kinds.items())
    return site_of(
        [
            mqtt_device("smoke-a", "zigbee2mqtt-smoke", "zigbee2mqtt/smoke-a"),
            mqtt_device("smoke-b", "zigbee2mqtt-smoke", "zigbee2mqtt/smoke-b"),
            mqtt_device("call", "zigbee2mqtt-call-point", "zigbee2mqtt/call"),
            modbus_device("doors", "waveshare-relay-8", relays, BOARD, f", outputs: {{{outputs}}}"),
        ],
        mqtt=f"mqtt://127.0.0.1:{sensors}",
        interlocks=[
            "{id: release, when: [{of: smoke, zone: hall, within: 60s}, {of: call-point, zone: hall, at_least: 1}],"
            " then: [{set: [doors.relay-1, doors.relay-2], to: safe}, {set: doors.relay-3, to: 1}]}"
        ],
    )


@contextlib.asynccontextmanager
async def detectors(broker: Broker) -> AsyncIterator[Bus]:
    async with Bus(broker.url, "bridge") as bus:
        await until(lambda: bus.connected, "the sensors' broker")
        yield bus


def say(bus: Bus, device: str, state: dict[str, Any]) -> float:
    assert bus.publish(f"zigbee2mqtt/{device}", json.dumps(state).encode())
    return time.monotonic()


async def coils(port: int) -> list[str]:
    """Two doors (0: open) and the siren (1: sounding), as an outside program reads them."""
    return await asyncio.to_thread(mbpoll, port, BOARD, 0, 3)


async def until_open(port: int) -> float:
    """When the doors were seen open and the siren sounding."""
    end = time.monotonic() + 20
    while await coils(port) != ["0", "0", "1"]:
        assert time.monotonic() < end, "the doors stay shut"
    return time.monotonic()


def told(rules: Consumer) -> list[str]:
    return [event.type for event in rules.events if event.type.startswith("interlock.")]


async def test_doors_open_while_the_platform_is_dead_and_it_is_told_afterwards(
    mosquitto: Broker, tmp_path: Path
) -> None:
    rules, ingest = Consumer("rules"), Consumer("ingest")
    with servers.mosquitto(tmp_path / "local") as local, tcp_device(tmp_path / "device") as (port, _):
        settings = gateway_settings(mosquitto.port, tmp_path / "data", status_s=0.5)
        async with detectors(local) as bus, running_gateway(site(local.port, port), settings):
            async with Operator.connected(mosquitto.port) as operator:
                await operator.online()
                assert operator.status["interlocks"]["release"]["tripped"] is False
            assert await coils(port) == ["1", "1", "1"]
            await asyncio.to_thread(mosquitto.process.kill)

            say(bus, "smoke-a", SMOKE)
            confirmed = say(bus, "smoke-b", SMOKE)
            assert await until_open(port) - confirmed < WITHIN_S

            await asyncio.to_thread(mosquitto.process.start, lambda: servers.listening(mosquitto.port))
            async with rules.running(mosquitto.port), ingest.running(mosquitto.port):
                await until(lambda: told(rules).count("interlock.output-done") == 3, "the events")
                assert told(rules)[0] == "interlock.tripped"
                tripped = next(event for event in rules.events if event.type == "interlock.tripped")
                assert [cause["point"] for cause in tripped.data["causes"]] == ["smoke-a.smoke", "smoke-b.smoke"]
                await until(lambda: ("smoke-b.smoke", 1.0) in [(p, x) for p, _, x, _ in ingest.readings], "votes")
                async with Operator.connected(mosquitto.port) as operator:
                    await until(lambda: operator.status.get("interlocks"), "the status")
                    state = operator.status["interlocks"]["release"]
                    assert (state["tripped"], set(state["outputs"].values())) == (True, {"set"})
                    await life_safety_goes_first(operator, bus, port)
                await until(lambda: told(rules)[-1] == "interlock.reset", "the reset upstream")


async def life_safety_goes_first(operator: Operator, bus: Bus, port: int) -> None:
    """No command closes a door while it is tripped; a person resets it once the smoke is gone."""
    for number, cause in enumerate(("activation:a", "stand-down:a", "person:wang-wei")):
        locked = await operator.command(f"lock-{number}", "doors.relay-1", 1, cause=cause)
        assert locked["outcome"] == "refused"
        assert locked["reason"] == "life safety: held by interlock release, until a person resets it"
    silenced = await operator.command("quiet", "doors.relay-3", 0, cause="person:wang-wei")
    assert silenced["outcome"] == "done"
    early = await operator.command("early", "interlock:release", 0, cause="person:wang-wei")
    assert early["reason"] == "life safety: its cause stands: smoke-a.smoke, smoke-b.smoke"
    assert await coils(port) == ["0", "0", "0"]
    say(bus, "smoke-a", CLEAR)
    say(bus, "smoke-b", CLEAR)
    by_machine = await operator.command("machine", "interlock:release", 0, cause="stand-down:a")
    assert by_machine["reason"] == "life safety: only a person resets an interlock"
    for number in range(200):  # the detectors' words may still be on their way
        reset = await operator.command(f"reset-{number}", "interlock:release", 0, cause="person:wang-wei")
        if reset["outcome"] == "done":
            break
        assert reset["reason"].startswith("life safety: its cause stands")
        await asyncio.sleep(0.05)
    assert (await operator.command("lock", "doors.relay-1", 1, cause="person:wang-wei"))["outcome"] == "done"
    assert await coils(port) == ["1", "0", "0"], "what is reset may be locked again, and is not by itself"


async def test_a_detector_in_test_does_not_vote_and_stays_in_test_over_a_restart(
    mosquitto: Broker, tmp_path: Path
) -> None:
    with tcp_device(tmp_path / "device") as (port, _):
        where = site(mosquitto.port, port)
        settings = gateway_settings(mosquitto.port, tmp_path / "data", consumers=("rules",), status_s=0.5)
        rules = Consumer("rules")
        async with (
            detectors(mosquitto) as bus,
            Operator.connected(mosquitto.port) as operator,
            rules.running(mosquitto.port),
        ):
            async with running_gateway(where, settings):
                await operator.online()
                by_rule = await operator.command("m0", "mode:smoke-a", 1, cause="activation:a")
                assert by_rule["outcome"] == "refused"
                assert (await operator.command("m1", "mode:smoke-9", 1, cause="person:w"))["outcome"] == "refused"
                assert (await operator.command("m2", "mode:smoke-a", 1, cause="person:w"))["outcome"] == "done"
                say(bus, "smoke-a", SMOKE)
                await until(lambda: rules.stands_at("smoke-a.smoke", 1.0, TEST), "a value in test")
                await until(lambda: operator.status["interlocks"]["release"]["tripped"] is False, "the status")
            operator.status.clear()
            async with running_gateway(where, settings):
                await operator.online()
                say(bus, "smoke-a", SMOKE)
                say(bus, "smoke-b", SMOKE)
                await until(lambda: rules.stands_at("smoke-b.smoke", 1.0), "the other's vote")
                assert rules.stands_at("smoke-a.smoke", 1.0, TEST)
                assert await coils(port) == ["1", "1", "1"]
                assert (await operator.command("m3", "mode:smoke-a", 0, cause="person:w"))["outcome"] == "done"
                await until_open(port)  # it says smoke, and now it is meant


async def test_a_reset_and_a_mode_it_died_over_are_answered_and_not_done_again(
    mosquitto: Broker, tmp_path: Path
) -> None:
    now = wall_ms()
    folder = tmp_path / "data" / "gateway" / GATEWAY
    spool = Spool.open(folder, max_bytes=10**9, max_age_ms=10**9, now=now)
    for identifier, point, value in (("r1", "interlock:release", 0), ("m1", "mode:smoke-a", 1)):
        command = Command(point=point, value=value, expires=now + 60_000, cause="person:w")
        CommandLog(spool).begin(identifier, command, now)
    spool.close(now)
    interlock_record.write(folder, Record(1, {"release": Latch(now, ("smoke-a.smoke", "smoke-b.smoke"))}, ()))
    with tcp_device(tmp_path / "device") as (port, _):
        settings = gateway_settings(mosquitto.port, tmp_path / "data", consumers=("rules",), status_s=0.5)
        async with (
            Operator.connected(mosquitto.port) as operator,
            running_gateway(site(mosquitto.port, port), settings),
        ):
            await operator.online()
            await until(lambda: {"r1", "m1"} <= operator.replies.keys(), "the replies")
            for identifier, point, value in (("r1", "interlock:release", 0), ("m1", "mode:smoke-a", 1)):
                again = await operator.command(identifier, point, value, cause="person:w")
                assert again["outcome"] == "failed"
                assert again["reason"] == "the gateway restarted meanwhile"
            assert operator.status["interlocks"]["release"]["tripped"] is True
            assert (await operator.command("r2", "interlock:release", 0, cause="person:w"))["outcome"] == "done"
            assert (await operator.command("r2", "interlock:release", 0, cause="person:w"))["outcome"] == "done"


async def test_tripped_it_stays_through_kill_9_and_needs_no_broker_to_say_so_again(tmp_path: Path) -> None:
    with servers.mosquitto(tmp_path / "local") as local, tcp_device(tmp_path / "device") as (port, _):
        nowhere = servers.free_port()
        arguments = [str(nowhere), str(local.port), str(port), str(tmp_path / "data")]
        gateway = Process(
            "gateway", [sys.executable, "-c", SERVICE, *arguments], tmp_path, env={"PYTHONPATH": str(ROOT)}
        )
        async with detectors(local) as bus:
            try:
                await asyncio.to_thread(gateway.start)
                record = tmp_path / "data" / "gateway" / "gw-1" / "interlocks.json"
                # Nobody tells whether it listens yet: the call point is held down until the doors are open.
                pressed = {"emergency": True}
                end = time.monotonic() + 20
                while await coils(port) != ["0", "0", "1"]:
                    say(bus, "call", pressed)
                    assert time.monotonic() < end, "the doors stay shut"
                await until(lambda: record.exists() and b'"release"' in record.read_bytes(), "the record")
                await asyncio.to_thread(gateway.kill)
            finally:
                gateway.stop()
            # While it is dead somebody locks the doors, and its detectors' broker goes too.
            await asyncio.to_thread(lock_by_hand, port)
            assert await coils(port) == ["1", "1", "1"]
        await asyncio.to_thread(local.process.kill)
        try:
            await asyncio.to_thread(gateway.start)
            await until_open(port)
        finally:
            gateway.stop()


def lock_by_hand(port: int) -> None:
    set_coils(port, BOARD, 0, [1, 1])
