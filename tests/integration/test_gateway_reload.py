"""The site file changes while readings flow: what stays is not touched, what is new is heard, a bad file is refused."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from backbone.site_files import read_site
from backbone.site_watch import SiteWatch
from backbone.steady import wall_ms
from gateway.settings import GatewaySettings
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import modbus_device, mqtt_device, site_text
from tests.modbus_outside import mbpoll, tcp_device
from tests.modbus_server import ModbusServer, Unit
from tests.servers import Broker
from tests.waiting import until

CARD = {"type": "access", "isKnown": "true", "access": "Always", "username": "王伟", "uid": "ba839d07"}
CLIMATE, NEW, UPLINK = "zigbee2mqtt/climate", "zigbee2mqtt/new", "application/1/device/24e124126a147899/event/up"


def versions(port: int) -> Iterator[list[str]]:
    """Rows of devices: the first and the Modbus one stay as they are; others come, change and go."""
    stays = [
        mqtt_device("climate", "zigbee2mqtt-climate", CLIMATE),
        modbus_device("air", "xy-md02", port, 1, ", every: 100ms"),
    ]
    new = mqtt_device("new", "zigbee2mqtt-climate", NEW)
    door = mqtt_device("door", "esp-rfid", "esp-rfid/door/send")
    yield stays
    yield [*stays, new]
    yield [*stays, new, door]
    yield [*stays, mqtt_device("new", "zigbee2mqtt-climate", NEW, ", every: 5min"), door]
    yield [*stays, door]
    yield stays


def following(settings: GatewaySettings) -> AbstractAsyncContextManager[None]:
    """A gateway that follows its site file."""
    site = read_site(settings)
    return running_gateway(site, settings, watch_site=SiteWatch(settings, site, "gateway", wall_ms))


async def test_five_changes_while_readings_flow_lose_and_double_nothing(mosquitto: Broker, tmp_path: Path) -> None:
    rules = Consumer("rules")
    file = tmp_path / "site.yaml"
    sent = 0
    stop = asyncio.Event()

    async def speak(operator: Operator) -> None:
        nonlocal sent
        while not stop.is_set():
            sent += 1
            operator.publish(CLIMATE, {"temperature": sent / 100})
            await asyncio.sleep(0.002)

    async with ModbusServer.running({1: Unit(registers={1: 257, 2: 500})}) as server:
        changes = versions(server.port)
        file.write_text(site_text(next(changes)))
        settings = gateway_settings(mosquitto.port, tmp_path / "data", consumers=("rules",), site=file, status_s=0.5)
        async with (
            Operator.connected(mosquitto.port) as operator,
            rules.running(mosquitto.port),
            following(settings),
        ):
            await operator.online()
            await until(lambda: rules.values("air.temperature"), "the Modbus device")
            speaking = asyncio.create_task(speak(operator))
            for devices in changes:
                file.write_text(site_text(devices))
                os.kill(os.getpid(), signal.SIGHUP)
                names = {row.partition(",")[0].removeprefix("{id: ") for row in devices}
                await until(lambda names=names: operator.status["devices"].keys() == names, f"{names}")  # type: ignore[misc]
                if "new" in names:
                    heard = len(rules.values("new.temperature"))
                    operator.publish(NEW, {"temperature": 20})
                    await until(lambda heard=heard: len(rules.values("new.temperature")) > heard, "the new one")  # type: ignore[misc]
            file.write_text("site: {id: test\n")
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: "the site file is refused" in (operator.status["problem"] or ""), "the refusal")
            assert f"{file}:" in operator.status["problem"]
            file.write_text(site_text(next(versions(server.port))))
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: operator.status["problem"] is None, "the good file")
            stop.set()
            await speaking
            await until(lambda: rules.values("climate.temperature")[-1] == sent / 100, "the last reading")
            polled = len(rules.values("air.temperature"))
            await until(lambda: len(rules.values("air.temperature")) > polled, "the Modbus device to go on")
            operator.publish(NEW, {"temperature": 21})
            await until(lambda: (NEW, "unknown device") in operator.refusals(), "the removed one to be a stranger")
        assert rules.values("climate.temperature") == [number / 100 for number in range(1, sent + 1)]
        assert server.connections == 1, "a connection of which nothing changed is kept"


async def test_a_change_is_noticed_without_being_told(mosquitto: Broker, tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    stays = mqtt_device("climate", "zigbee2mqtt-climate", CLIMATE)
    file.write_text(site_text([stays]))
    settings = gateway_settings(mosquitto.port, tmp_path / "data", site=file, status_s=0.5)
    async with Operator.connected(mosquitto.port) as operator, following(settings):
        await operator.online()
        file.write_text(site_text([stays, mqtt_device("new", "zigbee2mqtt-climate", NEW)]))
        await until(lambda: "new" in operator.status["devices"], "the new device")


async def test_whether_people_are_named_changes_with_the_site_file(mosquitto: Broker, tmp_path: Path) -> None:
    """From the reload on, either way; the key stays, so that a card is the same pseudonym as before."""
    ingest, file = Consumer("ingest"), tmp_path / "site.yaml"
    hashed = site_text([mqtt_device("door", "esp-rfid", "esp-rfid/door")])
    named = hashed.replace("id: test,", "id: test, personal_data: as-read,")
    file.write_text(hashed)
    settings = gateway_settings(mosquitto.port, tmp_path / "data", consumers=("ingest",), site=file)

    async with (
        Operator.connected(mosquitto.port) as operator,
        ingest.running(mosquitto.port),
        following(settings),
    ):
        await operator.online()

        async def read_until(*, as_read: bool) -> list[str]:
            """The card is held to the reader until it leaves as it is to."""
            async with asyncio.timeout(60):
                while not ingest.events or (ingest.events[-1].data["card"] == CARD["uid"]) != as_read:
                    heard = len(ingest.events)
                    operator.publish("esp-rfid/door/send", CARD)
                    await until(lambda heard=heard: len(ingest.events) > heard, "the card")  # type: ignore[misc]
            return [ingest.events[-1].data[key] for key in ("card", "person")]

        hidden = await read_until(as_read=False)
        assert not {CARD["uid"], CARD["username"]} & {*hidden}
        for text, as_read, said in ((named, True, [CARD["uid"], CARD["username"]]), (hashed, False, hidden)):
            file.write_text(text)
            os.kill(os.getpid(), signal.SIGHUP)
            assert await read_until(as_read=as_read) == said


async def test_a_device_that_moved_to_another_address_is_read_there(mosquitto: Broker, tmp_path: Path) -> None:
    rules = Consumer("rules")
    file = tmp_path / "site.yaml"
    async with (
        ModbusServer.running({1: Unit(registers={1: 100, 2: 500})}) as first,
        ModbusServer.running({1: Unit(registers={1: 200, 2: 500})}) as second,
    ):
        file.write_text(site_text([modbus_device("air", "xy-md02", first.port, 1, ", every: 100ms")]))
        settings = gateway_settings(mosquitto.port, tmp_path / "data", consumers=("rules",), site=file, status_s=0.5)
        async with (
            Operator.connected(mosquitto.port) as operator,
            rules.running(mosquitto.port),
            following(settings),
        ):
            await operator.online()
            await until(lambda: 10.0 in rules.values("air.temperature"), "the first address")
            file.write_text(site_text([modbus_device("air", "xy-md02", second.port, 1, ", every: 100ms")]))
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: 20.0 in rules.values("air.temperature"), "the second address")
            values = rules.values("air.temperature")
            assert values == sorted(values), "the first is not asked any more"


def interlocked(relays: int, *detectors: str, within: str = "60s") -> str:
    """Two of the detectors in the hall open the door."""
    outputs = "{relay-1: {kind: egress-lock, safe: 0}}"
    return site_text(
        [
            *(mqtt_device(name, "zigbee2mqtt-smoke", f"zigbee2mqtt/{name}") for name in detectors),
            modbus_device("doors", "waveshare-relay-8", relays, 9, f", outputs: {outputs}"),
        ],
        interlocks=[
            f"{{id: release, when: [{{of: smoke, zone: hall, within: {within}}}],"
            " then: [{set: doors.relay-1, to: safe}]}"
        ],
    )


async def test_an_interlock_counts_new_detectors_at_once_and_is_not_changed_while_tripped(
    mosquitto: Broker, tmp_path: Path
) -> None:
    file, smoke = tmp_path / "site.yaml", {"smoke": True, "test": False}
    with tcp_device(tmp_path / "device") as (port, _):
        file.write_text(interlocked(port, "smoke-a", "smoke-b"))
        settings = gateway_settings(mosquitto.port, tmp_path / "data", site=file, status_s=0.5)
        async with Operator.connected(mosquitto.port) as operator, following(settings):
            await operator.online()
            operator.publish("zigbee2mqtt/smoke-a", smoke)
            await until(lambda: operator.status["devices"]["smoke-a"]["ok"], "the first detector")
            file.write_text(interlocked(port, "smoke-a", "smoke-b", "smoke-c"))
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: "smoke-c" in operator.status["devices"], "the new detector")
            assert operator.status["interlocks"]["release"]["tripped"] is False
            assert await asyncio.to_thread(mbpoll, port, 9, 0, 1) == ["1"], "a changed file moves no door"
            operator.publish("zigbee2mqtt/smoke-c", smoke)
            await until(lambda: operator.status["interlocks"]["release"]["tripped"], "the two to agree")
            await until(
                lambda: operator.status["interlocks"]["release"]["outputs"] == {"doors.relay-1": "set"}, "the door"
            )
            assert await asyncio.to_thread(mbpoll, port, 9, 0, 1) == ["0"]
            file.write_text(interlocked(port, "smoke-a", "smoke-b", within="30s"))
            os.kill(os.getpid(), signal.SIGHUP)
            said = "interlock release is tripped and was changed; reset it, then save the file again"
            await until(lambda: said in (operator.status["problem"] or ""), "the refusal")
            assert operator.status["interlocks"]["release"]["tripped"] is True
            assert await asyncio.to_thread(mbpoll, port, 9, 0, 1) == ["0"]
