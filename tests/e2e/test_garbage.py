"""Garbage on every input: counted, visible, and everything else goes on."""

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.program import Outside, Program
from tests.servers import wait_until

SENSOR = "zigbee2mqtt/climate-b1-f2"
BROKEN: list[tuple[str, bytes]] = [
    (SENSOR, b"{"),
    (SENSOR, b"\xff\xfe\x00"),
    (SENSOR, b"[1,2,3]"),
    (SENSOR, b'{"temperature":NaN}'),
    (SENSOR, b'{"temperature":"hot"}'),
    (SENSOR, b'{"temperature":{"a":1}}'),
    (SENSOR, b'{"temperature":1e999}'),
    ("zigbee2mqtt/nobody-knows-me", b'{"temperature":21}'),
    ("application/1/device/24e124713b492858/event/up", b'{"data":"%%%"}'),
    ("esp-rfid/door-b1/send", b'{"type":7}'),
    ("anju/v1/jinxiu/gw-east/frames/bulk", b"no frame"),
    ("anju/v1/jinxiu/nobody/frames/bulk", b'{"v":1}'),
    ("anju/v1/jinxiu/gw-east/commands/x", b"no command"),
    ("anju/v1/jinxiu/gw-east/committed/ingest", b"nothing"),
    ("firmware-sim/jinxiu/scenario", b"\x00"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The demo without its simulator; behind the east gateway's Modbus address hangs a server that never answers."""
    running = Program(tmp_path_factory.mktemp("garbage"), simulate=False)
    address = running.modbus["127.0.0.1:15020"]
    with _hanging_server(int(address.rpartition(":")[2])):
        running.start()
        try:
            yield running
        finally:
            running.stop()


class _hanging_server:  # noqa: N801  (used like a function)
    def __init__(self, port: int) -> None:
        self._listening = socket.create_server(("127.0.0.1", port))
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._open:
            connection.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                self._open.append(self._listening.accept()[0])
            except OSError:
                return


def test_garbage_is_counted_and_everything_else_goes_on(program: Program, outside: Outside) -> None:
    """After each piece of garbage a good reading still arrives; what was refused is shown with its reason."""
    pids = {name: row["pid"] for name, row in program.services().items()}
    with program.client() as api:
        for number, (topic, payload) in enumerate(BROKEN):
            outside.publish(topic, payload)
            good = 20 + number / 10
            outside.publish(SENSOR, {"temperature": good, "humidity": 40, "battery": 90})
            wait_until(
                lambda good=good: api.get("/points/climate-b1-f2.temperature").json()["value"] == good,  # type: ignore[misc]
                10,
                f"a reading after {payload[:30]!r} on {topic}",
            )
        wait_until(lambda: _east(api)["counters"]["refused"] >= 7, 20, "the next status")
        reasons = json.dumps(_east(api), ensure_ascii=False)
        assert "climate-b1-f2" in reasons
        assert "modbus" in reasons, "the server that hangs is shown"
        wait_until(lambda: len(api.get("/quarantine").json()["items"]) >= 2, 10, "the quarantine")
        quarantined = api.get("/quarantine").json()["items"]
        assert any("not a frame" in row["reason"] for row in quarantined)
    assert {name: row["pid"] for name, row in program.services().items()} == pids, "nothing fell over"


def _east(api: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in api.get("/gateways").json()["items"] if row["id"] == "gw-east")
    return found


def test_a_payload_of_10_mb_costs_nobody_else_anything(program: Program, outside: Outside) -> None:
    """The broker drops whoever sends it; sensors and services go on."""
    with program.outside() as flood:
        flood.shout("zigbee2mqtt/climate-b1-f2", b"x" * 10_000_000)
        with program.client() as api:
            outside.publish(SENSOR, {"temperature": 33.3, "humidity": 40, "battery": 90})
            wait_until(lambda: api.get("/points/climate-b1-f2.temperature").json()["value"] == 33.3, 10, "the reading")
    assert all(row["restarts"] == 0 for row in program.services().values())


def test_a_unit_that_hangs_becomes_communication_failure_not_a_value(program: Program) -> None:
    """A point nobody could read is unknown: no value, or one marked as such."""
    with program.client() as api:
        shown = api.get("/points/env-b1-f1.temperature").json()
        assert shown["value"] is None or shown["quality"] & 8
        assert shown["fresh"] is False
