"""The Modbus driver alone on a real connection: it ends when it is told to, whatever it is doing."""

import asyncio

from community.site.site import Site
from gateway.clock import now_ms
from gateway.drivers.modbus import ModbusDriver, unit_of
from gateway.event_time import ClockLimits
from gateway.pseudonyms import Pseudonyms
from gateway.readings import Pipeline, reader_of
from gateway.refusals import Refusals
from tests.gateway_site import modbus_device, site_of
from tests.modbus_server import ModbusServer, Unit
from tests.unit.gateway.sink import Remembered


def driver(site: Site) -> ModbusDriver:
    refusals = Refusals()
    pipeline = Pipeline(Remembered(), refusals, Pseudonyms(b"k" * 32), ClockLimits(60_000, 60_000))
    units = [unit_of(site, device, reader_of(site, device), urgent_poll_s=1) for device in site.devices.values()]
    source = site.devices["air-1"].modbus
    assert source is not None
    return ModbusDriver(source.line, units, pipeline, refusals, now_ms, timeout_s=5)


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
