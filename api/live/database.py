"""Whether the database's server answers, looked at again and again: people see it, and no request waits for it in vain.

A network that swallows packets has a query wait for half a minute: a few pages that ask would take every thread.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.live.services import ServiceBoard, ServiceState
from backbone.database.database import Database

LOOK_EVERY_S = 2.0
PATIENCE_S = 5.0
NAME = "database"
log = structlog.get_logger()


class DatabaseWatch:
    """Notes the database among the services while it does not answer. An SQLite file always does."""

    def __init__(self, database: Database, board: ServiceBoard, now: Callable[[], int]) -> None:
        self._database = database
        self._board = board
        self._now = now

    async def watch(self, changed: Callable[[], None]) -> None:
        """Look again and again; call back when it changed."""
        if self._database.is_sqlite:
            return
        loop = asyncio.get_running_loop()
        pool = ThreadPoolExecutor(1, thread_name_prefix="api-database")
        try:
            while True:
                asked = loop.run_in_executor(pool, self._database.ask)
                done, _ = await asyncio.wait({asked}, timeout=PATIENCE_S)
                if not done:
                    self._note("it takes its time", changed)
                try:
                    await asked
                    self._note("", changed)
                except (SQLAlchemyError, OSError) as error:
                    self._note(str(getattr(error, "orig", None) or error).strip(), changed)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _note(self, reason: str, changed: Callable[[], None]) -> None:
        away = bool(reason)
        if away == self._database.given_up:
            return
        self._database.given_up = away
        if away:
            log.error("the database does not answer", reason=reason)
        else:
            log.info("the database is back")
        self._board.note(ServiceState(NAME, "away" if away else "running", since=self._now(), reason=reason))
        changed()
