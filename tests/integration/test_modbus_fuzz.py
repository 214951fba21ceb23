"""Whatever a Modbus device answers: a request ends in time, with registers or a named failure, and the next one works.

`ANJU_FUZZ_EXAMPLES=20000` looks longer, and elsewhere at every run.
"""

import asyncio
import os
import struct
import time
from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from community.site.devices import Line
from gateway.drivers.modbus_client import ModbusConnection, ModbusError
from tests.modbus_server import crc

EXAMPLES = int(os.environ.get("ANJU_FUZZ_EXAMPLES", "0"))
TIMEOUT_S = 0.1
ENDS_S = 5.0
"""Far beyond the time-out, for machines that are busy; a request that hangs does not end at all."""
UNIT, COUNT = 1, 2
REGISTERS = [257, 612]
Kind = Literal["tcp", "rtu_tcp"]
Bend = Callable[[bytes], bytes | None]
"""What is sent for the right answer; None: the connection is closed."""


def right(kind: Kind, request: bytes) -> bytes:
    """The answer of a device that works."""
    body = struct.pack(">BBB2H", UNIT, request[-5 if kind == "tcp" else 1], 2 * COUNT, *REGISTERS)
    if kind == "tcp":
        return struct.pack(">HHH", *struct.unpack(">H", request[:2]), 0, len(body)) + body
    return body + crc(body)


def _cut(at: int) -> Bend:
    return lambda answer: answer[: at % len(answer)]


def _overwrite(at: int, part: bytes) -> Bend:
    return lambda answer: answer[: at % len(answer)] + part + answer[at % len(answer) + len(part) :]


def _framed(body: bytes) -> Bend:
    """Any content in a frame that is right as such."""

    def bend(answer: bytes) -> bytes:
        if answer[2:4] == b"\0\0":
            return answer[:4] + struct.pack(">H", len(body) + 1) + bytes([UNIT]) + body
        whole = bytes([UNIT]) + body
        return whole + crc(whole)

    return bend


def _exactly(whole: bytes) -> Bend:
    return lambda _answer: whole


hostile = st.one_of(
    st.sampled_from([lambda _: b"", lambda _: None, lambda a: a + a, lambda a: a * 200, lambda a: bytes(70_000)]),
    st.integers(0, 20).map(_cut),
    st.builds(_overwrite, st.integers(0, 20), st.binary(min_size=1, max_size=4)),
    st.binary(max_size=253).map(_framed),
    st.binary(max_size=600).map(_exactly),
)


async def survive(kind: Kind, bends: list[Bend]) -> None:
    """One request for each bent answer, then requests that are answered well."""
    waiting = list(bends)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readexactly(12 if kind == "tcp" else 8):
                bent = waiting.pop(0)(right(kind, request)) if waiting else right(kind, request)
                if bent is None:
                    break
                writer.write(bent)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    connection = ModbusConnection(Line(kind, f"127.0.0.1:{port}", 0, "", 0), TIMEOUT_S)

    async def read() -> list[int] | None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(ENDS_S):
                found = list(await connection.read(UNIT, 3, 0, COUNT))
        except ModbusError:
            found = None
        assert time.monotonic() - began < ENDS_S
        assert found is None or (len(found) == COUNT and all(0 <= value <= 0xFFFF for value in found))
        return found

    try:
        for _ in bends:
            await read()
        assert waiting == [] or await _until_right(read, len(waiting) + 1)
        assert await _until_right(read, 3), "a device that works again is read again"
    finally:
        connection.close()
        listener.close()
        await listener.wait_closed()


async def _until_right(read: Callable[[], object], tries: int) -> bool:
    """What is left over of nonsense may spoil an answer or two."""
    for _ in range(tries):
        if await read() == REGISTERS:  # type: ignore[misc]
            return True
    return False


@pytest.mark.parametrize("kind", ["tcp", "rtu_tcp"])
@settings(
    max_examples=EXAMPLES or 40,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(hostile, min_size=1, max_size=3))
def test_no_answer_hangs_or_breaks_a_line(kind: Kind, bends: list[Bend]) -> None:
    asyncio.run(survive(kind, bends))
