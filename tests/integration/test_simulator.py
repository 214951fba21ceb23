"""The simulator as outside clients see it: MQTT devices, Modbus servers, scenarios."""

import asyncio
import base64
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymodbus.client import ModbusTcpClient

from backbone.site_files import read_profiles
from community.site.load import load_site
from community.site.site import Site
from firmware_sim.scenarios import SCENARIOS, begin
from firmware_sim.service import run, send_scenario
from firmware_sim.world import World
from tests import servers
from tests.program import Outside
from tests.servers import ROOT, wait_until


@pytest.fixture(scope="module")
def site() -> Site:
    """The demo with free Modbus ports."""
    text = (ROOT / "sites" / "jinxiu.yaml").read_text(encoding="utf-8")
    for address in set(re.findall(r"127\.0\.0\.1:150\d\d", text)):
        text = text.replace(address, f"127.0.0.1:{servers.free_port()}")
    return load_site(text, read_profiles(None))


@pytest.fixture(scope="module")
def broker_port(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The simulator on an embedded broker; the broker's port."""
    with servers.embedded_broker(tmp_path_factory.mktemp("broker")) as broker:
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()
        running = run(site, broker_url=broker.url, seed=7, stop=stop, data_dir=Path("/nowhere"))
        thread = threading.Thread(target=loop.run_until_complete, args=(running,))
        with Outside(broker.port) as early:
            early.listen("#")
            thread.start()
            wait_until(lambda: early.heard("/availability"), 20, "the first device")
            yield broker.port
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        assert not thread.is_alive(), "the simulator stops when asked"
        loop.close()
    for address in {device.modbus.line.address for device in site.devices.values() if device.modbus}:
        assert not servers.listening(int(address.rpartition(":")[2])), "its ports are free again"


@pytest.fixture
def outside(broker_port: int) -> Iterator[Outside]:
    with Outside(broker_port) as client:
        yield client


def modbus(site: Site, device: str) -> tuple[ModbusTcpClient, int]:
    source = site.devices[device].modbus
    assert source is not None
    host, _, port = source.line.address.rpartition(":")
    client = ModbusTcpClient(host, port=int(port))
    assert client.connect()  # type: ignore[no-untyped-call]
    return client, source.unit


def test_every_kind_of_device_speaks(outside: Outside) -> None:
    outside.listen("#")
    outside.wait_for("zigbee2mqtt/", lambda body: "last_seen" in body, 20)
    _, uplink, _ = outside.wait_for("/event/up", lambda body: "data" in body, 20)
    assert base64.b64decode(uplink["data"])[:2] == b"\x01\x75"
    outside.wait_for("esp-rfid/", lambda body: body.get("type") in {"heartbeat", "access", "INFO"}, 90)


def test_registers_follow_the_world_and_coils_keep_what_is_written(site: Site, broker_port: int) -> None:
    client, unit = modbus(site, "env-b3-f1")
    temperature, humidity = client.read_input_registers(1, count=2, device_id=unit).registers
    assert 150 < temperature < 300
    assert 300 < humidity < 800
    client.close()  # type: ignore[no-untyped-call]
    client, unit = modbus(site, "doors-b2")
    assert client.read_coils(0, count=4, device_id=unit).bits[:4] == [True, True, True, False]
    client.write_coil(0, False, device_id=unit)
    assert client.read_coils(0, count=4, device_id=unit).bits[:4] == [False, True, True, False]
    client.close()  # type: ignore[no-untyped-call]


def test_a_fire_starts_spreads_and_is_put_out(site: Site, broker_port: int, outside: Outside) -> None:
    outside.listen("zigbee2mqtt/#")
    url = f"mqtt://127.0.0.1:{broker_port}"
    asyncio.run(send_scenario(url, site.id, "corridor-fire", "b4-f2"))
    _, _, first = outside.wait_for("smoke-b4-f2-a", lambda body: body.get("smoke") is True, 5)
    _, _, second = outside.wait_for("smoke-b4-f2-b", lambda body: body.get("smoke") is True, 15)
    assert 6 < second - first < 10
    client, unit = modbus(site, "panel")

    def panel() -> list[int]:
        return list(client.read_holding_registers(0, count=6, device_id=unit).registers)

    wait_until(lambda: panel()[3] == 0x0C10, 10, "the detector in building 4: active, enabled, fire")
    assert {word for index, word in enumerate(panel()) if index != 3} == {0x04FF}
    client.close()  # type: ignore[no-untyped-call]
    asyncio.run(send_scenario(url, site.id, "normal", None))
    outside.wait_for("smoke-b4-f2-a", lambda body: body.get("smoke") is False, 5)


def test_garbage_and_unknown_scenarios_change_nothing(site: Site, broker_port: int, outside: Outside) -> None:
    outside.listen("zigbee2mqtt/#")
    for payload in (b"{", b"[]", b'{"name":"flying-pigs"}', b'{"name":"leak","zone":"mars"}'):
        outside.publish(f"firmware-sim/{site.id}/scenario", payload)
    asyncio.run(send_scenario(f"mqtt://127.0.0.1:{broker_port}", site.id, "call-point", "b5-lobby"))
    outside.wait_for("call-point-b5", lambda body: body.get("emergency") is True, 5)


def test_every_scenario_touches_something_in_its_own_place(site: Site) -> None:

    for name in SCENARIOS:
        assert begin(World(site, 1), name, None, 1_000.0), name


def test_the_same_seed_gives_the_same_world(site: Site) -> None:

    device = site.devices["env-b3-f1"]
    values = [World(site, seed).value(device, "temperature", 1_790_000_000.0) for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]
