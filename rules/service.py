"""The rules service: wires what judges the stream, what responds and what tells people."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from backbone import metrics, topics
from backbone.bus import Bus
from backbone.database.database import Database
from backbone.database.outbox import Relay
from backbone.database.positions import load_positions
from backbone.lived_time import LivedTime
from backbone.position import Position
from backbone.site_watch import SiteWatch
from backbone.stream import Stream
from backbone.ways import Ways
from community.site.site import Site
from rules.bare_watch import bare_watch
from rules.clock import Clock
from rules.commits import CONSUMER, Commits
from rules.consumer import Consumer, begin
from rules.desk import Desk
from rules.detect.checkpoint import CheckpointError
from rules.detect.engine import Detector
from rules.doors import Doors
from rules.gateways import GatewayWatch
from rules.judge import Judge, detector_of
from rules.kept_state import KeptState
from rules.meters import Meters
from rules.notify.channels import Channels
from rules.notify.heartbeat import Heartbeat
from rules.notify.notifier import Notifier
from rules.notify.push import Push
from rules.notify.unrecorded import Unrecorded
from rules.notify.unrecorded_pages import UnrecordedPages
from rules.refused import Refused
from rules.respond.clock_set import known_clock
from rules.respond.output_values import OutputValues
from rules.respond.responder import Responder
from rules.respond.ticket_watch import TicketWatch
from rules.respond.upkeep import Upkeep
from rules.settings import RulesSettings
from rules.watermarks import Watermarks
from rules.writer import Stopped, Writer

TIDY_LOG_S = 1.0
log = structlog.get_logger()


async def run(
    settings: RulesSettings,
    site: Site,
    database: Database,
    stop: asyncio.Event,
    *,
    clock: Clock | None = None,
    watch_site: SiteWatch | None = None,
    settled: Callable[[], None] = lambda: None,
) -> None:
    """Run until `stop`; with `watch_site` a changed site file comes into force meanwhile.

    `settled` is called when what will stay is built: at the start, and after each change of the file.
    """
    detector, now = detector_of(site), clock or Clock()
    async with Writer(database, stop) as writer:
        notes = writer.beside()
        try:
            outputs = OutputValues(site)
            responder = Responder(site, settings.late_after_ms, outputs)
            kept = KeptState(site.id, database, writer)
            async with bare_watch(settings, site):
                positions = await writer.do(lambda c: _restore(c, site, kept, detector, responder, now))
            bus = Bus.of_platform(settings, f"anju-rules-{site.id}")
            bulk = Bus.of_platform(settings, f"anju-rules-{site.id}-bulk")
            ways = Ways.of_platform(settings, f"anju-rules-{site.id}")
            relay = Relay(database, bus, CONSUMER, ways=ways)
            writer.on_committed = relay.hand_over
            desk = Desk(bus, ways, site, writer, responder, now)
            watch = GatewayWatch(bus, site, writer, responder, now, settings.gateway_change_after_s)
            refused = Refused(site, notes, now)
            stream = Stream(
                bus,
                site.id,
                site.gateways,
                CONSUMER,
                positions,
                now=now,
                refuse=refused.frame,
                bulk_bus=bulk,
                ways=ways,
            )
            stream.start()
            desk.start()
            watch.start()
            channels = Channels(site, os.environ)
            push = Push(settings.data_dir, settings.contact)
            unrecorded = Unrecorded(
                site,
                channels,
                push,
                UnrecordedPages(site.id, bus, ways, now),
                settings.public_url,
                settings.late_after_ms,
            )
            notifier = Notifier(site, database, notes, relay, channels, push, settings.public_url, now)
            for kind in ("alarm", "plan", "ticket"):
                bus.subscribe(topics.event(site.id, kind), notifier.on_event)
            ticket_watch = TicketWatch(site, notes, relay, notifier.wake, now)
            bus.subscribe(topics.event(site.id, "ticket"), ticket_watch.on_event)
            lived = LivedTime(settings.data_dir / f"rules-lived-{site.id}", lambda: None, wall=now)
            upkeep, meters = Upkeep(site, database, notes, lived), Meters(site)
            await writer.do(meters.load)
            await writer.do(outputs.load)
            judge = Judge(
                site,
                detector,
                Watermarks(settings.patience_ms, positions, now()),
                settings.future_skew_ms,
                refused.readings,
            )
            commits = Commits(site.id, judge, stream, writer, kept, responder, unrecorded, now, settings)
            consumer = Consumer(
                settings,
                site,
                judge,
                stream,
                bus,
                bulk,
                writer,
                kept,
                commits,
                responder,
                desk,
                notifier,
                unrecorded,
                watch,
                ticket_watch,
                upkeep,
                meters,
                Doors(site, settings.future_skew_ms),
                outputs,
                refused,
                now,
            )
            heartbeat = Heartbeat(settings, consumer.alive, notifier.backlog_ms)

            async def take(changed: Site) -> None:
                await consumer.take(changed)
                settled()

            settled()
            async with bus, bulk, ways, asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(relay.run(stop), name="relay"),
                    group.create_task(desk.run(), name="desk"),
                    group.create_task(watch.run(), name="gateways"),
                    group.create_task(ticket_watch.run(), name="tickets"),
                    group.create_task(notifier.run(), name="notifier"),
                    group.create_task(unrecorded.run(), name="unrecorded"),
                    group.create_task(upkeep.run(), name="upkeep"),
                    group.create_task(heartbeat.run(), name="heartbeat"),
                    group.create_task(refused.run(), name="quarantine"),
                    group.create_task(_tidy_log(database), name="database log"),
                ]
                if watch_site is not None:
                    tasks.append(group.create_task(watch_site.run(take), name="site file"))
                log.info("rules are watching", conditions=len(detector.compiled.spots), points=len(site.points))
                await consumer.run(stop)
                for task in tasks:
                    task.cancel()
        except* Stopped:
            log.warning("stopped while the database was away; what was not committed will be sent again")


async def _tidy_log(database: Database) -> None:
    """What SQLite's log holds goes into its file beside the alarms, whose commits would do it otherwise."""
    while True:
        await asyncio.sleep(TIDY_LOG_S)
        with contextlib.suppress(SQLAlchemyError):  # whoever commits finds the same fault, and says so
            await asyncio.to_thread(database.tidy_log)


def _restore(
    c: Connection, site: Site, kept: KeptState, detector: Detector, responder: Responder, now: Clock
) -> Mapping[str, Position]:
    now.resume(known_clock(c, site.id))
    try:
        kept.restore(c, detector)
    except CheckpointError:
        metrics.loop_errors.labels("rules checkpoint").inc()
        log.exception("the kept state cannot be read; conditions start afresh")
    begin(c, kept, detector, responder, now())
    return load_positions(c, CONSUMER, site.id)
