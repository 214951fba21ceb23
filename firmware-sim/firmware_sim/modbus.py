"""Real Modbus TCP servers: one for each address of the site file, with every unit behind it."""

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Iterable

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from community.site.devices import Device
from community.site.profile import Profile, Register
from firmware_sim.registers import words
from firmware_sim.world import World

PANEL = "notifier-modbus-gw"
PANEL_FUNCTION = 3
_ACTIVE, _ENABLED, _DISABLED = 1 << 11, 1 << 10, 1 << 9
_EVENT_FIRE, _EVENT_NONE = 0x10, 0xFF
_REGISTERS = 512
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


def panel_word(flags: int) -> int:
    """A detector's register as a Notifier panel completes it: enabled unless disabled; the event in the low byte."""
    flags = flags & 0xFF00 & ~_ENABLED | (0 if flags & _DISABLED else _ENABLED)
    return flags | (_EVENT_FIRE if flags & _ACTIVE else _EVENT_NONE)


class Unit:
    """One device behind an address: its registers follow the world when asked, its coils keep what is written."""

    def __init__(self, world: World, device: Device, profile: Profile) -> None:
        assert device.modbus is not None
        self._world = world
        self._device = device
        self._profile = profile.id
        self._measured = [(m, row.modbus) for m, row in profile.measures.items() if row.modbus and not row.writable]
        self._panel_words = sorted({register.address for _, register in self._measured if register.type == "bit"})
        coils = [False] * _REGISTERS
        for measure, output in device.outputs.items():
            register = profile.measures[measure].modbus
            if register is not None and output.kind == "egress-lock":
                coils[register.address] = True  # locked, until somebody opens it
        self.simulated = SimDevice(
            id=device.modbus.unit,
            simdata=(
                [SimData(0, values=coils, datatype=DataType.BITS)],
                [SimData(0, values=[False] * _REGISTERS, datatype=DataType.BITS)],
                [SimData(0, values=[0] * _REGISTERS, datatype=DataType.REGISTERS)],
                [SimData(0, values=[0] * _REGISTERS, datatype=DataType.REGISTERS)],
            ),
            action=self._follow,
        )

    async def _follow(
        self,
        function: int,
        _start: int,
        address: int,
        count: int,
        registers: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Measure what is about to be read."""
        now = time.time()
        if self._world.is_silent(self._device, now):
            return ExcCodes.GATEWAY_NO_RESPONSE
        if written is not None:
            return None
        for measure, register in self._measured:
            if register.function != function:
                continue
            if register.type not in {"bit", "bool"} and not address - 4 < register.address < address + count:
                continue
            self._put(register, self._world.value(self._device, measure, now), registers)
        if self._profile == PANEL and function == PANEL_FUNCTION:
            for at in self._panel_words:
                registers[at] = panel_word(registers[at])
        return None

    @staticmethod
    def _put(register: Register, value: float, registers: list[int]) -> None:
        if register.type in {"bit", "bool"}:
            word, bit = (
                (register.address, register.bit or 0) if register.type == "bit" else divmod(register.address, 16)
            )
            registers[word] = registers[word] & ~(1 << bit) | int(value >= 0.5) << bit
            return
        data = words(register, value)
        registers[register.address : register.address + len(data)] = data


class ModbusBus:
    """A Modbus TCP server and its units; an async context manager that frees its port."""

    def __init__(self, address: str, units: Iterable[Unit]) -> None:
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))
        self._units = list(units)
        self._server: ModbusTcpServer | None = None

    async def __aenter__(self) -> "ModbusBus":
        self._server = ModbusTcpServer([unit.simulated for unit in self._units], address=self._address)
        await self._server.serve_forever(background=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        with contextlib.suppress(asyncio.CancelledError):
            await self._server.shutdown()  # type: ignore[no-untyped-call]


def buses(world: World) -> list[ModbusBus]:
    """The servers the site's Modbus devices need."""
    grouped: dict[str, list[Unit]] = defaultdict(list)
    for device in world.site.devices.values():
        if device.modbus is not None and device.modbus.line.kind == "tcp":
            grouped[device.modbus.line.address].append(Unit(world, device, world.site.profiles[device.profile]))
    return [ModbusBus(address, units) for address, units in grouped.items()]
