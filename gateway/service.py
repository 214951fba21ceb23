"""The gateway: reads its devices, keeps frames until they are safe upstream, carries out commands."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Mapping

import structlog

from backbone.bus import Bus
from community.site.model import Gateway, Line
from community.site.site import Site
from gateway.command_log import CommandLog
from gateway.commands import Commands
from gateway.device_modes import DeviceModes
from gateway.drivers.modbus import ModbusDriver, Unit, unit_of
from gateway.drivers.mqtt import MqttDriver
from gateway.forwarder import Forwarder
from gateway.interlock_guard import InterlockGuard, Switch
from gateway.interlocks import rows_of
from gateway.pseudonyms import Pseudonyms
from gateway.readings import DeviceReader, Pipeline, reader_of
from gateway.refusals import Refusals
from gateway.routing import plan_routes
from gateway.settings import GatewaySettings, gateway_of, sensor_broker
from gateway.spool import Spool
from gateway.status import Status, offline
from gateway.uplink import Uplink

LAST_WORDS_S = 0.5

log = structlog.get_logger()


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


async def run(settings: GatewaySettings, site: Site, stop: asyncio.Event) -> None:
    """Run the gateway `settings.gateway` of the site until `stop`.

    Raises:
        GatewaySettingsError: settings and site file do not fit.
        PseudonymKeyError, OSError: data_dir cannot be used.
    """
    row = gateway_of(settings, site)
    sensors_url = sensor_broker(row)
    pseudonyms = Pseudonyms.open(settings.pseudonym_key or settings.data_dir / "pseudonym.key")
    began = now_ms()
    spool = Spool.open(
        settings.data_dir / "gateway" / row.id,
        max_bytes=settings.spool_bytes,
        max_age_ms=int(settings.spool_age_s * 1000),
        now=began,
    )
    try:
        async with contextlib.AsyncExitStack() as stack:
            last_word = offline(site.id, row.id, spool.epoch, began)
            bus = Bus(settings.broker_url, f"gateway-{row.id}", ca=settings.mqtt_ca, will=last_word)
            # The broker keeps what sensors say while this gateway is away, and until it is in the spool.
            sensors = Bus(
                sensors_url or settings.broker_url,
                f"gateway-{site.id}-{row.id}-sensors",
                ca=settings.mqtt_ca,
                session=True,
            )
            parts = _Parts(settings, site, row, spool=spool, pseudonyms=pseudonyms, bus=bus, sensors=sensors)
            await stack.enter_async_context(bus)
            await stack.enter_async_context(sensors)
            await parts.run(stop)
            bus.publish(last_word.topic, last_word.payload, qos=1, retain=True)
            await _until_acknowledged(bus)
    finally:
        spool.close(now_ms())


class _Parts:
    """Everything of one gateway, wired."""

    def __init__(
        self,
        settings: GatewaySettings,
        site: Site,
        row: Gateway,
        *,
        spool: Spool,
        pseudonyms: Pseudonyms,
        bus: Bus,
        sensors: Bus,
    ) -> None:
        self._spool = spool
        self._refusals = Refusals()
        self._uplink = Uplink(
            bus, spool, site.id, row.id, consumers=settings.consumers, refusals=self._refusals, now=now_ms
        )
        self._forwarder = Forwarder(
            spool,
            self._uplink,
            now_ms,
            bulk_readings=settings.bulk_readings,
            bulk_age_ms=int(settings.bulk_age_s * 1000),
            sync_s=settings.spool_sync_s,
        )
        switches: dict[str, Switch] = {}
        self._interlocks = InterlockGuard(
            rows_of(site, row),
            settings.data_dir / "gateway" / row.id,
            switches=switches,
            sink=self._forwarder.batches,
            now=now_ms,
            monotonic=time.monotonic,
        )
        self._pipeline = Pipeline(
            self._forwarder.batches, self._refusals, pseudonyms, settings.clock_limits, self._interlocks.observe
        )
        readers = {device.id: reader_of(site, device, self._interlocks.points) for device in row.devices}
        self._readers = tuple(readers.values())
        modes = {device.id: device.mode for device in row.devices}
        self._modes = DeviceModes(settings.data_dir / "gateway" / row.id, readers, modes, self._pipeline, now_ms)
        self._mqtt = MqttDriver(
            sensors,
            plan_routes(site, row.id, readers),
            self._pipeline,
            self._refusals,
            now_ms,
            self._durable,
        )
        self._modbus = self._modbus_drivers(settings, site, row, readers)
        switches.update({device: driver for driver in self._modbus for device in driver.devices})
        self._record = CommandLog(spool)
        self._commands = Commands(
            bus,
            site.id,
            row.id,
            points={point.id: point for point in site.points_of_gateway[row.id]},
            switches=switches,
            interlocks=self._interlocks,
            modes=self._modes.command,
            record=self._record,
            refusals=self._refusals,
            now=now_ms,
        )
        self._status = Status(
            bus,
            site.id,
            row.id,
            spool=spool,
            refusals=self._refusals,
            readers=readers.values(),
            counters=self._counters,
            deaf=lambda: sensors.deaf,
            interlocks=self._interlocks,
            now=now_ms,
            every_s=settings.status_s,
        )
        self._recovery = spool.recovery
        log.info("gateway", gateway=row.id, devices=len(readers), epoch=spool.epoch, spooled=spool.frames)

    def _modbus_drivers(
        self, settings: GatewaySettings, site: Site, row: Gateway, readers: Mapping[str, DeviceReader]
    ) -> list[ModbusDriver]:
        units: dict[Line, list[Unit]] = {}
        for device in row.devices:
            if device.modbus is not None:
                unit = unit_of(site, device, readers[device.id], urgent_poll_s=settings.urgent_poll_s)
                units.setdefault(device.modbus.line, []).append(unit)
        return [
            ModbusDriver(line, behind, self._pipeline, self._refusals, now_ms, timeout_s=settings.modbus_timeout_s)
            for line, behind in units.items()
        ]

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; what was read by then is spooled."""
        if self._spool.in_memory or (self._recovery is not None and self._recovery.released_lost):
            self._commands.release_all("a record of releases that could not be read")
        self._modes.load()
        self._interlocks.load()
        self._uplink.start()
        self._commands.start()
        self._status.start()
        self._mqtt.start()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._interlocks.run(), name="interlocks"),
                group.create_task(self._forwarder.run(), name="forwarder"),
                group.create_task(self._forwarder.keep_synced(), name="spool sync"),
                group.create_task(self._commands.run(), name="commands"),
                group.create_task(self._status.run(), name="status"),
                group.create_task(self._watch_spool(), name="spool watch"),
                group.create_task(self._watch_silence(), name="silence watch"),
                *(group.create_task(driver.run(), name=f"modbus {driver.address}") for driver in self._modbus),
            ]
            await stop.wait()
            for task in tasks:
                task.cancel()
        self._interlocks.finish()
        self._forwarder.finish()

    async def _watch_silence(self) -> None:
        """Points that are not heard any more become stale."""
        before_s = time.monotonic()
        while True:
            await asyncio.sleep(1)
            now_s = time.monotonic()
            self._pipeline.pass_time(self._readers, round((now_s - before_s) * 1000), now_ms())
            before_s = now_s

    def _durable(self) -> Awaitable[None]:
        """Done when what was read is in the spool, and what it means for an interlock on the disk."""
        spooled, saved = self._forwarder.durable(), self._interlocks.saved()
        return spooled if saved is None else _both(spooled, saved)

    async def _watch_spool(self) -> None:
        """After the spool's file was replaced the command record is written again, into the new one."""
        while True:
            await asyncio.sleep(1)
            if self._spool.recovery is not self._recovery:
                self._recovery = self._spool.recovery
                self._record.write_again(now_ms())
            self._record.prune(now_ms())

    def _counters(self) -> dict[str, int]:
        spool = self._spool.counters
        return {
            "messages": self._mqtt.messages,
            "readings": self._pipeline.readings,
            "events": self._pipeline.events,
            "refused": self._refusals.total,
            "modbus_requests": sum(driver.requests for driver in self._modbus),
            "frames": spool.put,
            "frames_sent": self._uplink.sent,
            "frames_resent": self._uplink.resent,
            "frames_dropped": spool.dropped_frames,
            "readings_dropped": spool.dropped_readings,
            "disk_failures": spool.disk_failures,
            "frames_damaged": len(self._spool.file.damaged),
            "commands_done": self._commands.done,
            "commands_not_done": self._commands.refused,
        }


async def _both(one: Awaitable[None], other: Awaitable[None]) -> None:
    await one
    await other


async def _until_acknowledged(bus: Bus) -> None:
    """Give the broker a moment for what was sent last."""
    end_s = time.monotonic() + LAST_WORDS_S
    while bus.connected and bus.unacknowledged and time.monotonic() < end_s:  # noqa: ASYNC110  (the bus has no event)
        await asyncio.sleep(0.01)
