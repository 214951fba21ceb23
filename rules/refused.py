"""What the rules refuse is in the quarantine, some seconds later: no alarm waits for it."""

import asyncio
from collections.abc import Callable
from enum import StrEnum

import structlog
from sqlalchemy import Connection

from backbone.database.quarantine import entries_of, forget, record
from backbone.refused import Ledger
from backbone.stream import UNKNOWN_GATEWAY, Refusal
from backbone.topics import parse_frames
from community.quarantine import Quarantined
from community.site.site import Site
from rules.writer import Writer

CONSUMER = "rules"
RECORD_EVERY_S = 5.0
log = structlog.get_logger()


class Fault(StrEnum):
    """Why something of a readable frame is not judged."""

    UNKNOWN_POINT = "the site file has no such point"
    OTHER_GATEWAY = "the point belongs to another gateway"
    NO_TIME = "a time before 1970"


OF_THE_SITE_FILE = (Fault.UNKNOWN_POINT, Fault.OTHER_GATEWAY, UNKNOWN_GATEWAY)
Refuse = Callable[[str, str, Fault, int], None]
"""Gateway, point, why, and how many readings or events."""


class Refused:
    """Gathers, and records now and then."""

    def __init__(self, site: Site, writer: Writer, now: Callable[[], int]) -> None:
        self._site = site
        self._writer = writer
        self._now = now
        self._ledger = Ledger()
        self._mended = False

    def use(self, site: Site) -> None:
        """The site file changed: what it knows by now is no longer held against anybody."""
        self._site, self._mended = site, True

    def frame(self, refusal: Refusal) -> None:
        """A payload that is no frame."""
        log.warning("frame refused", source=refusal.source, reason=refusal.reason)
        sample = refusal.sample.decode(errors="backslashreplace")
        self._add(refusal.source, refusal.reason, refusal.at, 1, sample)

    def readings(self, gateway: str, point: str, fault: Fault, count: int) -> None:
        """Readings or events of a point that are not judged."""
        self._add(f"{gateway}/{point}", fault, self._now(), count, "")

    async def run(self) -> None:
        """Record, until cancelled."""
        while True:
            await asyncio.sleep(RECORD_EVERY_S)
            await self.record()

    async def record(self) -> None:
        """Record what was gathered; what a changed site file mended goes."""
        rows = self._ledger.take()
        if rows:
            await self._writer.do(lambda c: record(c, rows))
        if self._mended:
            self._mended = False
            await self._writer.do(self._forget)

    def _add(self, source: str, reason: str, at: int, count: int, sample: str) -> None:
        self._ledger.add(Quarantined(self._site.id, CONSUMER, source, reason, at, at, count, sample))

    def _forget(self, c: Connection) -> None:
        entries = entries_of(c, self._site.id, CONSUMER, OF_THE_SITE_FILE)
        forget(c, [number for number, entry in entries if self._is_known(entry.source)])

    def _is_known(self, source: str) -> bool:
        if (topic := parse_frames(source)) is not None:
            return topic.gateway in self._site.gateways
        gateway, _, point = source.partition("/")
        known = self._site.points.get(point)
        return known is not None and known.gateway == gateway
