"""Judging before there is a database: what is urgent and comes now, by a detector that knows nothing of before.

A service that starts while the database is away, damaged or full has no state and no positions to go on from. Until it
has, live urgent frames are judged on the side and people are told without a record (rules/notify/unrecorded.py).
Nothing of it is kept: once the database is there the same frames come again, from where it left off.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

import structlog

from backbone import metrics, topics
from backbone.bus import Bus
from backbone.deliveries import Delivery
from backbone.frames import FrameError, decode
from backbone.steady import wall_ms
from backbone.ways import Ways
from community.site.profile import Lane
from community.site.site import Site
from rules.intake import Intake
from rules.judge import detector_of
from rules.notify.channels import Channels, prepare
from rules.notify.push import Push
from rules.notify.unrecorded import Unrecorded
from rules.notify.unrecorded_pages import UnrecordedPages
from rules.respond.rule_book import RuleBook
from rules.settings import RulesSettings

AFTER_S = 5.0
"""So long the database may take to be there."""
TICK_S = 0.5
MOST_WAITING = 10_000
log = structlog.get_logger()


@contextlib.asynccontextmanager
async def bare_watch(settings: RulesSettings, site: Site) -> AsyncIterator[None]:
    """Until the block ends, which waits for the database."""
    task = asyncio.create_task(_watch(settings, site), name=f"bare watch {site.id}")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _watch(settings: RulesSettings, site: Site) -> None:
    await asyncio.sleep(AFTER_S)
    log.error("there is no database yet: what is urgent is judged without a record", site=site.id)
    try:
        await asyncio.to_thread(prepare)
        await _judge(settings, site)
    except Exception:
        metrics.loop_errors.labels("rules bare watch").inc()
        log.exception("nothing is judged until the database is there", site=site.id)


async def _judge(settings: RulesSettings, site: Site) -> None:
    detector = await asyncio.to_thread(detector_of, site)
    intake = Intake(site, detector.compiled, settings.future_skew_ms, lambda *_: None)
    rule_of = RuleBook(site).of
    channels, push = Channels(site, os.environ), Push(settings.data_dir, settings.contact)
    await asyncio.to_thread(push.prepare)
    heard: asyncio.Queue[Delivery] = asyncio.Queue(MOST_WAITING)

    def hear(topic: str, payload: bytes) -> None:
        source = topics.parse_frames(topic)
        if source is not None and source.gateway in site.gateways and not heard.full():
            with contextlib.suppress(FrameError):  # it comes again, and is refused with a record
                heard.put_nowait(Delivery(source.gateway, source.lane, decode(payload), wall_ms()))

    bus = Bus.of_platform(settings, f"anju-rules-{site.id}-bare")
    bus.subscribe(topics.all_frames(site.id, Lane.URGENT), hear)
    pages = UnrecordedPages(site.id, bus, Ways(), wall_ms)
    unrecorded = Unrecorded(site, channels, push, pages, settings.public_url, settings.late_after_ms)
    detector.listen(wall_ms())
    async with bus, asyncio.TaskGroup() as group:
        group.create_task(unrecorded.run(), name="unrecorded")
        while True:
            deliveries = await _some(heard)
            now = wall_ms()
            found = detector.evaluate(intake.batch(deliveries, now)) if deliveries else []
            unrecorded.owe([*found, *detector.tick(now, None)], rule_of, now)


async def _some(heard: asyncio.Queue[Delivery]) -> list[Delivery]:
    """All that waits; none after `TICK_S`."""
    found: list[Delivery] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TICK_S):
            found.append(await heard.get())
    while not heard.empty():
        found.append(heard.get_nowait())
    return found
