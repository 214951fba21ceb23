"""Looks for what is missing, and sends what the loss ledger has to tell."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping

import structlog

from backbone import metrics
from community.losses import LossReason
from community.site.profile import Lane
from gateway.forwarder import Forwarder
from gateway.loss_ledger import keep
from gateway.readings import DeviceReader
from gateway.spool import Spool
from gateway.uplink import Uplink

LOOK_S = 1.0
SILENT_LOOKS = 10
SILENT_INTERVALS = 3
LEAST_SILENT_MS = 60_000
DOWN_MS = 30_000
ALIVE = "alive"

log = structlog.get_logger()


class LossWatch:
    """The task of the ledger."""

    def __init__(
        self,
        gateway: str,
        spool: Spool,
        forwarder: Forwarder,
        uplink: Uplink,
        readers: Mapping[str, DeviceReader],
        now: Callable[[], int],
    ) -> None:
        self._gateway = gateway
        self._spool = spool
        self._forwarder = forwarder
        self._uplink = uplink
        self._readers = readers
        self._now = now
        self._since = now()
        self._silent: set[str] = set()

    async def run(self) -> None:
        """Look every second, until cancelled."""
        self._note_down_time(self._now())
        look = 0
        while True:
            try:
                now = self._now()
                if look % SILENT_LOOKS == 0:
                    self._look_for_silence(now)
                    self._spool.file.set_meta([(ALIVE, now)])
                self._report(now)
                self._forget(now)
                keep(self._spool.losses, self._spool.file)
            except sqlite3.Error:
                pass  # the disk refuses: the spool says so, and the ledger waits in memory
            except Exception:
                metrics.loop_errors.labels("gateway losses").inc()
                log.exception("looking for losses failed")
            look += 1
            await asyncio.sleep(LOOK_S)

    def _note_down_time(self, now: int) -> None:
        alive = self._spool.file.meta().get(ALIVE)
        if alive is not None and now - alive > DOWN_MS:
            self._spool.losses.note(LossReason.GATEWAY_DOWN, first=alive, last=now, count=0, now=now)

    def _look_for_silence(self, now: int) -> None:
        losses, readers = self._spool.losses, self._readers
        for device, reader in readers.items():
            heard = reader.last if reader.last is not None else self._since
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
                self._forwarder.batches.add_event(event, urgent=True)
            self._forwarder.batches.end(now)
            losses.told([name for _, name in due], self._spool.assigned(Lane.URGENT), now)

    def _forget(self, now: int) -> None:
        for (device, lane, reason), began in self._spool.losses.committed(self._uplink.safe(Lane.URGENT), now):
            self._spool.file.execute(
                "UPDATE losses SET done = 1 WHERE device = ? AND lane = ? AND reason = ? AND began = ?",
                (device, lane, reason, began),
            )
