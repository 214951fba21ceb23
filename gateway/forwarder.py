"""Ties batches, spool and uplink to the loop: what a tick gathered is written once, then sent."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial

import structlog

from backbone import metrics
from backbone.frames import FrameBuilder
from community.site.profile import Lane
from gateway.batches import Batches
from gateway.clock import GatewayClock
from gateway.spool import Spool
from gateway.uplink import Uplink

TICK_S = 0.05
DURABLE_S = 0.01
DURABLE_MESSAGES = 64
"""Brokers keep few messages in flight (Mosquitto 20 by default): waiting for a fuller frame would starve them."""
TIDY_EVERY = 4
REMEMBER_EVERY = 20

log = structlog.get_logger()


class Forwarder:
    """The frame store of the batches, and the tasks that keep frames moving."""

    def __init__(
        self,
        spool: Spool,
        uplink: Uplink,
        now: GatewayClock,
        lived: Callable[[], int],
        *,
        bulk_readings: int,
        bulk_age_ms: int,
        sync_s: float,
    ) -> None:
        self._spool = spool
        self._uplink = uplink
        self._now = now
        self._lived = lived
        self._sync_s = sync_s
        self._scheduled = False
        self._gathers = False
        """Urgent frames wait, too: another went in this turn of the loop, or all that waits is just being put."""
        self._durable: asyncio.Future[None] | None = None
        self._waiting = 0
        self._remembered: list[tuple[str, int]] = []
        self._sync_failing = False
        self.batches = Batches(self, bulk_readings=bulk_readings, bulk_age_ms=bulk_age_ms)

    def put(self, lane: Lane, builder: FrameBuilder, now: int) -> None:
        """Take the builder's content as a frame: written and sent when the loop has its next turn, urgent news now.

        One turn of a busy gateway is a millisecond. Of several urgent frames in one turn the first goes now, the others
        gather, so that a flood of them is not a transaction each.
        """
        self._spool.put(lane, builder, now)
        if lane is Lane.BULK or self._gathers:
            self._schedule()
            return
        self._gathers = True
        asyncio.get_running_loop().call_soon(self._gather_no_more)
        self._guarded(self._forward)

    def _gather_no_more(self) -> None:
        self._gathers = False

    @contextlib.contextmanager
    def _gathering(self) -> Iterator[None]:
        """What is put inside is written as one, and sent."""
        before, self._gathers = self._gathers, True
        try:
            yield
        finally:
            self._gathers = before
        self._forward()

    def _guarded(self, work: Callable[[], object]) -> None:
        """The next tick may go better, and nothing is lost meanwhile: it is in the spool."""
        try:
            work()
        except Exception:
            metrics.loop_errors.labels("gateway forwarder").inc()
            log.exception("forwarding failed")

    def durable(self) -> asyncio.Future[None]:
        """Done when all readings so far are in the spool: only then is a sensor's message acknowledged."""
        loop = asyncio.get_running_loop()
        if self._durable is None:
            self._durable = loop.create_future()
            loop.call_later(DURABLE_S, self._settle, self._durable)
        self._waiting += 1
        waited_for = self._durable
        if self._waiting == DURABLE_MESSAGES:
            loop.call_soon(self._settle, waited_for)
        return waited_for

    def _settle(self, waited_for: asyncio.Future[None]) -> None:
        if waited_for.done():
            return
        self._durable, self._waiting = None, 0
        try:
            with self._gathering():
                self.batches.flush(self._now())
        finally:
            waited_for.set_result(None)

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._forward)

    def _forward(self) -> None:
        self._scheduled = False
        self._spool.flush(self._now())
        if self._uplink.pump():
            self._schedule()

    async def run(self) -> None:
        """Send bulk frames in time, resend, forget what is committed; until cancelled."""
        tick = 0
        while True:
            await asyncio.sleep(TICK_S)
            tick += 1
            self._guarded(partial(self._tick, tick))

    def _tick(self, tick: int) -> None:
        now = self._now()
        with self._gathering():
            self.batches.flush_aged(now)
        if tick % TIDY_EVERY == 0:
            self._uplink.check()
            self._spool.tidy(min(now, self._lived()), by_age=self._now.confirmed)
            self._spool.compact(self._uplink.at_rest(Lane.BULK), now)
        if tick % REMEMBER_EVERY == 0:
            self._remember()

    def _remember(self) -> None:
        positions = [("committed-epoch", self._spool.epoch), *self._uplink.positions()]
        if positions != self._remembered:
            try:
                self._spool.file.set_meta(positions)
            except sqlite3.Error:
                return  # a restart sends a little more again
            self._remembered = positions

    async def keep_synced(self) -> None:
        """Have the disk hold the spool at most `sync_s` later; until cancelled."""
        while True:
            await asyncio.sleep(self._sync_s)
            try:
                await asyncio.to_thread(self._spool.sync)
            except (OSError, sqlite3.Error) as error:
                if not self._sync_failing:
                    log.warning("the spool cannot be synced; a power cut could lose frames", error=str(error))
                self._sync_failing = True
            else:
                self._sync_failing = False

    def finish(self) -> None:
        """Before the end: what is gathered becomes frames, and is written and sent as far as it goes."""
        with self._gathering():
            self.batches.flush(self._now())
        if self._durable is not None and not self._durable.done():
            self._durable.set_result(None)
        self._remember()
