"""Looks for what is missing, and sends what the loss ledger has to tell."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping

import structlog

from backbone import metrics
from community.losses import LossReason
from community.site.profile import Lane
from gateway.batches import Batches
from gateway.clock import JUMP_MS
from gateway.device_reader import DeviceReader
from gateway.loss_ledger import keep
from gateway.spool import Spool

LOOK_S = 1.0
SILENT_LOOKS = 10
SILENT_INTERVALS = 3
LEAST_SILENT_MS = 60_000
DOWN_MS = 30_000
ALIVE = "alive"

log = structlog.get_logger()


class LossWatch:
    """The task of the ledger. `safe` tells up to where all consumers have a lane's frames."""

    def __init__(
        self,
        gateway: str,
        spool: Spool,
        batches: Batches,
        safe: Callable[[Lane], int],
        readers: Mapping[str, DeviceReader],
        now: Callable[[], int],
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._spool = spool
        self._batches = batches
        self._safe = safe
        self._readers = readers
        self._now = now
        self._since = now()
        """When it began to listen, by the clock as it is now set."""
        self._steady_s = steady_s
        self._looked = (self._since, steady_s())
        self._looks = 0
        self._silent: set[str] = set()

    async def run(self) -> None:
        """Look every second, until cancelled."""
        self._note_down_time(self._now())
        while True:
            try:
                self.look()
            except sqlite3.Error:
                pass  # the disk refuses: the spool says so, and the ledger waits in memory
            except Exception:
                metrics.loop_errors.labels("gateway losses").inc()
                log.exception("looking for losses failed")
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Note what is missing now, tell what is to be told, keep all of it.

        Raises:
            sqlite3.Error: the disk refuses.
        """
        now = self._now()
        self._mind_jumps(now)
        if self._looks % SILENT_LOOKS == 0:
            self._look_for_silence(now)
        self._looks += 1
        self._report(now)
        self._forget(now)
        keep(self._spool.losses, self._spool.file)
        self._spool.file.set_meta([(ALIVE, now)])

    def _note_down_time(self, now: int) -> None:
        alive = self._spool.file.meta().get(ALIVE)
        if alive is not None and now - alive > DOWN_MS:
            self._spool.losses.note(LossReason.GATEWAY_DOWN, first=alive, last=now, count=0, now=now)

    def _mind_jumps(self, now: int) -> None:
        """A clock that was set makes nobody silent."""
        before, before_s = self._looked
        self._looked = (now, self._steady_s())
        if abs(now - before - (self._looked[1] - before_s) * 1000) > JUMP_MS:
            self._since = now

    def _look_for_silence(self, now: int) -> None:
        losses, readers = self._spool.losses, self._readers
        for device, reader in readers.items():
            heard = self._since if reader.last is None or not self._since <= reader.last <= now else reader.last
            silent = now - heard > max(LEAST_SILENT_MS, SILENT_INTERVALS * reader.every_ms)
            if silent:
                self._silent.add(device)
                losses.note(LossReason.SILENT, first=heard, last=now, count=0, now=now, device=device)
            elif device in self._silent:
                self._silent.discard(device)
                losses.end(LossReason.SILENT, device)
        for device in self._silent - readers.keys():
            self._silent.discard(device)
            losses.end(LossReason.SILENT, device)

    def _report(self, now: int) -> None:
        losses = self._spool.losses
        while due := losses.reports(self._gateway, now):
            for event, _ in due:
                self._batches.add_event(event, urgent=True)
            self._batches.end(now)
            losses.told([name for _, name in due], self._spool.assigned(Lane.URGENT), now)

    def _forget(self, now: int) -> None:
        for (device, lane, reason), began in self._spool.losses.committed(self._safe(Lane.URGENT), now):
            self._spool.file.execute(
                "UPDATE losses SET done = 1 WHERE device = ? AND lane = ? AND reason = ? AND began = ?",
                (device, lane, reason, began),
            )
