"""For tests of ingest: the service, and a gateway's end of the stream, which sends frames until they are committed."""

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from backbone import topics
from backbone.bus import Bus
from backbone.database.database import Database
from backbone.database.quarantine import list_quarantine
from backbone.frames import Frame, FrameEvent, encode_compact, encode_json
from backbone.historian.port import Historian, HistorianRefused, ReadingBatch, Unwritten
from backbone.position import Position
from backbone.site_watch import Take
from backbone.steady import wall_ms
from community.quarantine import Quarantined
from community.site.profile import Lane
from community.site.site import Site
from ingest.service import run
from ingest.settings import IngestSettings
from tests.history import make_site
from tests.waiting import until

SITE = make_site()

RESEND_S = 0.2
WINDOW = 200


class Sender:
    """One gateway of a site. `payloads[lane]` are its frames from number 1 on."""

    def __init__(self, bus: Bus, site: str, gateway: str) -> None:
        self._bus = bus
        self._site = site
        self._gateway = gateway
        self.payloads: dict[Lane, list[bytes]] = {lane: [] for lane in Lane}
        self.committed: dict[str, Any] = {"epoch": 0, "urgent": 0, "bulk": 0}
        self.heard: list[dict[str, Any]] = []
        self.behind_ms = 0
        """How far the platform's clock is behind the true time."""
        bus.subscribe(topics.committed(site, gateway, "ingest"), self._on_committed)

    def next(self, lane: Lane = Lane.BULK) -> int:
        """The number of the frame to come."""
        return len(self.payloads[lane]) + 1

    def send(self, frame: Frame, lane: Lane = Lane.BULK, *, as_json: bool = False) -> None:
        """A frame numbered `next(lane)`."""
        assert frame.seq == self.next(lane)
        self.send_bytes(encode_json(frame) if as_json else encode_compact(frame), lane)

    def send_bytes(self, payload: bytes, lane: Lane = Lane.BULK) -> None:
        """The payload in the place of the next frame."""
        self.payloads[lane].append(payload)
        self._publish(lane, payload)

    @property
    def done(self) -> bool:
        """Whether ingest has committed everything."""
        return all(self.committed[lane.value] >= len(payloads) for lane, payloads in self.payloads.items())

    async def resend(self) -> None:
        """Send what is not committed again and again, a window of it, until cancelled."""
        while True:
            await asyncio.sleep(RESEND_S)
            for lane, payloads in self.payloads.items():
                first = self.committed[lane.value]
                for payload in payloads[first : first + WINDOW]:
                    self._publish(lane, payload)

    def _publish(self, lane: Lane, payload: bytes) -> None:
        self._bus.publish(topics.frames(self._site, self._gateway, lane), payload)

    def _on_committed(self, _topic: str, payload: bytes) -> None:
        self.committed = json.loads(payload)
        assert abs(self.committed.pop("at") - time.time() * 1000 + self.behind_ms) < 60_000
        self.heard.append(self.committed)


@contextlib.asynccontextmanager
async def sending(url: str, site: str, gateway: str) -> AsyncIterator[Sender]:
    """A connected gateway that resends."""
    bus = Bus(url, f"sender-{gateway}")
    sender = Sender(bus, site, gateway)
    async with bus:
        await until(lambda: bus.connected, "the broker")
        task = asyncio.create_task(sender.resend(), name="resend")
        try:
            yield sender
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


class Picky:
    """A historian that refuses a whole write for one point, as no historian should; the rest is another's."""

    def __init__(self, inner: Historian, point: str | None) -> None:
        self._inner = inner
        self.point = point

    def write(
        self,
        batches: Sequence[ReadingBatch],
        events: Sequence[tuple[str, FrameEvent]],
        positions: Mapping[str, Position],
    ) -> Sequence[Unwritten]:
        if any(one.points[p] == self.point for one in batches for p in one.p.tolist()):
            raise HistorianRefused("no")
        return self._inner.write(batches, events, positions)

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


@contextlib.asynccontextmanager
async def ingesting(
    url: str,
    historian: Historian,
    database: Database,
    *,
    site: Site = SITE,
    data_dir: Path | None = None,
    follow: Callable[[Take], None] | None = None,
    wall: Callable[[], int] = wall_ms,
) -> AsyncIterator[asyncio.Task[None]]:
    """The service, told to stop at the end and given five seconds."""
    stop = asyncio.Event()
    settings = IngestSettings(mqtt_url=url, data_dir=data_dir or Path(tempfile.mkdtemp()))
    task = asyncio.create_task(run(settings, site, historian, database, stop, follow=follow, wall=wall), name="ingest")
    try:
        yield task
    finally:
        stop.set()
        async with asyncio.timeout(5):
            await task


def quarantine(database: Database) -> dict[tuple[str, str], Quarantined]:
    """The entries by source and reason."""
    with database.read() as connection:
        return {(row.source, row.reason): row for _, row in list_quarantine(connection, "yard", limit=1000)}
