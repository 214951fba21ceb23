"""Domain events: written in the transaction that changed the object, published after it, at least once, in order."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import structlog
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from backbone import metrics, topics
from backbone.bus import Bus
from backbone.database.database import Database
from backbone.database.documents import encode
from backbone.database.statements import Prepared
from backbone.database.tables import outbox
from backbone.steady import wall_ms
from backbone.ways import Ways

LOOK_EVERY_S = 1.0
MARK_EVERY_S = 0.25
"""Marking what was sent is a write, which alarms would wait for: so it is done seldom, and a crash repeats little."""
BEHIND_S = 0.01
MOST_AT_ONCE = 200
MOST_UNMARKED = 2_000
KEEP_MS = 7 * 86_400_000
FORGET_EVERY_S = 3_600.0
FORGET_AT_ONCE = 1_000
_columns = outbox.c
_EVENT = (
    _columns.id,
    _columns.site,
    _columns.kind,
    _columns.change,
    _columns.object_id,
    _columns.at,
    _columns.document,
)
_append = Prepared(insert(outbox), columns=("writer", "site", "kind", "change", "object_id", "at", "document", "sent"))
_unsent = Prepared(
    select(*_EVENT)
    .where(_columns.writer == bindparam("writer"), _columns.sent.is_(False), _columns.id > bindparam("after"))
    .order_by(_columns.id)
    .limit(MOST_AT_ONCE)
)
_mark = Prepared(
    update(outbox)
    .where(_columns.writer == bindparam("mine"), _columns.sent.is_(False), _columns.id <= bindparam("upto"))
    .values(sent=True)
)
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
    _append.run(
        connection,
        {
            "writer": writer,
            "site": site,
            "kind": kind,
            "change": change,
            "object_id": object_id,
            "at": at,
            "document": encode(document),
            "sent": False,
        },
    )


def unsent(connection: Connection, writer: str, after: int) -> list[OutboxRow]:
    """A writer's events beyond a number that are not marked as sent, oldest first, some at once."""
    return [_row(row) for row in _unsent.rows(connection, {"writer": writer, "after": after})]


def events_since(connection: Connection, site: str, event_id: int, limit: int) -> list[OutboxRow]:
    """Events after a number, oldest first."""
    query = select(*_EVENT).where(outbox.c.site == site, outbox.c.id > event_id).order_by(outbox.c.id).limit(limit)
    return [_row(row) for row in connection.execute(query)]


def last_event(connection: Connection, site: str) -> int:
    """The highest number so far; 0 when nothing has happened."""
    return int(connection.execute(select(func.max(outbox.c.id)).where(outbox.c.site == site)).scalar() or 0)


def forget_sent(database: Database, before: int) -> int:
    """Delete published events older than a time, few at once so that nobody waits for it; how many."""
    forgotten, last = 0, 0
    while True:
        look = select(outbox.c.id, outbox.c.at, outbox.c.sent).where(outbox.c.id > last)
        with database.read() as connection:
            rows = connection.execute(look.order_by(outbox.c.id).limit(FORGET_AT_ONCE)).all()
        old = [row.id for row in rows if row.sent and row.at < before]
        if old:
            with database.begin(durable=False) as connection:
                forgotten += connection.execute(delete(outbox).where(outbox.c.id.in_(old))).rowcount
        if len(rows) < FORGET_AT_ONCE or rows[-1].at >= before:
            return forgotten
        last = rows[-1].id


class _Handed(NamedTuple):
    """Events up to `upto` are with the broker once none of these packets is in flight."""

    upto: int
    events: int
    packets: frozenset[int]


class Relay:
    """Publishes one writer's events. A crash between commit and publish only delays them.

    What was committed a moment ago is said by `ways` too, in no order with the rest: a hint to read the outbox.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        writer: str,
        *,
        now: Callable[[], int] | None = None,
        ways: Ways | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._ways = ways or Ways()
        self._writer = writer
        self._now = now or wall_ms
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection = -1
        self._told = 0
        self._handed_over = 0
        self._caught_up = False
        self._marked = 0
        self._unmarked = 0
        self._handed: _Handed | None = None
        self._marked_at = 0.0
        self._forgot_at: float | None = None
        self._failing = False

    def wake(self) -> None:
        """There may be something to publish. Safe from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    def hand_over(self, rows: Sequence[OutboxRow]) -> None:
        """Publish what was committed a moment ago, without reading it again; on the loop.

        For a writer that hands over everything it commits, in order. What cannot be published at once, or does not
        follow on what was published before, is left to `run`.
        """
        if not rows:
            return
        before, self._handed_over = self._handed_over, rows[-1].id
        if self._ways.buses:
            for row in rows:
                self._ways.publish(topics.event(row.site, row.kind), row.payload())
        follows = self._caught_up and self._told >= before and self._bus.reconnects == self._connection
        if not follows or self._unmarked >= MOST_UNMARKED or not self._publish(rows) or len(rows) == MOST_AT_ONCE:
            self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`."""
        self._loop = asyncio.get_running_loop()
        self._bus.on_connect(self.wake)
        while not stop.is_set():
            self._wake.clear()
            behind = False
            try:
                behind = await self._tell()
                await self._mark()
                await self._forget()
            except Exception as error:
                self._note_failure(error)
            else:
                self._note_success()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause(behind)):
                    await self._wake.wait()

    def _pause(self, behind: bool) -> float:
        if behind:
            return BEHIND_S
        return MARK_EVERY_S if self._told > self._marked and self._bus.connected else LOOK_EVERY_S

    async def _tell(self) -> bool:
        """Publish what is new. Whether there is more than could be published at once."""
        if not self._bus.connected:
            return False
        if self._bus.reconnects != self._connection:
            # What the last connection did not acknowledge may be lost: all that is not marked is sent again.
            self._connection, self._handed = self._bus.reconnects, None
            self._told, self._unmarked = self._marked, 0
        if self._unmarked >= MOST_UNMARKED:
            return True
        rows = await asyncio.to_thread(self._unsent)
        if self._bus.reconnects != self._connection:
            return True
        behind = len(rows) == MOST_AT_ONCE
        if self._publish(rows):
            self._caught_up = self._caught_up or not behind
        return behind

    def _publish(self, rows: Iterable[OutboxRow]) -> bool:
        """Publish in order what was not yet; False when the broker does not take it now."""
        for row in rows:
            if row.id <= self._told:
                continue
            if not self._bus.publish(topics.event(row.site, row.kind), row.payload()):
                return False
            self._told, self._unmarked = row.id, self._unmarked + 1
        return True

    async def _mark(self) -> None:
        """Mark as sent what the broker has acknowledged."""
        if not self._bus.connected or self._bus.reconnects != self._connection:
            return
        if self._handed is None and self._told > self._marked:
            self._handed = _Handed(self._told, self._unmarked, self._bus.in_flight)
        clock = time.monotonic()
        due = clock - self._marked_at >= MARK_EVERY_S or self._unmarked >= MOST_UNMARKED
        handed = self._handed
        if due and handed is not None and handed.packets.isdisjoint(self._bus.in_flight):
            await asyncio.to_thread(self._mark_upto, handed.upto)
            self._marked, self._marked_at, self._handed = handed.upto, clock, None
            self._unmarked -= handed.events

    async def _forget(self) -> None:
        if self._forgot_at is None or time.monotonic() - self._forgot_at >= FORGET_EVERY_S:
            self._forgot_at = time.monotonic()
            await asyncio.to_thread(forget_sent, self._database, self._now() - KEEP_MS)

    def _unsent(self) -> list[OutboxRow]:
        with self._database.read() as connection:
            return unsent(connection, self._writer, self._told)

    def _mark_upto(self, number: int) -> None:
        with self._database.begin(durable=False) as connection:
            _mark.run(connection, {"mine": self._writer, "upto": number})

    def _note_failure(self, error: Exception) -> None:
        metrics.loop_errors.labels(f"outbox {self._writer}").inc()
        if not self._failing:
            self._failing = True
            log.error("the outbox stands still; trying again", writer=self._writer, exc_info=error)

    def _note_success(self) -> None:
        if self._failing:
            self._failing = False
            log.info("the outbox goes on", writer=self._writer)


def _row(row: Sequence[Any]) -> OutboxRow:
    identifier, site, kind, change, object_id, at, document = row
    return OutboxRow(identifier, site, kind, change, object_id, at, msgspec.json.decode(document))
