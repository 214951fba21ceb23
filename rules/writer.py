"""The one thread that writes: transactions in order, off the loop, tried again until they are durable."""

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from backbone import metrics
from backbone.database.database import Database
from backbone.database.errors import Conflict
from backbone.database.outbox import OutboxRow, unsent

FIRST_DELAY_S = 0.05
LONGEST_DELAY_S = 5.0
MOST_IN_A_ROW = 8
"""Alarms' transactions while others wait: in a flood people are told all the same."""
NAME = "rules"
"""Under which its events are in the outbox."""
SWITCH_S = 0.000_5
"""An alarm is written while the loop works: Python's 5 ms for handing the processor over are more than all of it."""
log = structlog.get_logger()
T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - not an error: the service ends, and what was not written is given again
    """The service was asked to stop while the database could not be written."""


class Unwritten(Exception):  # noqa: N818 - not an error: it is to be tried again
    """The database did not take it now."""


class Turns:
    """One thread for several writers: whoever is urgent is next, but for one of the others after `MOST_IN_A_ROW`."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rules-writer")
        self._urgent: deque[Callable[[], None]] = deque()
        self._others: deque[Callable[[], None]] = deque()
        self._in_a_row = 0

    def take(self, work: Callable[[], T], *, urgent: bool) -> Future[T]:
        """The result of `work` when its turn has come."""
        result: Future[T] = Future()

        def run() -> None:
            if not result.set_running_or_notify_cancel():
                return
            try:
                result.set_result(work())
            except BaseException as error:
                result.set_exception(error)

        (self._urgent if urgent else self._others).append(run)
        self._pool.submit(self._next)
        return result

    def close(self) -> None:
        """Wait for what was begun."""
        self._pool.shutdown()

    def _next(self) -> None:
        others_turn = not self._urgent or (self._others and self._in_a_row >= MOST_IN_A_ROW)
        self._in_a_row = 0 if others_turn else self._in_a_row + 1
        (self._others if others_turn else self._urgent).popleft()()


class Writer:
    """Runs transactions one after another; `do` waits while the database is away.

    What is told to people, and who is given a ticket, is written `beside`: in the same thread and by the same
    connection, when no alarm is to be written. An alarm waits for one such transaction at most, and finds in SQLite's
    memory what it needs of the file.
    """

    def __init__(self, database: Database, stop: asyncio.Event, turns: Turns | None = None) -> None:
        self._database = database
        self._stop = stop
        self._urgent = turns is None
        self._turns = turns or Turns()
        self._seen = 0
        self.on_committed: Callable[[list[OutboxRow]], None] | None = None
        """Called on the loop with the events of each transaction, in their order."""
        self.away = False
        """Whether the last try failed."""

    async def __aenter__(self) -> "Writer":
        sys.setswitchinterval(SWITCH_S)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._turns.close)

    def beside(self) -> "Writer":
        """A writer that lets this one go first; it ends with it."""
        return Writer(self._database, self._stop, self._turns)

    async def do(self, work: Callable[[Connection], T]) -> T:
        """The result of `work` once its transaction is committed; `work` may be called several times.

        Raises:
            Stopped: the service stops and the database is away.
        """
        delay_s = FIRST_DELAY_S
        while True:
            with contextlib.suppress(Unwritten):
                return await self.once(work)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._stop.wait()
                raise Stopped
            delay_s = min(LONGEST_DELAY_S, delay_s * 2)

    def once(self, work: Callable[[Connection], T]) -> Coroutine[Any, Any, T]:
        """The result of `work` once its transaction is committed; it has its turn now, not when it is awaited.

        Raises:
            Unwritten: it is not; whoever asked decides when to try again.
        """
        loop = asyncio.get_running_loop()
        turn = self._turns.take(partial(self._transaction, work, loop), urgent=self._urgent)
        return self._outcome(asyncio.wrap_future(turn))

    async def _outcome(self, turn: asyncio.Future[T]) -> T:
        try:
            result = await turn
        except (OperationalError, InterfaceError, Conflict) as error:
            self._note_failure(error)
            raise Unwritten from error
        if self.away:
            self.away = False
            log.info("the database is back")
        return result

    def _transaction(self, work: Callable[[Connection], T], loop: asyncio.AbstractEventLoop) -> T:
        events: list[OutboxRow] = []
        with self._database.begin() as connection:
            result = work(connection)
            if self.on_committed is not None:
                events = unsent(connection, NAME, self._seen)
        if events and self.on_committed is not None:
            self._seen = events[-1].id
            loop.call_soon_threadsafe(self.on_committed, events)
        return result

    def _note_failure(self, error: Exception) -> None:
        if isinstance(error, Conflict):
            log.info("an object was changed meanwhile; deciding again", error=str(error))
            return
        metrics.loop_errors.labels("rules database").inc()
        if not self.away:
            self.away = True
            log.error("the database cannot be written; alarms are told without it", error=str(error))
