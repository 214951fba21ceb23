"""Everything of one gateway, wired; and how it takes over what a site file says, at start and when it changes."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

import structlog

from backbone.lived_time import LivedTime
from backbone.site_watch import SiteRefused, SiteWatch
from community.losses import LossReason
from community.site.devices import DeviceMode, Gateway, Line
from community.site.site import Point, Site
from gateway.clock import GatewayClock
from gateway.command_log import CommandLog
from gateway.commands import Commands
from gateway.connections import Connections
from gateway.device_book import DeviceBook
from gateway.device_modes import DeviceModes
from gateway.device_reader import DeviceReader
from gateway.drivers.modbus import ModbusDriver, Unit
from gateway.drivers.mqtt import MqttDriver
from gateway.drivers.mqtt_outputs import MqttOutputs
from gateway.finder import Finder
from gateway.floods import Floods
from gateway.forwarder import Forwarder
from gateway.installation import Installation, installed
from gateway.interlock_guard import InterlockGuard
from gateway.judgement import STRANGERS
from gateway.loss_watch import LossWatch
from gateway.namesake import Namesake
from gateway.pseudonyms import Pseudonyms
from gateway.readings import Pipeline
from gateway.refusals import Refusals
from gateway.settings import GatewaySettings, GatewaySettingsError, gateway_of, sensor_broker
from gateway.spool import Spool
from gateway.status import Status
from gateway.supervision import Supervision, Task, Work
from gateway.switch import Switch
from gateway.uplink import Uplink

CLOCK_LOOK_S = 0.5
HANG_S = 12.0
"""A driver that has not come round for this long, beyond what its longest request may take, hangs."""

log = structlog.get_logger()


class Parts:
    """One gateway. `connections` need not be open yet."""

    def __init__(
        self,
        settings: GatewaySettings,
        site: Site,
        row: Gateway,
        *,
        now: GatewayClock,
        spool: Spool,
        pseudonyms: Pseudonyms,
        connections: Connections,
        watch_site: SiteWatch | None,
        settled: Callable[[], None],
    ) -> None:
        bus = connections.platform
        self._now = now
        self._spool = spool
        self._ears = (connections.urgent, connections.sensors)
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
            ways=connections.ways,
        )
        self._forwarder = Forwarder(
            spool,
            self._uplink,
            now,
            LivedTime(settings.data_dir / "gateway" / row.id / "lived", lambda: None, wall=now),
            bulk_readings=settings.bulk_readings,
            bulk_age_ms=int(settings.bulk_age_s * 1000),
            sync_s=settings.spool_sync_s,
        )
        folder = settings.data_dir / "gateway" / row.id
        self._switches: dict[str, Switch] = {}
        self._interlocks = InterlockGuard(
            (),
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
        self._settings = settings
        self._workers = Supervision(hang_s=HANG_S + settings.modbus_timeout_s, restarted=self._note_restart)
        self._watch = watch_site
        self._settled = settled
        self._readers: dict[str, DeviceReader] = {}
        self._modes_of_site: dict[str, DeviceMode] = {}
        self._points: dict[str, Point] = {}
        self._modes = DeviceModes(folder, self._readers, self._modes_of_site, self._pipeline, now)
        self._mqtt = MqttDriver(
            connections.sensors,
            self._pipeline,
            self._refusals,
            now,
            self._durable,
            spool.losses,
            urgent_bus=connections.urgent,
            floods=Floods(settings.device_messages_per_s),
        )
        self._record = CommandLog(spool)
        self._commands = Commands(
            bus,
            connections.ways,
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
        self._finder = Finder(connections.announcers, bus, site.id, row.id, refusals=self._refusals, now=now)
        self._namesake = Namesake(bus, site.id, row.id, spool, self._uplink.renumber, now)
        self._status = Status(
            bus,
            site.id,
            row.id,
            instance=self._namesake.instance,
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
        self._installation = self._installed(site, row, None)
        self._take(self._installation)
        self._book = DeviceBook()
        self._book.recall(spool.file, self._readers.values())
        log.info("gateway", gateway=row.id, devices=len(self._readers), epoch=spool.epoch, spooled=spool.frames)

    def _installed(self, site: Site, row: Gateway, before: Installation | None) -> Installation:
        settings = self._settings

        def new_line(line: Line, units: list[Unit]) -> ModbusDriver:
            timeout_s = settings.modbus_timeout_s
            return ModbusDriver(line, units, self._pipeline, self._refusals, self._now, timeout_s=timeout_s)

        return installed(site, row, before, new_line, urgent_poll_s=settings.urgent_poll_s)

    def _take(self, new: Installation) -> None:
        """Have everybody work with what the site file says now; lines are changed by `_run_lines`.

        Raises:
            SiteRefused: an interlock that changed is tripped; nothing is changed.
        """
        self._interlocks.use(new.interlocks)
        self._installation = new
        self._pseudonyms.as_read = new.site.names_people
        _become(self._readers, new.readers)
        _become(self._modes_of_site, new.modes)
        self._modes.apply()
        _become(self._points, new.points)
        # MQTT devices are told on the connection that hears them first
        outputs = MqttOutputs(self._ears[0], new.site, new.row, new.readers)
        _become(self._switches, dict.fromkeys(outputs.devices, outputs))
        self._switches |= {device: driver for driver in new.lines.values() for device in driver.devices}
        self._mqtt.listen(new.routes)
        self._finder.know(new.known)

    async def _run_lines(self, before: Mapping[str, ModbusDriver]) -> None:
        """Stop the drivers that are no more, start those that are new."""
        lines = self._installation.lines
        for address, driver in before.items():
            if lines.get(address) is not driver:
                await self._workers.stop(f"modbus {address}")
        for address, driver in lines.items():
            if before.get(address) is not driver:
                self._workers.start(f"modbus {address}", driver)

    async def _reload(self, site: Site) -> None:
        """Take a changed site file: build everything new, then swap. What did not change is not touched.

        Raises:
            SiteRefused: this gateway cannot go on with it now.
        """
        before = self._installation
        try:
            row = gateway_of(self._settings, site)
        except GatewaySettingsError as error:
            raise SiteRefused(str(error)) from error
        if row.id != before.row.id or sensor_broker(row) != sensor_broker(before.row):
            raise SiteRefused("the gateway's id or its sensors' broker changed; start the gateway again")
        self._take(self._installed(site, row, before))
        await self._run_lines(before.lines)
        self._settled()

    async def run(self, stop: asyncio.Event, watchdog: contextlib.AbstractAsyncContextManager[object]) -> None:
        """Until `stop`; what was read by then is spooled."""
        if self._spool.in_memory or (self._recovery is not None and self._recovery.released_lost):
            self._commands.release_all("a record of releases that could not be read")
        self._clock_moved()
        self._modes.load()
        self._interlocks.load()
        self._uplink.start()
        self._commands.start()
        self._namesake.start()
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
            await self._run_lines({})
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
        if self._namesake.problem is not None:
            found.append(self._namesake.problem)
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
            "modbus_requests": sum(driver.requests for driver in self._installation.lines.values()),
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


async def _both(one: Awaitable[None], other: Awaitable[None]) -> None:
    await one
    await other
