"""The gateway: reads its devices, keeps frames until they are safe upstream, carries out commands."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set
from functools import partial
from typing import Any

import structlog

from backbone.bus import Bus
from backbone.site_watch import SiteRefused, SiteWatch
from community.losses import LossReason
from community.site.adoption import KnownTopics
from community.site.devices import Device, Gateway, Line
from community.site.site import Site
from gateway.clock import GatewayClock, now_ms
from gateway.command_log import CommandLog
from gateway.commands import Commands
from gateway.device_book import DeviceBook
from gateway.device_modes import DeviceModes
from gateway.drivers.modbus import ModbusDriver, Unit, unit_of
from gateway.drivers.mqtt import MqttDriver
from gateway.drivers.mqtt_outputs import MqttOutputs
from gateway.finder import Finder
from gateway.floods import Floods
from gateway.forwarder import Forwarder
from gateway.interlock_guard import InterlockGuard
from gateway.interlocks import rows_of, watched_by
from gateway.judgement import STRANGERS
from gateway.loss_watch import LossWatch
from gateway.pseudonyms import Pseudonyms
from gateway.readings import DeviceReader, Pipeline, reader_of
from gateway.refusals import Refusals
from gateway.routing import plan_routes
from gateway.settings import GatewaySettings, GatewaySettingsError, gateway_of, sensor_broker
from gateway.spool import Spool
from gateway.status import Status, offline
from gateway.supervision import Supervision, Task, Work
from gateway.switch import Switch
from gateway.uplink import Uplink

LAST_WORDS_S = 0.5
CLOCK_LOOK_S = 0.5
SECOND_WAYS = 2
HANG_S = 12.0
"""A driver that has not come round for this long, beyond what its longest request may take, hangs."""
_NOBODY = contextlib.nullcontext()

log = structlog.get_logger()


async def run(
    settings: GatewaySettings,
    site: Site,
    stop: asyncio.Event,
    *,
    machine_ms: Callable[[], int] = now_ms,
    watch_site: SiteWatch | None = None,
    watchdog: contextlib.AbstractAsyncContextManager[object] = _NOBODY,
    settled: Callable[[], None] = lambda: None,
) -> None:
    """Run the gateway `settings.gateway` of the site until `stop`; `machine_ms` is the machine's clock (Unix ms).

    With `watch_site` a changed site file comes into force meanwhile. `watchdog` is entered once interlocks are at
    work, and must end the process when the loop stands still from then on. `settled` is called when what will stay is
    built, at start and after a reload: the moment to clean up.

    Raises:
        GatewaySettingsError: settings and site file do not fit.
        PseudonymKeyError, OSError: data_dir cannot be used.
    """
    row = gateway_of(settings, site)
    sensors_url = sensor_broker(row)
    pseudonyms = Pseudonyms.open(settings.pseudonym_key or settings.data_dir / "pseudonym.key")
    now = GatewayClock(machine_ms)
    began = now()
    spool = Spool.open(
        settings.data_dir / "gateway" / row.id,
        max_bytes=settings.spool_bytes,
        max_age_ms=int(settings.spool_age_s * 1000),
        now=began,
    )
    try:
        async with contextlib.AsyncExitStack() as stack:
            last_word = offline(site.id, row.id, spool.epoch, began)
            bus = Bus(
                settings.broker_url,
                f"gateway-{row.id}",
                ca=settings.mqtt_ca,
                cert=settings.mqtt_cert,
                key=settings.mqtt_key,
                will=last_word,
            )
            second = _second(settings, row.id, bus)
            announcers = _announcer(settings, sensors_url, f"gateway-{site.id}-{row.id}-finder")
            sensors, urgent = (_ear(settings, site.id, row.id, sensors_url, ear) for ear in ("sensors", "urgent"))
            parts = _Parts(
                settings,
                site,
                row,
                now=now,
                spool=spool,
                pseudonyms=pseudonyms,
                bus=bus,
                second=second,
                sensors=sensors,
                announcers=announcers,
                urgent=urgent,
                watch_site=watch_site,
                settled=settled,
            )
            settled()
            await stack.enter_async_context(bus)
            for one in second:
                await stack.enter_async_context(one)
            await stack.enter_async_context(sensors)
            if announcers is not None:
                await stack.enter_async_context(announcers)
            await stack.enter_async_context(urgent)
            await parts.run(stop, watchdog)
            bus.publish(last_word.topic, last_word.payload, qos=1, retain=True)
            await _until_acknowledged(bus)
    finally:
        spool.close(now())


def _second(settings: GatewaySettings, gateway: str, bus: Bus) -> list[Bus]:
    """To two more nodes of a cluster: whichever dies, of urgent frames a way is left that waits for nothing."""
    found: list[Bus] = []
    for number in range(SECOND_WAYS if bus.has_several else 0):
        one = Bus(
            settings.broker_url,
            f"gateway-{gateway}-again-{number}",
            ca=settings.mqtt_ca,
            cert=settings.mqtt_cert,
            key=settings.mqtt_key,
            apart_from=[bus, *found],
        )
        found.append(one)
    return found


def _announcer(settings: GatewaySettings, sensors_url: str | None, name: str) -> Bus | None:
    """A connection of its own to the sensors' broker; what devices announce is not kept for this gateway."""
    if not settings.discovery:
        return None
    cert = settings.sensors_cert or settings.mqtt_cert
    key = settings.sensors_key if settings.sensors_cert else settings.mqtt_key
    ca = settings.sensors_ca or settings.mqtt_ca
    return Bus(sensors_url or settings.broker_url, name, ca=ca, cert=cert, key=key)


def _ear(settings: GatewaySettings, site: str, gateway: str, url: str | None, name: str) -> Bus:
    """A connection to the sensors' broker, which keeps what they say until this gateway has spooled it."""
    return Bus(
        url or settings.broker_url,
        f"gateway-{site}-{gateway}-{name}",
        ca=settings.sensors_ca or settings.mqtt_ca,
        cert=settings.sensors_cert or settings.mqtt_cert,
        key=settings.sensors_key if settings.sensors_cert else settings.mqtt_key,
        session=True,
    )


class _Parts:
    """Everything of one gateway, wired."""

    def __init__(
        self,
        settings: GatewaySettings,
        site: Site,
        row: Gateway,
        *,
        now: GatewayClock,
        spool: Spool,
        pseudonyms: Pseudonyms,
        bus: Bus,
        second: Sequence[Bus],
        sensors: Bus,
        announcers: Bus | None,
        urgent: Bus,
        watch_site: SiteWatch | None,
        settled: Callable[[], None],
    ) -> None:
        self._now = now
        self._spool = spool
        self._ears = (urgent, sensors)
        self._refusals = Refusals()
        self._uplink = Uplink(
            bus,
            spool,
            site.id,
            row.id,
            consumers=settings.consumers,
            refusals=self._refusals,
            now=now,
            platform_said=self._platform_said,
            second_buses=second,
        )
        self._forwarder = Forwarder(
            spool,
            self._uplink,
            now,
            bulk_readings=settings.bulk_readings,
            bulk_age_ms=int(settings.bulk_age_s * 1000),
            sync_s=settings.spool_sync_s,
        )
        folder = settings.data_dir / "gateway" / row.id
        self._switches: dict[str, Switch] = {}
        rows = rows_of(site, row)
        self._interlocks = InterlockGuard(
            rows,
            folder,
            switches=self._switches,
            sink=self._forwarder.batches,
            now=now,
            monotonic=time.monotonic,
        )
        self._pipeline = Pipeline(
            self._forwarder.batches,
            self._refusals,
            pseudonyms,
            settings.clock_limits,
            losses=spool.losses,
            watch=self._interlocks.observe,
        )
        self._pseudonyms = pseudonyms
        pseudonyms.as_read = site.names_people
        self._settings = settings
        self._site, self._row = site, row
        self._workers = Supervision(hang_s=HANG_S + settings.modbus_timeout_s, restarted=self._note_restart)
        self._watch = watch_site
        self._settled = settled
        readers = {device.id: reader_of(site, device, watched_by(rows)) for device in row.devices}
        self._readers = readers
        self._modes_of_site = {device.id: device.mode for device in row.devices}
        self._modes = DeviceModes(folder, readers, self._modes_of_site, self._pipeline, now)
        self._book = DeviceBook()
        self._book.recall(spool.file, readers.values())
        self._mqtt = MqttDriver(
            sensors,
            plan_routes(site, row.id, readers),
            self._pipeline,
            self._refusals,
            now,
            self._durable,
            spool.losses,
            urgent_bus=urgent,
            floods=Floods(settings.device_messages_per_s),
        )
        self._modbus = self._modbus_drivers(site, row, readers)
        self._points = {point.id: point for point in site.points_of_gateway[row.id]}
        self._switches.update(self._all_switches(site, row, readers))
        self._record = CommandLog(spool)
        self._commands = Commands(
            bus,
            site.id,
            row.id,
            points=self._points,
            switches=self._switches,
            interlocks=self._interlocks,
            modes=self._modes,
            record=self._record,
            refusals=self._refusals,
            now=now,
            trusted=settings.strangers_kept_out,
        )
        self._finder = Finder(
            announcers, bus, site.id, row.id, known=KnownTopics(site), refusals=self._refusals, now=now
        )
        self._status = Status(
            bus,
            site.id,
            row.id,
            spool=spool,
            refusals=self._refusals,
            readers=self._readers.values,
            counters=self._counters,
            troubles=self._troubles,
            discovery=lambda: self._finder.deaf,
            interlocks=self._interlocks,
            now=now,
            every_s=settings.status_s,
        )
        self._uplink.greeted = self._status.publish_soon
        self._losses = LossWatch(row.id, spool, self._forwarder.batches, self._uplink.safe, self._readers, now)
        self._recovery = spool.recovery
        log.info("gateway", gateway=row.id, devices=len(readers), epoch=spool.epoch, spooled=spool.frames)

    def _modbus_drivers(self, site: Site, row: Gateway, readers: Mapping[str, DeviceReader]) -> dict[str, ModbusDriver]:
        settings = self._settings
        units: dict[Line, list[Unit]] = {}
        for device in row.devices:
            if device.modbus is not None:
                unit = unit_of(site, device, readers[device.id], urgent_poll_s=settings.urgent_poll_s)
                units.setdefault(device.modbus.line, []).append(unit)
        return {
            line.address: ModbusDriver(
                line, behind, self._pipeline, self._refusals, self._now, timeout_s=settings.modbus_timeout_s
            )
            for line, behind in units.items()
        }

    def _all_switches(self, site: Site, row: Gateway, readers: Mapping[str, DeviceReader]) -> dict[str, Switch]:
        """By device, what sets its outputs; MQTT devices are told on the connection that hears them first."""
        outputs = MqttOutputs(self._ears[0], site, row, readers)
        switches: dict[str, Switch] = dict.fromkeys(outputs.devices, outputs)
        return switches | {device: driver for driver in self._modbus.values() for device in driver.devices}

    async def _reload(self, site: Site) -> None:
        """Take a changed site file: build everything new, then swap. What did not change is not touched.

        Raises:
            SiteRefused: this gateway cannot go on with it now.
        """
        try:
            row = gateway_of(self._settings, site)
        except GatewaySettingsError as error:
            raise SiteRefused(str(error)) from error
        if row.id != self._row.id or sensor_broker(row) != sensor_broker(self._row):
            raise SiteRefused("the gateway's id or its sensors' broker changed; start the gateway again")
        rows = rows_of(site, row)
        watched = watched_by(rows)
        readers = {device.id: self._reader(site, device, watched) for device in row.devices}
        routes = plan_routes(site, row.id, readers)
        drivers = self._modbus_drivers(site, row, readers)
        same = {
            address
            for address, driver in drivers.items()
            if (old := self._modbus.get(address)) is not None
            and old.devices == driver.devices
            and all(readers[device] is self._readers[device] for device in driver.devices)
        }
        self._interlocks.use(rows)
        gone, new = self._modbus.keys() - same, drivers.keys() - same
        self._modbus = {address: self._modbus[address] if address in same else drivers[address] for address in drivers}
        self._site, self._row = site, row
        self._pseudonyms.as_read = site.names_people
        _become(self._readers, readers)
        _become(self._modes_of_site, {device.id: device.mode for device in row.devices})
        self._modes.apply()
        _become(self._points, {point.id: point for point in site.points_of_gateway[row.id]})
        _become(self._switches, self._all_switches(site, row, readers))
        self._mqtt.replace(routes)
        self._finder.know(KnownTopics(site))
        for address in gone:
            await self._workers.stop(f"modbus {address}")
        for address in new:
            self._workers.start(f"modbus {address}", drivers[address])
        self._settled()

    def _reader(self, site: Site, device: Device, watched: Set[str]) -> DeviceReader:
        """The device's reader as it is when nothing about it changed, else a new one that goes on where it was."""
        before = self._readers.get(device.id)
        reader = reader_of(site, device, watched)
        if (
            before is not None
            and _about(site, device) == _about(self._site, self._site.devices[device.id])
            and [channel.watched for channel in reader.channels] == [channel.watched for channel in before.channels]
        ):
            return before
        if before is not None:
            reader.take_over(before)
        return reader

    async def run(self, stop: asyncio.Event, watchdog: contextlib.AbstractAsyncContextManager[object]) -> None:
        """Until `stop`; what was read by then is spooled."""
        if self._spool.in_memory or (self._recovery is not None and self._recovery.released_lost):
            self._commands.release_all("a record of releases that could not be read")
        self._clock_moved()
        self._modes.load()
        self._interlocks.load()
        self._uplink.start()
        self._commands.start()
        self._status.start()
        self._mqtt.start()
        self._finder.start()
        tasks: dict[str, Work] = {
            "interlocks": self._interlocks.run,
            "forwarder": self._forwarder.run,
            "spool sync": self._forwarder.keep_synced,
            "commands": self._commands.run,
            "status": self._status.run,
            "spool watch": self._watch_spool,
            "clock watch": self._watch_clock,
            "silence watch": self._watch_silence,
            "losses": self._losses.run,
            "finder": self._finder.run,
        }
        if self._watch is not None:
            tasks["site watch"] = partial(self._watch.run, self._reload)
        async with watchdog, self._workers:
            for name, work in tasks.items():
                self._workers.start(name, Task(work))
            for address, driver in self._modbus.items():
                self._workers.start(f"modbus {address}", driver)
            await stop.wait()
        self._interlocks.finish()
        self._forwarder.finish()

    def _platform_said(self, at: int) -> None:
        self._now.platform_said(at)
        self._clock_moved()

    def _clock_moved(self) -> None:
        self._pipeline.clock_suspect = self._now.suspect
        self._spool.clock_set_by = self._now.set_by

    def _note_restart(self, devices: Iterable[str], silent_s: float) -> None:
        now = self._now()
        for device in devices:
            first = now - round(silent_s * 1000)
            self._spool.losses.note(LossReason.DRIVER_RESTARTED, first=first, last=now, count=0, now=now, device=device)

    def _troubles(self) -> list[str]:
        """What keeps the gateway from its work beside its spool."""
        found = [] if self._interlocks.problem is None else [self._interlocks.problem]
        if deaf := next((deaf for ear in self._ears if (deaf := ear.deaf)), None):
            found.append(f"the sensors cannot be heard: {deaf}")
        found += self._workers.problems
        if self._watch is not None and self._watch.state.problems:
            found.append(f"the site file is refused, the one before stays in force: {self._watch.state.problems[0]}")
        if self._now.problem is not None:
            found.append(self._now.problem)
        if not self._settings.strangers_kept_out:
            found.append(STRANGERS)
        return found

    def _durable(self) -> Awaitable[None]:
        """Done when what was read is in the spool, and what it means for an interlock on the disk."""
        spooled, saved = self._forwarder.durable(), self._interlocks.saved()
        return spooled if saved is None else _both(spooled, saved)

    async def _watch_silence(self) -> None:
        """Points that are not heard any more become stale."""
        before_s = time.monotonic()
        while True:
            await asyncio.sleep(1)
            now_s = time.monotonic()
            self._mqtt.read_held()
            self._pipeline.pass_time(self._readers.values(), round((now_s - before_s) * 1000), self._now())
            before_s = now_s

    async def _watch_clock(self) -> None:
        while True:
            await asyncio.sleep(CLOCK_LOOK_S)
            self._now.look()
            self._clock_moved()

    async def _watch_spool(self) -> None:
        """Keep what shares the spool's file; the command record is written again into one that replaced it."""
        while True:
            await asyncio.sleep(1)
            if self._spool.recovery is not self._recovery:
                self._recovery = self._spool.recovery
                self._record.write_again(self._now())
            self._record.prune(self._now())
            self._book.note(self._spool.file, self._readers.values())

    def _counters(self) -> dict[str, int]:
        spool = self._spool.counters
        return {
            "messages": self._mqtt.messages,
            "readings": self._pipeline.readings,
            "events": self._pipeline.events,
            "refused": self._refusals.total,
            "modbus_requests": sum(driver.requests for driver in self._modbus.values()),
            "frames": spool.put,
            "frames_sent": self._uplink.sent,
            "frames_resent": self._uplink.resent,
            "frames_dropped": spool.dropped_frames,
            "readings_dropped": spool.dropped_readings,
            "readings_lost": self._spool.losses.readings,
            "disk_failures": spool.disk_failures,
            "frames_damaged": len(self._spool.file.damaged),
            "driver_restarts": self._workers.restarts,
            "commands_done": self._commands.done,
            "commands_not_done": self._commands.refused,
        }


def _become(known: dict[str, Any], now: Mapping[str, Any]) -> None:
    """Others hold `known`: it changes in place."""
    known.clear()
    known.update(now)


def _about(site: Site, device: Device) -> object:
    """All that a device's reading depends on."""
    return (
        device,
        site.profiles[device.profile],
        [site.points[f"{device.id}.{m}"] for m in site.profiles[device.profile].measures],
    )


async def _both(one: Awaitable[None], other: Awaitable[None]) -> None:
    await one
    await other


async def _until_acknowledged(bus: Bus) -> None:
    """Give the broker a moment for what was sent last."""
    end_s = time.monotonic() + LAST_WORDS_S
    while bus.connected and bus.unacknowledged and time.monotonic() < end_s:  # noqa: ASYNC110  (the bus has no event)
        await asyncio.sleep(0.01)
