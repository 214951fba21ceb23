"""A Modbus server of our own for tests: independent of the library the gateway uses, and able to misbehave.

It speaks Modbus TCP, or with `rtu` the frames of a serial line on a TCP connection, as converters do.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum

_BITS = {1: "coils", 2: "inputs"}
_WORDS = {3: "holding", 4: "registers"}
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS = 1, 2


class Mood(StrEnum):
    """How a unit answers."""

    WELL = "well"
    SILENT = "silent"
    GARBAGE = "garbage"
    WRONG_UNIT = "wrong unit"
    TRUNCATED = "truncated"
    BUSY = "busy"
    STUCK = "stuck"
    """Acknowledges writes and does not carry them out."""


@dataclass
class Unit:
    """A device's memory; addresses that are not there are refused."""

    coils: dict[int, bool] = field(default_factory=dict)
    inputs: dict[int, bool] = field(default_factory=dict)
    holding: dict[int, int] = field(default_factory=dict)
    registers: dict[int, int] = field(default_factory=dict)
    mood: Mood = Mood.WELL
    exception: int = 0
    """Every request is answered by this exception code; 0: none."""
    asked: int = 0
    reads: int = 0
    writes: list[tuple[int, int]] = field(default_factory=list)


class ModbusServer:
    """Units behind one port."""

    def __init__(self, units: dict[int, Unit], *, rtu: bool = False) -> None:
        self.units = units
        self._rtu = rtu
        self.port = 0
        self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, units: dict[int, Unit], port: int = 0, *, rtu: bool = False) -> AsyncIterator[ModbusServer]:
        """Listening on loopback."""
        server = cls(units, rtu=rtu)
        listener = await asyncio.start_server(server._serve, "127.0.0.1", port)
        server.port = listener.sockets[0].getsockname()[1]
        try:
            yield server
        finally:
            listener.close()
            for writer in tuple(server._writers):
                writer.transport.abort()
            await listener.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                if self._rtu:
                    frame = await reader.readexactly(8)
                    assert crc(frame[:-2]) == frame[-2:]
                    answer = self._answer(0, frame[0], frame[1:-2])
                else:
                    head = await reader.readexactly(7)
                    transaction, _, length, number = struct.unpack(">HHHB", head)
                    request = await reader.readexactly(length - 1)
                    answer = self._answer(transaction, number, request)
                if answer:
                    writer.write(answer)
                    await writer.drain()
        self._writers.discard(writer)
        writer.close()

    def _answer(self, transaction: int, number: int, request: bytes) -> bytes:
        unit = self.units.get(number)
        if unit is not None:
            unit.asked += 1
        if unit is None or unit.mood is Mood.SILENT:
            return b""
        code = 6 if unit.mood is Mood.BUSY else unit.exception
        body = bytes([request[0] | 0x80, code]) if code else self._carry_out(unit, request)
        if unit.mood is Mood.WRONG_UNIT:
            number += 1
        whole = struct.pack(">HHHB", transaction, 0, len(body) + 1, number) + body
        if self._rtu:
            whole = bytes([number]) + body
            whole += crc(whole)
        if unit.mood is Mood.GARBAGE:
            return b"\xde\xad\xbe\xef" * 50
        return whole[:-1] if unit.mood is Mood.TRUNCATED else whole

    def _carry_out(self, unit: Unit, request: bytes) -> bytes:
        function, address, value = struct.unpack(">BHH", request[:5])
        if function in _BITS or function in _WORDS:
            unit.reads += 1
            memory = getattr(unit, _BITS.get(function) or _WORDS[function])
            if any(at not in memory for at in range(address, address + value)):
                return bytes([function | 0x80, ILLEGAL_ADDRESS])
            found = [int(memory[at]) for at in range(address, address + value)]
            if function in _WORDS:
                return bytes([function, 2 * value]) + struct.pack(f">{value}H", *found)
            packed = bytearray((value + 7) // 8)
            for index, bit in enumerate(found):
                packed[index // 8] |= bit << index % 8
            return bytes([function, len(packed)]) + bytes(packed)
        if function == 5:
            if address not in unit.coils:
                return bytes([function | 0x80, ILLEGAL_ADDRESS])
            unit.writes.append((address, int(value == 0xFF00)))
            if unit.mood is not Mood.STUCK:
                unit.coils[address] = value == 0xFF00
            return request[:5]
        return bytes([function | 0x80, ILLEGAL_FUNCTION])


def crc(frame: bytes) -> bytes:
    """Of an RTU frame (Modbus over Serial Line 1.02, 6.2.2)."""
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)
