"""One worker at a time: who comes second stands by, and takes over when the first is gone.

In PostgreSQL an advisory lock of a session, which ends with it; beside an SQLite file a file lock, which ends with the
process. Neither needs a clock. A session the server has ended is noticed within seconds, and the turn is asked for
again: a server that was restarted has all workers go on at once. Who does not get it ends, is started again, and stands
by.
"""

import asyncio
import contextlib
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from backbone.database.database import Database
from backbone.turn import LOOK_EVERY_S, FileTurn, Turn, wait_for

ASK_AGAIN_S = 0.2
ANSWER_S = 5.0
_CLASS = 0x616E6A75  # any number of our own
_KEEPALIVE = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3"
log = structlog.get_logger()


class SoleLost(Exception):  # noqa: N818  (what happened)
    """Another worker may have taken over."""


async def alone(
    database: Database, folder: Path, name: str, stop: asyncio.Event, work: Callable[[], Awaitable[None]]
) -> None:
    """Wait for the turn, then do `work`; nothing when `stop` comes first. `folder`: of the locks beside SQLite.

    Raises:
        SoleLost: the turn was lost while it worked.
    """
    lock: Turn = FileTurn(folder / f"{name}.lock") if database.is_sqlite else _ServerLock(database, name)
    try:
        if not await wait_for(lock, name, stop):
            return
        working = asyncio.ensure_future(work())
        try:
            while not working.done():
                await asyncio.wait([working], timeout=LOOK_EVERY_S)
                if not await lock.held() and not await _again(lock, name, working):
                    raise SoleLost(f"the turn at {name} was lost")
            await working
        finally:
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
    finally:
        await asyncio.to_thread(lock.release)


async def _again(lock: Turn, name: str, working: asyncio.Future[None]) -> bool:
    """Whether the turn is ours again, or no longer wanted. Nobody can work while the server does not answer."""
    log.warning("the turn is in doubt; asking for it again", work=name)
    await asyncio.to_thread(lock.release)
    while (taken := await asyncio.to_thread(lock.take)) is None and not working.done():  # noqa: ASYNC110  (no event)
        await asyncio.sleep(ASK_AGAIN_S)
    return taken is not False


class _ServerLock:
    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._key = zlib.crc32(name.encode()) - 2**31
        self._connection: Connection | None = None

    def take(self) -> bool | None:
        """None: the server does not say."""
        try:
            connection = self._database.connect()
            try:
                connection.exec_driver_sql(_KEEPALIVE)
                row = connection.execute(
                    text("SELECT pg_try_advisory_lock(:class, :key)"), {"class": _CLASS, "key": self._key}
                ).one()
            except SQLAlchemyError:
                connection.close()
                raise
        except SQLAlchemyError as error:
            log.debug("the database does not say whose turn it is", error=str(error.__cause__ or error))
            return None
        if not row[0]:
            connection.close()
            return False
        self._connection = connection
        return True

    async def held(self) -> bool:
        if self._connection is None:
            return False
        try:
            async with asyncio.timeout(ANSWER_S):
                await asyncio.to_thread(self._connection.exec_driver_sql, "SELECT 1")
        except (SQLAlchemyError, TimeoutError):
            return False
        return True

    def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                connection.invalidate()
                connection.close()
