"""The Modbus driver alone on a real connection: it ends when it is told to, whatever it is doing."""

import asyncio
import contextlib

from backbone.steady import wall_ms
from community.site.site import Site
from gateway.device_reader import reader_of
from gateway.drivers.modbus import ModbusDriver, unit_of
from gateway.drivers.modbus_client import ModbusError
from gateway.event_time import ClockLimits
from gateway.pseudonyms import Pseudonyms
from gateway.readings import Pipeline
from gateway.refusals import Refusals
from tests.gateway_site import modbus_device, site_of
from tests.modbus_server import ModbusServer, Mood, Unit
from tests.unit.gateway.sink import Remembered
from tests.waiting import until


def driver(site: Site, timeout_s: float = 5) -> ModbusDriver:
    refusals = Refusals()
    pipeline = Pipeline(Remembered(), refusals, Pseudonyms(b"k" * 32), ClockLimits(60_000, 60_000))
    units = [unit_of(site, device, reader_of(site, device), urgent_poll_s=1) for device in site.devices.values()]
    source = site.devices["air-1"].modbus
    assert source is not None
    return ModbusDriver(source.line, units, pipeline, refusals, wall_ms, timeout_s=timeout_s)


async def test_it_ends_at_whatever_moment_it_is_told() -> None:
    """An answer that comes at the same moment as the end must not make it miss the end (python/cpython#86296)."""
    numbers = range(1, 31)
    async with ModbusServer.running({n: Unit(registers={1: 5, 2: 5}) for n in numbers}) as server:
        site = site_of([modbus_device(f"air-{n}", "xy-md02", server.port, n, ", every: 1ms") for n in numbers])
        for moment in range(40):
            polling = driver(site)
            task = asyncio.create_task(polling.run())
            await asyncio.sleep(0.01 + moment * 1e-4)  # somewhere in the midst of it
            task.cancel()
            await asyncio.wait({task}, timeout=10)
            assert task.cancelled()


async def test_outputs_that_do_not_answer_keep_no_detector_of_their_line_from_being_read() -> None:
    """An interlock sets a dead board's outputs again and again; the line's other units are read between two tries."""
    units = {1: Unit(registers={1: 5, 2: 5}), 9: Unit(coils={0: True, 1: True, 2: True}, mood=Mood.SILENT)}
    async with ModbusServer.running(units) as server:
        outputs = ", ".join(f"relay-{n}: {{kind: egress-lock, safe: 0}}" for n in (1, 2, 3))
        site = site_of(
            [
                modbus_device("air-1", "xy-md02", server.port, 1, ", every: 10ms"),
                modbus_device("doors", "waveshare-relay-8", server.port, 9, f", outputs: {{{outputs}}}"),
            ]
        )
        line = driver(site, timeout_s=0.3)

        async def insist(point: str) -> None:
            while True:
                with contextlib.suppress(ModbusError):
                    await line.write("doors", point, 0)

        tasks = [asyncio.create_task(line.run())]
        await until(lambda: units[1].reads, "the first reading")
        tasks += [asyncio.create_task(insist(f"doors.relay-{n}")) for n in (1, 2, 3)]
        await until(lambda: units[9].asked > 3, "commands that fail")
        reads = units[1].reads
        try:
            await until(lambda: units[1].reads > reads + 2, "readings beside them")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
