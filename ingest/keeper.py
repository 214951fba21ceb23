"""Makes deliveries durable: checked, what is refused recorded, the rest written, again and again until it is."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from backbone import metrics
from backbone.database.database import Database
from backbone.database.losses import record_losses
from backbone.database.quarantine import entries_of, forget, record, settle
from backbone.deliveries import Delivery
from backbone.historian.port import Historian, HistorianError, HistorianUnavailable, Unwritten
from backbone.position import Position
from backbone.refused import Ledger
from backbone.room import Room
from backbone.steady import wall_ms
from backbone.stream import UNKNOWN_GATEWAY, Refusal
from community.losses import Loss
from community.quarantine import Quarantined
from community.site.site import Site
from ingest import apart, counters
from ingest.aside import Aside, parts_of, refused_by_historian
from ingest.clock import ForwardClock
from ingest.settings import IngestSettings
from ingest.validate import CONSUMER, OF_THE_SITE_FILE, Checked, Limits, SitePoints, check

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 5.0
GRACE_S = 2.0
_DAY_MS = 86_400_000
T = TypeVar("T")
log = structlog.get_logger()


class Stopped(Exception):  # noqa: N818  (not an error: the service is to end, and what was not written is sent again)
    """The service is to end while it waits for the historian."""


class Keeper:
    """The historian and the quarantine, seen from the loop. What blocks runs on one thread of its own."""

    def __init__(
        self,
        settings: IngestSettings,
        site: Site,
        historian: Historian,
        database: Database,
        stop: asyncio.Event,
        room: Room,
        wall: Callable[[], int] = wall_ms,
    ) -> None:
        self.site = site
        """In force."""
        self._points = SitePoints(site)
        self._historian = historian
        self._database = database
        self._stop = stop
        self._room = room
        self._skew_ms = round(settings.clock_skew_s * 1000)
        self._oldest_ms = round(settings.oldest_days * _DAY_MS)
        self._aside = Aside(settings.data_dir / "aside")
        self._ledger = Ledger()
        self._ledger_failed = False
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="ingest-writer")
        self.now = ForwardClock(wall, settings.data_dir / "ingest-clock")

    async def __aenter__(self) -> "Keeper":
        return self

    async def __aexit__(self, *_: object) -> None:
        # A write under way ends by itself, or when its historian is closed.
        self._threads.shutdown(wait=False)

    async def use(self, site: Site) -> None:
        """Know another version of the site file from here on.

        Raises:
            SiteErrors: the historian cannot go on with it.
            Stopped: the service was told to end first.
        """
        points = await self._on_thread(lambda: SitePoints(site))
        await self._on_thread(lambda: self._historian.use(site))
        self.site, self._points = site, points

    async def positions(self) -> dict[str, Position]:
        """Where the historian stands, as soon as it says so.

        Raises:
            Stopped: the service was told to end first.
        """
        return await self._insist(self._historian.positions)

    async def keep(self, deliveries: Sequence[Delivery], positions: Mapping[str, Position]) -> None:
        """Make the deliveries and the positions durable.

        Raises:
            Stopped: the service was told to end first.
        """
        started = time.monotonic()
        limits = self._limits()
        checked = await self._on_thread(lambda: self._checked(deliveries, limits))
        await self._set_aside(checked.mendable)
        for row in checked.refused:
            self._ledger.add(row)
        if self._ledger.waiting:
            # Before the commit, so that a crash has a refusal counted twice rather than never.
            await self.record_refusals()
        if checked.losses:
            # Before the commit as well: once it is committed, the gateway forgets what it told.
            await self._insist_on_state(lambda: self._record_losses(checked.losses))
        unwritten = await self._insist(lambda: self._write(checked, positions))
        if unwritten:
            await self._refused_by_historian(deliveries, unwritten)
            await self._insist(lambda: self._historian.write([], [], positions))
        counters.write_seconds.observe(time.monotonic() - started)
        counters.delay_seconds.set(max((limits.now - delivery.received for delivery in deliveries), default=0) / 1000)
        refused = sum(row.count for row in checked.refused) + sum(one.count for one in unwritten)
        stored = checked.readings.t.size + len(checked.events) - sum(one.count for one in unwritten)
        metrics.readings.labels(CONSUMER, "stored").inc(stored)
        metrics.readings.labels(CONSUMER, "quarantined").inc(refused)

    def _write(self, checked: Checked, positions: Mapping[str, Position]) -> Sequence[Unwritten]:
        if lacking := self._room.lacking:
            raise HistorianUnavailable(lacking)
        return apart.write(self._historian, checked.readings, checked.events, positions)

    def _checked(self, deliveries: Sequence[Delivery], limits: Limits) -> Checked:
        self.now.save()
        return check(deliveries, self._points, limits)

    def _limits(self) -> Limits:
        now = self.now()
        return Limits(now, now - self._oldest_ms, now + self._skew_ms)

    async def take_up(self) -> None:
        """Give the historian what was set aside and is in order by now.

        Raises:
            Stopped: the service was told to end first.
        """
        limits = self._limits()
        await self.record_refusals()
        try:
            taken = await self._insist(lambda: self._aside.take_up(self._historian, self._points, limits))
        except OSError as error:  # the next time is soon enough, and readings are not held up
            log.warning("what was set aside cannot be taken up now", error=str(error))
            return
        if taken.readings or taken.events:
            log.info("what had been set aside was stored", readings=taken.readings, events=taken.events)
        if taken.damaged:
            self._lost_aside("records damaged on the disk: lost", taken.damaged)
        try:
            await self._on_thread(lambda: self._settle(taken.refused, limits.now))
        except (SQLAlchemyError, OSError) as error:  # a list that is too long holds no reading up
            log.warning("the quarantine cannot be put in order now", error=str(error))

    async def _refused_by_historian(self, deliveries: Sequence[Delivery], unwritten: Sequence[Unwritten]) -> None:
        parts, now = parts_of(deliveries, unwritten), self.now()
        await self._set_aside(parts)
        for one in unwritten:
            self._ledger.add(refused_by_historian(one, self.site.id, parts, now))
        await self.record_refusals()

    async def _set_aside(self, parts: Sequence[Delivery]) -> None:
        """Insists: what cannot be kept here is kept by the gateways."""
        failed = False
        while parts:
            try:
                gone = await self._on_thread(lambda: self._aside.keep(parts))
            except OSError as error:
                if not failed:
                    log.error("what is refused cannot be set aside; frames wait at the gateways", error=str(error))  # noqa: TRY400
                failed = True
                await self._pause(LONGEST_DELAY_S * random.uniform(0.1, 0.2))  # noqa: S311
                continue
            if gone:
                log.error("the oldest that was set aside had to go", readings=gone)
                self._lost_aside("too much was set aside: the oldest is lost", gone)
            return

    def _lost_aside(self, reason: str, count: int) -> None:
        now = self.now()
        self._ledger.add(Quarantined(self.site.id, CONSUMER, "set aside", reason, now, now, count, ""))

    def _settle(self, refused: Sequence[Quarantined], now: int) -> None:
        """An entry about a point or a gateway that the site file knows by now has nothing left to mend either."""
        with self._database.begin() as connection:
            settle(connection, self.site.id, CONSUMER, self._ledger.gathered(refused), now)
            gone = [
                number
                for number, entry in entries_of(
                    connection, self.site.id, CONSUMER, (*OF_THE_SITE_FILE, UNKNOWN_GATEWAY)
                )
                if not entry.kept and self._points.knows(entry.source)
            ]
            forget(connection, gone)

    def refuse(self, refusal: Refusal) -> None:
        """Note a frame that is none; recorded with the next batch."""
        self._ledger.add(
            Quarantined(
                self.site.id,
                CONSUMER,
                refusal.source,
                refusal.reason,
                refusal.at,
                refusal.at,
                1,
                refusal.sample.decode(errors="backslashreplace"),
            )
        )

    async def record_refusals(self) -> None:
        """Record what was refused. When the database is away it waits here, bounded: readings are not held up."""
        rows = self._ledger.take()
        if not rows:
            return
        try:
            await self._on_thread(lambda: self._record(rows))
        except (SQLAlchemyError, OSError) as error:
            self._ledger.give_back(rows)
            if not self._ledger_failed:
                log.warning("the quarantine cannot be recorded now", error=str(error))
            self._ledger_failed = True
            return
        if self._ledger_failed:
            log.info("the quarantine is recorded again")
        self._ledger_failed = False

    def _record(self, rows: Sequence[Quarantined]) -> None:
        with self._database.begin() as connection:
            record(connection, rows)

    async def _insist(self, call: Callable[[], T]) -> T:
        """Call until the historian is there; said once when it is away, and once when it is back."""
        delay_s = FIRST_DELAY_S
        away_since: float | None = None
        reason = ""
        while True:
            try:
                result = await self._on_thread(call)
            except HistorianError as error:  # damaged as well: it may be mended, and frames are kept until then
                if away_since is None:
                    away_since = time.monotonic()
                    counters.historian_away.set(1)
                if str(error) != reason:
                    reason = str(error)
                    log.warning("the historian takes nothing; frames wait at the gateways", reason=reason)
                await self._pause(delay_s * random.uniform(0.5, 1))  # noqa: S311
                delay_s = min(LONGEST_DELAY_S, delay_s * 2)
                continue
            if away_since is not None:
                counters.historian_away.set(0)
                log.info("the historian is back", away_s=round(time.monotonic() - away_since, 1))
            return result

    def _record_losses(self, losses: Sequence[Loss]) -> None:
        with self._database.begin() as connection:
            record_losses(connection, self.site.id, losses)

    async def _insist_on_state(self, call: Callable[[], None]) -> None:
        """Call until the database is there. Losses are rare; frames wait at the gateways, and alarms for nobody."""
        while True:
            try:
                await self._on_thread(call)
            except (SQLAlchemyError, OSError) as error:
                if not self._ledger_failed:
                    log.warning("the losses cannot be recorded now; frames wait at the gateways", error=str(error))
                self._ledger_failed = True
                await self._pause(LONGEST_DELAY_S * random.uniform(0.1, 0.2))  # noqa: S311
            else:
                return

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return
        raise Stopped

    async def _on_thread(self, call: Callable[[], T]) -> T:
        """Run on our thread. Told to stop meanwhile, a call gets `GRACE_S` to end."""
        running: asyncio.Future[T] = asyncio.get_running_loop().run_in_executor(self._threads, call)
        stopping = asyncio.create_task(self._stop.wait(), name="ingest stopping")
        try:
            await asyncio.wait(set[asyncio.Future[Any]]({running, stopping}), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        if not running.done():
            await asyncio.wait([running], timeout=GRACE_S)
        if not running.done():
            running.cancel()
            raise Stopped
        return running.result()
