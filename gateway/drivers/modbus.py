"""Devices that speak Modbus: a task a line (a TCP address or a serial port), its units in turn, commands first."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from backbone import metrics
from community.site.devices import Device, Line
from community.site.profile import Lane, Register
from community.site.site import Site, measure_of
from gateway.backoff import BackOff, Probes
from gateway.decoders.decoded import Decoded
from gateway.device_reader import Channel, DeviceReader
from gateway.drivers.modbus_client import OF_CONNECTION, OF_UNIT, Failure, ModbusConnection, ModbusError
from gateway.readings import Pipeline
from gateway.refusals import Refusals
from gateway.register_plan import Request, Span, plan, split
from gateway.registers import raw_of, value_of, width

REFUSED_AGAIN_S = 600.0
"""A point the device refuses is asked for this rarely: firmware gets updated."""
ADDRESS_BACK_OFF_S = 5.0
POLL_WAITS_S = 1.0
"""Commands go before polling, but outputs that do not answer must not keep the line's detectors from being read."""
_BUSY_TRIES = 3
_BUSY_PAUSE_S = 0.1

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class _Group:
    """Points of one unit that are read at one interval."""

    every_s: float
    requests: list[Request]
    due: float = 0.0
    refused: dict[int, float] = field(default_factory=dict)
    """By span key: when to ask again for a point the device refused."""


@dataclass(slots=True, eq=False)
class Unit:
    """A device behind the connection."""

    number: int
    reader: DeviceReader
    registers: tuple[Register, ...]
    channels: tuple[Channel, ...]
    groups: list[_Group]
    source: str
    back_off: BackOff = field(default_factory=BackOff)


def unit_of(site: Site, device: Device, reader: DeviceReader, *, urgent_poll_s: float) -> Unit:
    """The reading plan of a Modbus device."""
    assert device.modbus is not None
    registers, spans = [], dict[float, list[Span]]()
    channels = tuple(channel for channel in reader.channels if measure_of(site, site.points[channel.point]).modbus)
    for key, channel in enumerate(channels):
        point = site.points[channel.point]
        register = measure_of(site, point).modbus
        assert register is not None
        registers.append(register)
        every_s = min(point.every_s, urgent_poll_s) if point.lane is Lane.URGENT else point.every_s
        spans.setdefault(every_s, []).append(Span(register.function, register.address, width(register), key))
    groups = [_Group(every_s, list(plan(rows))) for every_s, rows in sorted(spans.items())]
    source = f"modbus {device.modbus.line.address} unit {device.modbus.unit}"
    return Unit(device.modbus.unit, reader, tuple(registers), channels, groups, source)


class ModbusDriver:
    """All units on one line."""

    def __init__(
        self,
        line: Line,
        units: Iterable[Unit],
        pipeline: Pipeline,
        refusals: Refusals,
        now: Callable[[], int],
        *,
        timeout_s: float,
    ) -> None:
        self.address = line.address
        self._units = {unit.reader.device: unit for unit in units}
        self._connection = ModbusConnection(line, timeout_s)
        self._pipeline = pipeline
        self._refusals = refusals
        self._now = now
        self._turn = asyncio.Lock()
        self._commands_waiting = 0
        self._free = asyncio.Event()
        self._free.set()
        self._away = BackOff(longest_s=ADDRESS_BACK_OFF_S)
        self._probes = Probes()
        self.requests = 0
        self.beat_s = time.monotonic()

    @property
    def devices(self) -> tuple[str, ...]:
        """Ids of the devices behind this address."""
        return tuple(self._units)

    async def run(self) -> None:
        """Poll until cancelled."""
        try:
            while True:
                self.beat_s = time.monotonic()
                pause_s = 1.0
                try:
                    pause_s = await self._round()
                except Exception:
                    # One address's trouble stays its own; the others have their own tasks.
                    metrics.loop_errors.labels(f"modbus {self.address}").inc()
                    log.exception("polling failed", address=self.address)
                await asyncio.sleep(pause_s)
        finally:
            self._connection.close()

    async def write(self, device: str, point: str, value: int) -> float:
        """Set an output, and what reading it back gives; goes before any polling.

        Raises:
            ModbusError: the unit did not answer or refused.
        """
        unit, channel, register = self._output(device, point)
        async with self._command_turn():
            raw = raw_of(register, 1 - value if channel.invert else value)
            await self._connection.write(unit.number, register.function, register.address, raw)
            return await self._read_one(unit, channel, register)

    async def read_back(self, device: str, point: str) -> float:
        """What an output is now.

        Raises:
            ModbusError: the unit did not answer or refused.
        """
        async with self._command_turn():
            return await self._read_one(*self._output(device, point))

    def _output(self, device: str, point: str) -> tuple[Unit, Channel, Register]:
        unit = self._units[device]
        key = next(i for i, channel in enumerate(unit.channels) if channel.point == point)
        return unit, unit.channels[key], unit.registers[key]

    async def _read_one(self, unit: Unit, channel: Channel, register: Register) -> float:
        raw = await self._connection.read(unit.number, register.function, register.address, width(register))
        value = value_of(register, raw[: width(register)])
        if value is None:
            raise ModbusError(Failure.GARBAGE)
        return 1.0 - value if channel.invert else value

    @contextlib.asynccontextmanager
    async def _command_turn(self) -> AsyncIterator[None]:
        """Hold polling back while commands wait, and take the connection."""
        self._commands_waiting += 1
        self._free.clear()
        self._connection.make_way()
        try:
            async with self._turn:
                self.beat_s = time.monotonic()
                yield
        finally:
            self._commands_waiting -= 1
            if self._commands_waiting == 0:
                self._free.set()

    async def _round(self) -> float:
        """Read what is due of every unit, in turn; seconds until something is due again."""
        soonest = time.monotonic() + 1.0
        for unit in self._units.values():
            for group in unit.groups:
                now_s = time.monotonic()
                if not self._away.may_try(now_s):
                    return max(0.01, self._away.not_before - now_s)
                due = max(group.due, unit.back_off.not_before)
                if unit.back_off.failing:
                    due = max(due, self._probes.not_before)
                if due > now_s:
                    soonest = min(soonest, due)
                    continue
                group.due = max(group.due + group.every_s, now_s)
                await self._read_group(unit, group)
                soonest = min(soonest, group.due)
        return max(0.0, soonest - time.monotonic())

    async def _read_group(self, unit: Unit, group: _Group) -> None:
        values: dict[str, object] = {}
        began_s = time.monotonic()
        index = 0
        while index < len(group.requests):
            request = group.requests[index]
            if self._waits(group, request):
                index += 1
                continue
            try:
                raw = await self._read(unit, request)
            except ModbusError as error:
                if error.failure in OF_CONNECTION | OF_UNIT:
                    self._unit_failed(unit, error.failure, began_s)
                    return
                if error.failure is Failure.ILLEGAL_ADDRESS and len(request.spans) > 1:
                    group.requests[index : index + 1] = split(request)
                    continue
                self._request_refused(unit, group, request, error.failure)
                index += 1
                continue
            self._take(unit, request, raw, values)
            index += 1
        unit.back_off.answered()
        self._away.answered()
        if values:
            self._pipeline.accept(unit.reader, Decoded(values), unit.source, self._now(), polled=True)
        else:
            unit.reader.answered(self._now())

    async def _read(self, unit: Unit, request: Request) -> Sequence[int] | Sequence[bool]:
        attempt = 0
        while True:
            if not self._free.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_WAITS_S):
                        await self._free.wait()
            async with self._turn:
                self.requests += 1
                self.beat_s = time.monotonic()
                try:
                    return await self._connection.read(unit.number, request.function, request.address, request.size)
                except ModbusError as error:
                    if error.failure is Failure.MADE_WAY:
                        continue
                    attempt += 1
                    if error.failure is not Failure.BUSY or attempt == _BUSY_TRIES:
                        raise
            await asyncio.sleep(_BUSY_PAUSE_S)

    def _take(
        self, unit: Unit, request: Request, raw: Sequence[int] | Sequence[bool], values: dict[str, object]
    ) -> None:
        for span in request.spans:
            at = span.address - request.address
            value = value_of(unit.registers[span.key], raw[at : at + span.size])
            channel = unit.channels[span.key]
            if value is None:
                self._refusals.count(unit.source, f"{channel.path}: the device says it has no value", self._now())
                self._pipeline.point_failed(channel, self._now())
            else:
                values[channel.path] = value

    def _waits(self, group: _Group, request: Request) -> bool:
        return len(request.spans) == 1 and group.refused.get(request.spans[0].key, 0.0) > time.monotonic()

    def _request_refused(self, unit: Unit, group: _Group, request: Request, failure: Failure) -> None:
        now = self._now()
        for span in request.spans:
            channel = unit.channels[span.key]
            if len(request.spans) == 1 and failure in {Failure.ILLEGAL_ADDRESS, Failure.ILLEGAL_FUNCTION}:
                group.refused[span.key] = time.monotonic() + REFUSED_AGAIN_S
            self._refusals.count(unit.source, f"{channel.path}: {failure.value}", now)
            self._pipeline.point_failed(channel, now)

    def _unit_failed(self, unit: Unit, failure: Failure, began_s: float) -> None:
        now, now_s = self._now(), time.monotonic()
        self._refusals.count(unit.source, failure.value, now)
        if failure in OF_CONNECTION:
            # Nobody behind a dead address can answer; the address backs off, its units are not asked one by one.
            self._connection.close()
            if self._away.failed(now_s):
                for other in self._units.values():
                    self._pipeline.lost(other.reader, failure.value, now)
            return
        if unit.back_off.failed(now_s):
            if unit.back_off.probed:
                self._probes.spent(now_s - began_s, now_s)
            self._pipeline.lost(unit.reader, failure.value, now)
