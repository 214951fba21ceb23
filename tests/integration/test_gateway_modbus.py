"""Modbus devices through the real service, and commands to them; servers that misbehave harm only themselves."""

import asyncio
import time
from pathlib import Path

import pytest

from backbone.steady import wall_ms
from community.quality import Quality
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import modbus_device, mqtt_device, site_of
from tests.modbus_outside import mbpoll
from tests.modbus_server import ModbusServer, Mood, Unit
from tests.servers import Broker, free_port
from tests.waiting import until

LOST = int(Quality.COMMUNICATION_FAILURE)
OUTPUTS = ", outputs: {relay-1: {kind: egress-lock, safe: 0}, relay-2: {kind: siren, safe: 0}}"


def climate(tenths: int = 257) -> Unit:
    return Unit(registers={1: tenths, 2: 500})


def relays() -> Unit:
    return Unit(coils=dict.fromkeys(range(8), True))


def fast(identifier: str, profile: str, port: int, unit: int, extra: str = "") -> str:
    return modbus_device(identifier, profile, port, unit, f", every: 100ms{extra}")


async def test_registers_become_readings(mosquitto: Broker, tmp_path: Path) -> None:
    panel = Unit(holding=dict.fromkeys(range(6), 0x0400))
    meter = Unit(registers=dict.fromkeys(range(74), 0) | {0: 0x4366, 1: 0x3334})
    rules = Consumer("rules")
    async with ModbusServer.running({1: climate(), 2: panel, 3: meter}) as server:
        site = site_of(
            [
                fast("air", "xy-md02", server.port, 1),
                fast("panel", "notifier-modbus-gw", server.port, 2),
                fast("meter", "eastron-sdm120", server.port, 3),
            ]
        )
        settings = gateway_settings(mosquitto.port, tmp_path, consumers=("rules",), urgent_poll_s=0.05)
        async with rules.running(mosquitto.port), running_gateway(site, settings):
            await until(lambda: rules.last("meter.voltage") and rules.last("panel.detector-6-disabled"), "readings")
            assert rules.values("air.temperature")[0] == pytest.approx(25.7)
            assert rules.values("air.humidity")[0] == pytest.approx(50.0)
            assert rules.values("meter.voltage")[0] == pytest.approx(230.2)
            assert rules.last("panel.detector-3-alarm") == (0.0, 0)
            panel.holding[2] = 0x0800 | 0x0200 | 0x10
            await until(lambda: rules.last("panel.detector-3-alarm") == (1.0, 0), "the alarm")
            await until(lambda: rules.last("panel.detector-3-disabled") == (1.0, 0), "disabled as well")
            assert server.connections == 1
            assert panel.reads > 0


async def test_urgent_points_speak_on_change_and_now_and_then(mosquitto: Broker, tmp_path: Path) -> None:
    unit = relays()
    rules = Consumer("rules")
    async with ModbusServer.running({1: unit}) as server:
        site = site_of([modbus_device("doors", "waveshare-relay-8", server.port, 1, ", every: 10s")])
        settings = gateway_settings(mosquitto.port, tmp_path, consumers=("rules",), urgent_poll_s=0.02)
        async with rules.running(mosquitto.port), running_gateway(site, settings):
            await until(lambda: unit.reads > 30, "polls")
            assert rules.values("doors.relay-1") == [1.0]
            unit.coils[0] = False
            await until(lambda: rules.values("doors.relay-1") == [1.0, 0.0], "the change")


async def test_a_hanging_unit_does_not_starve_its_neighbours(mosquitto: Broker, tmp_path: Path) -> None:
    good, bad = climate(), climate()
    rules = Consumer("rules")
    async with ModbusServer.running({1: good, 2: bad}) as server:
        site = site_of([fast("good", "xy-md02", server.port, 1), fast("bad", "xy-md02", server.port, 2)])
        settings = gateway_settings(mosquitto.port, tmp_path, consumers=("rules",), modbus_timeout_s=0.1, status_s=0.5)
        async with (
            Operator.connected(mosquitto.port) as operator,
            rules.running(mosquitto.port),
            running_gateway(site, settings),
        ):
            await until(lambda: rules.stands_at("bad.temperature", 25.7), "both")
            bad.mood = Mood.SILENT
            await until(lambda: rules.stands_at("bad.temperature", 25.7, LOST), "the failure")
            before, began = good.reads, time.monotonic()
            await until(lambda: good.reads >= before + 20, "the good one's readings")
            assert time.monotonic() - began < 20 * 0.1 + 1.0
            await until(lambda: operator.status["devices"]["bad"]["error"] == "no answer in time", "the status")
            assert operator.status["devices"]["good"]["ok"]
            flagged = [q for p, _, _, q in rules.readings if p == "bad.temperature" and q]
            assert len(flagged) == 1, "repeated at a bounded rate"
            bad.mood = Mood.WELL
            await until(lambda: rules.stands_at("bad.temperature", 25.7), "its recovery")


@pytest.mark.parametrize(
    ("kind", "mood"),
    [
        ("tcp", Mood.GARBAGE),
        ("tcp", Mood.WRONG_UNIT),
        ("tcp", Mood.TRUNCATED),
        ("rtu_tcp", Mood.GARBAGE),
        ("rtu_tcp", Mood.WRONG_UNIT),
        ("rtu_tcp", Mood.TRUNCATED),
        ("rtu_tcp", Mood.SILENT),
    ],
)
async def test_answers_that_are_none_are_survived(mosquitto: Broker, tmp_path: Path, mood: Mood, kind: str) -> None:
    unit = climate()
    rules = Consumer("rules")
    async with ModbusServer.running({1: unit}, rtu=kind == "rtu_tcp") as server:
        site = site_of([fast("air", "xy-md02", server.port, 1).replace("tcp:", f"{kind}:")])
        settings = gateway_settings(mosquitto.port, tmp_path, consumers=("rules",), modbus_timeout_s=0.1)
        async with rules.running(mosquitto.port), running_gateway(site, settings):
            await until(lambda: rules.stands_at("air.temperature", 25.7), "a reading")
            unit.mood = mood
            await until(lambda: rules.stands_at("air.temperature", 25.7, LOST), "the failure")
            unit.registers[1] = 300
            unit.mood = Mood.WELL
            await until(lambda: rules.stands_at("air.temperature", 30.0), "its recovery")


async def test_every_exception_has_its_reason_and_costs_the_value(mosquitto: Broker, tmp_path: Path) -> None:
    """Of the point where only that is refused, of the device where nobody answers; and all of it passes."""
    reasons = {
        1: "temperature: refused: function not supported",
        2: "temperature: refused: no such address",
        3: "temperature: refused: value",
        4: "temperature: the device failed",
        6: "temperature: the device is busy",
        10: "the gateway has no path to the unit",
        11: "the unit behind the gateway does not answer",
        7: "temperature: refused",
    }
    units = {code: climate() for code in reasons}
    rules = Consumer("rules")
    async with ModbusServer.running(units) as server:
        site = site_of([fast(f"air-{code}", "xy-md02", server.port, code) for code in units])
        settings = gateway_settings(mosquitto.port, tmp_path, consumers=("rules",), status_s=0.5)
        async with (
            Operator.connected(mosquitto.port) as operator,
            rules.running(mosquitto.port),
            running_gateway(site, settings),
        ):
            points = [f"air-{code}.temperature" for code in units]
            await until(lambda: all(rules.stands_at(point, 25.7) for point in points), "readings of all")
            for code, unit in units.items():
                unit.exception = code
            await until(lambda: all(rules.stands_at(point, 25.7, LOST) for point in points), "the flags")
            wanted = {(f"modbus 127.0.0.1:{server.port} unit {code}", reason) for code, reason in reasons.items()}
            await until(lambda: wanted <= set(operator.refusals()), "the reasons")
            for unit in units.values():
                unit.exception = 0
            passing = [point for point in points if point not in {"air-1.temperature", "air-2.temperature"}]
            await until(lambda: all(rules.stands_at(point, 25.7) for point in passing), "their recovery")


async def test_a_server_that_goes_and_comes_back(mosquitto: Broker, tmp_path: Path) -> None:
    port = free_port()
    rules = Consumer("rules")
    site = site_of([fast("air", "xy-md02", port, 1)])
    settings = gateway_settings(mosquitto.port, tmp_path, consumers=("rules",), modbus_timeout_s=0.2)
    async with rules.running(mosquitto.port), running_gateway(site, settings):
        async with ModbusServer.running({1: climate()}, port):
            await until(lambda: rules.stands_at("air.temperature", 25.7), "a reading")
        await until(lambda: rules.stands_at("air.temperature", 25.7, LOST), "the failure")
        async with ModbusServer.running({1: climate(310)}, port):
            await until(lambda: rules.stands_at("air.temperature", 31.0), "its recovery")


async def test_an_address_the_device_does_not_have_costs_only_its_point(mosquitto: Broker, tmp_path: Path) -> None:
    unit = climate()
    del unit.registers[2]
    rules = Consumer("rules")
    async with ModbusServer.running({1: unit}) as server:
        site = site_of([fast("air", "xy-md02", server.port, 1)])
        settings = gateway_settings(mosquitto.port, tmp_path, consumers=("rules",), status_s=0.5)
        async with (
            Operator.connected(mosquitto.port) as operator,
            rules.running(mosquitto.port),
            running_gateway(site, settings),
        ):
            await until(lambda: len(rules.values("air.temperature")) > 10, "readings of the other")
            source = f"modbus 127.0.0.1:{server.port} unit 1"
            wanted = {(source, "humidity: refused: no such address"): 1}
            await until(lambda: operator.refusals() == wanted, "asked once, not at every poll")
            assert operator.status["devices"]["air"]["ok"]


async def test_a_command_is_carried_out_once_and_read_back(mosquitto: Broker, tmp_path: Path) -> None:
    unit = relays()
    async with ModbusServer.running({9: unit}) as server:
        site = site_of(
            [
                modbus_device("doors", "waveshare-relay-8", server.port, 9, OUTPUTS),
                mqtt_device("smoke", "zigbee2mqtt-smoke", "zigbee2mqtt/smoke"),
            ]
        )
        settings = gateway_settings(mosquitto.port, tmp_path)
        async with Operator.connected(mosquitto.port) as operator:
            async with running_gateway(site, settings):
                await operator.online()
                reply = await operator.command("c1", "doors.relay-1", 0)
                assert (reply["outcome"], reply["read_back"], reply["drill"]) == ("done", 0.0, False)
                assert unit.coils[0] is False
                assert await asyncio.to_thread(mbpoll, server.port, 9, 0) == ["0"]

                again = await operator.command("c1", "doors.relay-1", 1, cause="stand-down:a")
                assert again == reply, "the same id: the same reply, and nothing is switched"
                assert unit.writes == [(0, 0)]

                refused = await operator.command("c2", "doors.relay-1", 1)
                assert (refused["outcome"], refused["reason"]) == (
                    "refused",
                    "life safety: released by activation:a, until stood down",
                )
                assert (await operator.command("c3", "doors.relay-3", 0))["outcome"] == "refused"
                assert (await operator.command("c4", "nobody.relay-1", 0))["outcome"] == "refused"
                assert (await operator.command("c5", "smoke.smoke", 0))["outcome"] == "refused"
                assert (await operator.command("c6", "doors.relay-2", 0.5))["outcome"] == "refused"
                late = await operator.command("c7", "doors.relay-2", 0, expires=wall_ms() - 1)
                assert late["outcome"] == "expired"
                drill = await operator.command("c8", "doors.relay-2", 0, drill=True)
                assert (drill["outcome"], drill["drill"], drill["reason"]) == ("done", True, "drill: not switched")
                operator.publish("anju/v1/test/gw-1/commands/c9", {"point": 7})
                await until(lambda: operator.replies.get("c9"), "a reply to nonsense")
                assert operator.replies["c9"][0]["outcome"] == "refused"
                assert unit.writes == [(0, 0)]
            async with running_gateway(site, settings):
                await until(lambda: operator.status.get("counters", {}).get("commands_done") == 0, "the next life")
                assert await operator.command("c1", "doors.relay-1", 0) == reply, "ids are remembered"
                assert (await operator.command("d1", "doors.relay-1", 1))["outcome"] == "refused", "and releases"
                assert unit.writes == [(0, 0)]
                down = await operator.command("d2", "doors.relay-1", 1, cause="stand-down:a")
                assert (down["outcome"], down["read_back"]) == ("done", 1.0)
                assert (await operator.command("d3", "doors.relay-1", 0, cause="person:wang"))["outcome"] == "done"
                assert (await operator.command("d4", "doors.relay-1", 1, cause="person:wang"))["outcome"] == "done"


async def test_a_retained_command_is_refused(mosquitto: Broker, tmp_path: Path) -> None:
    unit = relays()
    async with ModbusServer.running({9: unit}) as server:
        site = site_of([modbus_device("doors", "waveshare-relay-8", server.port, 9, OUTPUTS)])
        async with Operator.connected(mosquitto.port) as operator:
            operator.send("old", "doors.relay-2", 0, retain=True)
            async with running_gateway(site, gateway_settings(mosquitto.port, tmp_path)):
                await until(lambda: operator.replies.get("old"), "the reply")
                assert operator.replies["old"][0]["outcome"] == "refused"
                assert unit.writes == []


async def test_what_does_not_obey_is_said_to_have_failed(mosquitto: Broker, tmp_path: Path) -> None:
    unit = relays()
    async with ModbusServer.running({9: unit}) as server:
        site = site_of([modbus_device("doors", "waveshare-relay-8", server.port, 9, OUTPUTS)])
        settings = gateway_settings(mosquitto.port, tmp_path, modbus_timeout_s=0.1)
        async with Operator.connected(mosquitto.port) as operator, running_gateway(site, settings):
            await operator.online()
            unit.mood = Mood.STUCK
            reply = await operator.command("c1", "doors.relay-2", 0)
            assert (reply["outcome"], reply["read_back"]) == ("failed", 1.0)
            unit.mood = Mood.SILENT
            reply = await operator.command("c2", "doors.relay-2", 0)
            assert (reply["outcome"], reply["reason"]) == ("failed", "no answer in time")


async def test_a_command_does_not_wait_for_a_hanging_neighbour(mosquitto: Broker, tmp_path: Path) -> None:
    dead = {number: Unit(mood=Mood.SILENT) for number in range(1, 6)}
    async with ModbusServer.running({**dead, 9: relays()}) as server:
        site = site_of(
            [
                *(fast(f"dead-{number}", "xy-md02", server.port, number) for number in dead),
                modbus_device("doors", "waveshare-relay-8", server.port, 9, OUTPUTS),
            ]
        )
        settings = gateway_settings(mosquitto.port, tmp_path, modbus_timeout_s=2)
        async with Operator.connected(mosquitto.port) as operator, running_gateway(site, settings):
            await operator.online()
            began = time.monotonic()
            assert (await operator.command("c1", "doors.relay-1", 0))["outcome"] == "done"
            assert time.monotonic() - began < 4.0, "not even for two of them"


async def test_a_request_that_hangs_is_broken_off_for_a_command(mosquitto: Broker, tmp_path: Path) -> None:
    dead = Unit(mood=Mood.SILENT)
    async with ModbusServer.running({1: dead, 9: relays()}) as server:
        site = site_of(
            [
                fast("dead", "xy-md02", server.port, 1),
                modbus_device("doors", "waveshare-relay-8", server.port, 9, OUTPUTS),
            ]
        )
        settings = gateway_settings(mosquitto.port, tmp_path, modbus_timeout_s=10, urgent_poll_s=10)
        async with Operator.connected(mosquitto.port) as operator, running_gateway(site, settings):
            await operator.online()
            await until(lambda: dead.asked, "a request that hangs")
            began = time.monotonic()
            assert (await operator.command("c1", "doors.relay-1", 0))["outcome"] == "done"
            assert time.monotonic() - began < 5.0
            await until(lambda: dead.asked > 1, "the question again, afterwards")


async def test_dead_units_cost_the_living_little(mosquitto: Broker, tmp_path: Path) -> None:
    """Two dead ones of thirty are asked no longer than the share of the line's time that is theirs."""
    units = {number: climate() for number in range(1, 31)}
    dead = [units[7], units[8]]
    rules = Consumer("rules")
    timeout_s = 0.1
    async with ModbusServer.running(units) as server:
        devices = [modbus_device(f"air-{n}", "xy-md02", server.port, n, ", every: 20ms") for n in units]
        settings = gateway_settings(mosquitto.port, tmp_path, consumers=("rules",), modbus_timeout_s=timeout_s)
        async with rules.running(mosquitto.port), running_gateway(site_of(devices), settings):
            await until(lambda: all(rules.last(f"air-{n}.temperature") for n in units), "all of them")
            for unit in dead:
                unit.mood = Mood.SILENT
            lost = ("air-7.temperature", "air-8.temperature")
            await until(lambda: all(rules.stands_at(point, 25.7, LOST) for point in lost), "the failures")
            asked, read, began = sum(u.asked for u in dead), units[1].reads, time.monotonic()
            await until(lambda: units[1].reads >= read + 100, "a hundred rounds of the living")
            took_s = time.monotonic() - began
            in_vain_s = (sum(u.asked for u in dead) - asked) * timeout_s
            assert in_vain_s <= 0.05 * took_s + 4 * timeout_s
            for unit in dead:
                unit.mood = Mood.WELL
            await until(lambda: all(rules.stands_at(point, 25.7) for point in lost), "their recovery", timeout_s=30)


async def test_holes_are_learned_once(mosquitto: Broker, tmp_path: Path) -> None:
    """A device that refuses addresses between its registers is asked around them, in few requests, ever after."""
    unit = Unit(registers={0: 612, 4: 215, 6: 480, 11: 7, 13: 12})
    rules = Consumer("rules")
    async with ModbusServer.running({1: unit}) as server:
        site = site_of([fast("air", "ss-rftm-co2", server.port, 1)])
        settings = gateway_settings(mosquitto.port, tmp_path, consumers=("rules",))
        async with rules.running(mosquitto.port), running_gateway(site, settings):
            await until(lambda: rules.stands_at("air.pm25", 12), "the last of them")
            assert rules.stands_at("air.co2", 612)
            reads, rounds = unit.reads, len(rules.values("air.co2"))
            await until(lambda: len(rules.values("air.co2")) >= rounds + 10, "ten rounds")
            assert unit.reads - reads <= 5 * (len(rules.values("air.co2")) - rounds + 2), "a request a point, no more"
