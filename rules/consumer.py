"""The loop of the rules: takes frames, has them judged, and commits what follows together with how far it has read.

Latency first: an urgent frame is evaluated as soon as it is there, and a transition is committed at once. While nothing
happens, positions and what the detector was told are committed a few times a second. Both are in one transaction with
the alarms they led to, so after a crash the gateways send again exactly what has not been judged yet. Judging waits for
no database (rules/commits.py).
"""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import structlog
from msgspec.structs import replace
from sqlalchemy import Connection

from backbone import topics
from backbone.bus import Bus
from backbone.database.positions import load_positions, save_positions
from backbone.position import Position
from backbone.stream import Stream
from community.site.profile import Lane
from community.site.site import Site
from rules.clock import KEEP_MS, Clock, Known
from rules.commits import CONSUMER, Commits
from rules.desk import Desk
from rules.detect.engine import Detector
from rules.detect.model import Batch, Transition, only_tested
from rules.doors import Doors
from rules.gateways import GatewayWatch
from rules.judge import Judge, detector_of
from rules.kept_state import KeptState
from rules.meters import Meters
from rules.notify.channels import Channels
from rules.notify.notifier import Notifier
from rules.notify.unrecorded import Unrecorded
from rules.refused import Refused
from rules.respond.clock_set import keep_clock, move_deadlines
from rules.respond.orders import Order
from rules.respond.output_values import OutputValues
from rules.respond.responder import Responder
from rules.respond.ticket_watch import TicketWatch
from rules.respond.upkeep import Upkeep
from rules.settings import RulesSettings
from rules.watermarks import claim_of
from rules.writer import Stopped, Writer

LINGER_S = 0.02
DEAF_MS = 5_000
"""After so long without listening (suspended, database away) silence is not counted from before."""
log = structlog.get_logger()


def _practice(site: Site, now: int) -> Detector:
    detector = detector_of(site)
    detector.listen(now)
    return detector


def begin(c: Connection, kept: KeptState, detector: Detector, responder: Responder, now: int) -> None:
    """Take over the alarms that stand; those nobody watches any more end."""
    for alarm in responder.standing(c):
        if not detector.adopt(alarm.rule, alarm.scope, alarm.raised_at):
            log.info("no rule watches the condition of an alarm any more", alarm=alarm.id)
            responder.unwatched(c, alarm, now)
    kept.begin(c, detector)


@dataclass(frozen=True, slots=True)
class _Changed:
    """A changed site, built and waiting for its turn."""

    site: Site
    detector: Detector
    taken: asyncio.Future[None]


@dataclass(slots=True)
class Consumer:
    """The loop: take frames, detect, commit."""

    settings: RulesSettings
    site: Site
    judge: Judge
    stream: Stream
    bus: Bus
    bulk: Bus
    """The connection of bulk frames."""
    writer: Writer
    kept: KeptState
    commits: Commits
    responder: Responder
    desk: Desk
    notifier: Notifier
    unrecorded: Unrecorded
    gateways: GatewayWatch
    tickets: TicketWatch
    upkeep: Upkeep
    meters: Meters
    doors: Doors
    outputs: OutputValues
    refused: Refused
    now: Clock
    _changed: _Changed | None = None
    _known: Known | None = None
    """How the clock is stored to be."""
    _heard_at: int = 0
    _practice: asyncio.Task[Detector] | None = None
    _practising: str | None = None
    """The drill the practice detector was made for: each begins afresh."""

    def alive(self) -> bool:
        """Whether conditions are judged and alarms could be written."""
        return self.now() - self._heard_at < DEAF_MS and self.commits.alive and self.stream.listening

    def __post_init__(self) -> None:
        self.commits.parts = lambda: [self.meters.part(), self.doors.part(), self.outputs.part()]
        self.commits.on_alarms = self._after_alarms

    def _after_alarms(self, orders: list[Order]) -> None:
        self.notifier.wake()
        self.desk.send(orders)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`, then commit what was judged."""
        await self._begin_by_the_clock()
        self.judge.listen(self.now())
        for bus in (self.bus, self.bulk):
            bus.on_connect(lambda: self.judge.listen(self.now()))
        self.bus.on_disconnect(lambda: self.judge.watermarks.lose(self.now()))
        self.bus.subscribe(topics.status(self.site.id, "+"), self._on_status)
        self._heard_at = self.now()
        while not stop.is_set():
            if self._changed is not None and self.commits.idle:
                await self._swap(self._changed)
            until_end_ms = max(self.judge.next_end() - self.now(), 0)
            wait_s = min(LINGER_S, until_end_ms / 1000)
            deliveries = await self.stream.batch(max_readings=self.settings.rules_batch, max_wait_s=wait_s)
            if by := self.now.look():
                await self._clock_set(by)
            elif self.commits.idle and self._clock_moved():
                await self._keep_clock()
            now = self.now()
            if now - self._heard_at > DEAF_MS:
                self.judge.listen(now)
                self.judge.watermarks.lose(now)
            self._heard_at = now
            if not self.bulk.connected:
                self.judge.watermarks.lose(now, [Lane.BULK])
            transitions: list[Transition] = []
            batch = None
            if deliveries:
                self.commits.judged(sum(delivery.frame.t.size for delivery in deliveries))
                batch, transitions = self.judge.take(deliveries, now)
                self.meters.take(batch)
                self.doors.take(deliveries, now)
                self.outputs.take(batch)
            transitions += self.judge.tick(now, self.stream.waiting, listening=self.stream.listening)
            await self.commits.commit(transitions, now)
            await self._practise(batch, now)
        await self.commits.insist(self.now())
        await self.kept.stop()

    async def _begin_by_the_clock(self) -> None:
        """The clock may have been set while nobody ran: the machine was up all the time, or readings are to come."""
        if by := self.now.look():
            await self._clock_set(by)
        elif seen := self.judge.set_back_before(self.now()):
            await self.commits.insist(self.now(), lambda c: move_deadlines(c, self.site, -seen, self.now()))
        await self._keep_clock()

    async def _clock_set(self, by: int) -> None:
        """What is going on, and what is due, neither waits for that time to come again nor is over at once."""
        self._known = known = replace(self.now.known, offset=self.now.offset + by)
        new = self.now() + by
        self.judge.set_back(-by)

        def move(c: Connection) -> None:
            move_deadlines(c, self.site, by, new)
            keep_clock(c, self.site.id, known)
            # while this has the turn to write: no other transaction sees the new time and the old deadlines
            self.now.offset = known.offset

        await self.commits.insist(new, move)
        self.judge.listen(self.now())
        self._heard_at = self.now()
        self.commits.clock_set()
        for one in (self.responder, self.desk, self.gateways, self.notifier):
            one.clock_set(by)

    def _clock_moved(self) -> bool:
        return self._known is None or abs(self.now.offset - self._known.offset) >= KEEP_MS

    async def _keep_clock(self) -> None:
        self._known = known = self.now.known
        await self.writer.do(lambda c: keep_clock(c, self.site.id, known))

    def _on_status(self, topic: str, payload: bytes) -> None:
        gateway = topics.gateway_of(topic)
        if gateway in self.site.gateways:
            with contextlib.suppress(msgspec.MsgspecError):  # said by GatewayWatch
                claim = claim_of(payload)
                self.judge.watermarks.hear(gateway, claim, self.now(), retained=self.bus.retained)

    async def _practise(self, batch: Batch | None, now: int) -> None:
        """What devices in test report in a drill is judged apart, by another detector; alarms do not wait for it."""
        if self._practising != self.responder.practising:
            self._practising, self._practice = self.responder.practising, None
        if self._practising is None or batch is None or not len(tested := only_tested(batch)) or not self.commits.idle:
            return
        if self._practice is None:
            self._practice = asyncio.create_task(asyncio.to_thread(_practice, self.site, now), name="practice detector")
        if not self._practice.done():
            return
        transitions = self._practice.result().evaluate(tested)
        if transitions:
            await self.writer.do(lambda c: self.responder.detected(c, transitions, now))

    async def take(self, site: Site) -> None:
        """Build what watches a changed site, and have it take over between two batches.

        Raises:
            Exception: it could not be built or could not take over; the old site goes on.
        """
        detector = await asyncio.to_thread(detector_of, site)
        changed = _Changed(site, detector, asyncio.get_running_loop().create_future())
        self._changed = changed
        await changed.taken

    async def _swap(self, changed: _Changed) -> None:
        self._changed = None
        site, detector, now = changed.site, changed.detector, self.now()
        meters = Meters(site)
        positions = dict(self.stream.positions)
        parts = [self.meters.part(), self.doors.part()]

        def work(c: Connection) -> Mapping[str, Position]:
            # on the one thread that writes, so that the desk never meets half of each site
            begin(c, self.kept, detector, self.responder, now)
            save_positions(c, CONSUMER, site.id, positions)
            for part in parts:
                part.store(c)
            meters.load(c)
            known = load_positions(c, CONSUMER, site.id)
            self.responder.use(site)
            return known

        try:
            await asyncio.to_thread(detector.take_over, self.detector, now)
            known = await self.writer.do(work)
        except Stopped:
            changed.taken.cancel()
            raise
        except Exception as error:
            for part in parts:
                part.give_back()
            self.responder.use(self.site)
            changed.taken.set_exception(error)
            return
        self.stream.admit(site.gateways, known)
        self.gateways.use(site)
        channels = Channels(site, os.environ)
        self.notifier.use(site, channels)
        self.unrecorded.use(site, channels)
        self.tickets.use(site)
        self.upkeep.use(site)
        self.doors.use(site)
        self.outputs.use(site)
        self.refused.use(site)
        self.meters = meters
        self.judge.use(site, detector)
        self.site, self._practice = site, None
        log.info("rules are watching", conditions=len(detector.compiled.spots), points=len(detector.compiled.points))
        changed.taken.set_result(None)

    @property
    def detector(self) -> Detector:
        """The one that is in force."""
        return self.judge.detector
