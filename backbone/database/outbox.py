"""Domain events: written in the transaction that changed the object, published after it, at least once, in order."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from backbone import metrics, topics
from backbone.bus import Bus
from backbone.database.database import Database
from backbone.database.documents import encode
from backbone.database.tables import outbox

POLL_S = 1.0
MOST_AT_ONCE = 200
KEEP_MS = 7 * 86_400_000
ACKNOWLEDGED_S = 2.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An event; `document` is the whole object after the change, as plain data."""

    id: int
    site: str
    kind: str
    change: str
    object_id: str
    at: int
    document: dict[str, Any]

    def payload(self) -> bytes:
        """As it is published: the object's keys, `event` (its number), `change` and `at`."""
        return msgspec.json.encode({**self.document, "event": self.id, "change": self.change, "at": self.at})


def append(
    connection: Connection, writer: str, site: str, kind: str, change: str, object_id: str, document: object, at: int
) -> None:
    """An event of `kind` (alarm, ticket, plan, drill, gateway), to be published once this transaction is committed."""
    connection.execute(
        insert(outbox).values(
            writer=writer,
            site=site,
            kind=kind,
            change=change,
            object_id=object_id,
            at=at,
            document=encode(document),
            sent=False,
        )
    )


def events_since(connection: Connection, site: str, event_id: int, limit: int) -> list[OutboxRow]:
    """Events after a number, oldest first."""
    query = select(outbox).where(outbox.c.site == site, outbox.c.id > event_id).order_by(outbox.c.id).limit(limit)
    return [_row(row) for row in connection.execute(query)]


def events_of(connection: Connection, object_id: str, limit: int = 200) -> list[OutboxRow]:
    """What happened to one object, oldest first."""
    query = select(outbox).where(outbox.c.object_id == object_id).order_by(outbox.c.id).limit(limit)
    return [_row(row) for row in connection.execute(query)]


def last_event(connection: Connection, site: str) -> int:
    """The highest number so far; 0 when nothing has happened."""
    return int(connection.execute(select(func.max(outbox.c.id)).where(outbox.c.site == site)).scalar() or 0)


def forget_sent(connection: Connection, before: int) -> int:
    """Delete published events older than a time; how many."""
    return int(connection.execute(delete(outbox).where(outbox.c.sent.is_(True), outbox.c.at < before)).rowcount)


class Relay:
    """Publishes one writer's events. A crash between commit and publish only delays them."""

    def __init__(self, database: Database, bus: Bus, writer: str) -> None:
        self._database = database
        self._bus = bus
        self._writer = writer
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """There may be something to publish. Safe from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`."""
        self._loop = asyncio.get_running_loop()
        self._bus.on_connect(self.wake)
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._wake.wait()
            self._wake.clear()
            try:
                while self._bus.connected and await self._publish_some() == MOST_AT_ONCE:
                    pass
            except SQLAlchemyError:
                metrics.loop_errors.labels(f"outbox {self._writer}").inc()
                log.exception("the outbox cannot be read; trying again", writer=self._writer)

    async def _publish_some(self) -> int:
        rows = await asyncio.to_thread(self._unsent)
        connection = self._bus.reconnects
        for row in rows:
            if not self._bus.publish(topics.event(row.site, row.kind), row.payload()):
                return 0
        if rows and await self._acknowledged() and self._bus.connected and self._bus.reconnects == connection:
            await asyncio.to_thread(self._mark, [row.id for row in rows])
            return len(rows)
        return 0

    async def _acknowledged(self) -> bool:
        """Whether the broker has answered for everything that was sent; what it has not is sent again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ACKNOWLEDGED_S):
                while self._bus.connected and self._bus.unacknowledged:  # noqa: ASYNC110  (the client has no event)
                    await asyncio.sleep(0.002)
        return self._bus.unacknowledged == 0

    def _unsent(self) -> list[OutboxRow]:
        query = (
            select(outbox)
            .where(outbox.c.writer == self._writer, outbox.c.sent.is_(False))
            .order_by(outbox.c.id)
            .limit(MOST_AT_ONCE)
        )
        with self._database.read() as connection:
            return [_row(row) for row in connection.execute(query)]

    def _mark(self, sent: list[int]) -> None:
        with self._database.begin() as connection:
            connection.execute(update(outbox).where(outbox.c.id.in_(sent)).values(sent=True))


def _row(row: Any) -> OutboxRow:
    return OutboxRow(row.id, row.site, row.kind, row.change, row.object_id, row.at, msgspec.json.decode(row.document))
