"""Modbus lines against programs that are not ours: a libmodbus device over TCP, a serial line, and a converter."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from community.quality import Quality
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import site_of
from tests.modbus_outside import SerialLine, tcp_device
from tests.servers import Broker
from tests.waiting import until

LOST = int(Quality.COMMUNICATION_FAILURE)
ORDERS = """
id: orders
product: test
maker: test
source: tests/data/modbus/server.c
family: environment
decoder: modbus
every: 100ms
measures:
  negative: {name: {zh: 负, en: Negative}, modbus: {function: 3, address: 0, type: int16, scale: 0.1}}
  abcd: {name: {zh: 一, en: ABCD}, modbus: {function: 3, address: 10, type: float32}}
  badc: {name: {zh: 二, en: BADC}, modbus: {function: 3, address: 12, type: float32, byte_order: little}}
  cdab: {name: {zh: 三, en: CDAB}, modbus: {function: 3, address: 14, type: float32, word_order: little}}
  dcba:
    name: {zh: 四, en: DCBA}
    modbus: {function: 3, address: 16, type: float32, byte_order: little, word_order: little}
  coil: {name: {zh: 线圈, en: Coil}, kind: boolean, modbus: {function: 1, address: 7, type: bool}}
  input: {name: {zh: 输入, en: Input}, kind: boolean, modbus: {function: 2, address: 7, type: bool}}
  valve: {name: {zh: 阀, en: Valve}, kind: boolean, writable: true, modbus: {function: 3, address: 20, scale: 0.01}}
  far: {name: {zh: 远, en: Far}, modbus: {function: 4, address: 511}}
  beyond: {name: {zh: 外, en: Beyond}, modbus: {function: 4, address: 512}}
"""


def device(identifier: str, profile: str, source: str, extra: str = "") -> str:
    return f"{{id: {identifier}, profile: {profile}, zone: hall, modbus: {{{source}}}, every: 100ms{extra}}}"


def devices(source: str) -> list[str]:
    """Unit 1, seen as a climate sensor."""
    return [device("air", "xy-md02", f"{source}, unit: 1")]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[SerialLine]:
    serial = SerialLine(tmp_path / "line")
    serial.plug()
    yield serial
    serial.unplug()


async def test_every_order_of_bytes_and_words_as_libmodbus_sends_them(mosquitto: Broker, tmp_path: Path) -> None:
    rules = Consumer("rules")
    with tcp_device(tmp_path / "device") as (port, _):
        valve = ", outputs: {valve: {kind: valve, safe: 0}}"
        row = device("x", "orders", f"tcp: '127.0.0.1:{port}', unit: 1", valve)
        site = site_of([row], profiles={"orders.yaml": ORDERS})
        settings = gateway_settings(mosquitto.port, tmp_path, consumers=("rules",), status_s=0.5)
        async with (
            Operator.connected(mosquitto.port) as operator,
            rules.running(mosquitto.port),
            running_gateway(site, settings),
        ):
            await until(lambda: rules.last("x.far"), "the last of them")
            assert rules.values("x.negative")[0] == pytest.approx(-10.0)
            for order in ("abcd", "badc", "cdab", "dcba"):
                assert rules.values(f"x.{order}")[0] == pytest.approx(123456.789), order
            assert (rules.values("x.coil")[0], rules.values("x.input")[0]) == (1.0, 0.0)
            assert rules.values("x.far")[0] == 5110
            refused = (f"modbus 127.0.0.1:{port} unit 1", "beyond: refused: no such address")
            await until(lambda: refused in operator.refusals(), "what is not there")
            assert rules.values("x.beyond") == []
            opened = await operator.command("c1", "x.valve", 1)
            assert (opened["outcome"], opened["read_back"]) == ("done", 1.0)
            await until(lambda: rules.stands_at("x.valve", 1.0), "the register that was written")


async def test_a_serial_line_that_is_unplugged_and_plugged_in_again(
    mosquitto: Broker, tmp_path: Path, line: SerialLine
) -> None:
    rules = Consumer("rules")
    settings = gateway_settings(mosquitto.port, tmp_path, consumers=("rules",), modbus_timeout_s=0.3)
    site = site_of(devices(f"rtu: '{line.port}', baud: 19200, stop_bits: 2"))
    async with rules.running(mosquitto.port), running_gateway(site, settings):
        await until(lambda: rules.stands_at("air.temperature", 1.0), "a reading")
        assert rules.stands_at("air.humidity", 2.0)
        await asyncio.to_thread(line.unplug)
        await until(lambda: rules.stands_at("air.temperature", 1.0, LOST), "the failure")
        await asyncio.to_thread(line.plug)
        await until(lambda: rules.stands_at("air.temperature", 1.0), "its recovery")


@pytest.mark.parametrize("through", ["rtu", "rtu_tcp"])
async def test_a_relay_on_a_serial_line_obeys(
    mosquitto: Broker, tmp_path: Path, line: SerialLine, through: str
) -> None:
    outputs = ", outputs: {relay-1: {kind: egress-lock, safe: 0}}"
    settings = gateway_settings(mosquitto.port, tmp_path, consumers=("rules",), modbus_timeout_s=3)
    rules = Consumer("rules")
    with contextlib.ExitStack() as stack:
        source = f"rtu: '{line.port}'"
        if through == "rtu_tcp":
            source = f"rtu_tcp: '127.0.0.1:{stack.enter_context(line.converter())}'"
        site = site_of([device("doors", "waveshare-relay-8", f"{source}, unit: 1", outputs)])
        async with (
            Operator.connected(mosquitto.port) as operator,
            rules.running(mosquitto.port),
            running_gateway(site, settings),
        ):
            await operator.online()
            await until(lambda: rules.stands_at("doors.relay-1", 1.0), "the lock")
            reply = await operator.command("c1", "doors.relay-1", 0)
            assert (reply["outcome"], reply["read_back"]) == ("done", 0.0)
            await until(lambda: rules.stands_at("doors.relay-1", 0.0), "the open door")
