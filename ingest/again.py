"""When what was set aside is tried again: when somebody asks, when our clock is put right, and now and then."""

import asyncio
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from backbone.database.database import Database
from backbone.database.quarantine import is_asked
from ingest.validate import CONSUMER

LOOK_EVERY_S = 2.0
LOOK_AGAIN_S = 30.0
"""After the database could not be asked."""
TRY_EVERY_S = 3_600.0
"""What came from the future becomes the present."""
SET_MS = 30_000
"""A wall clock that moved so much against the steady one was set."""
log = structlog.get_logger()


class Again:
    """`due` says that it is time; who tries again calls `done`."""

    def __init__(
        self,
        database: Database,
        site: str,
        wall: Callable[[], int],
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._site = site
        self._wall = wall
        self._steady_s = steady_s
        self._base = self._offset()
        self._done_at = steady_s()
        self.due = False

    def done(self) -> None:
        """It was tried."""
        self.due, self._done_at = False, self._steady_s()

    async def run(self) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            try:
                asked = await asyncio.to_thread(self._is_asked)
                pause_s = LOOK_EVERY_S
            except (SQLAlchemyError, OSError) as error:
                log.debug("nobody can be asked whether to try again", error=str(error))
                asked, pause_s = False, LOOK_AGAIN_S
            self.due = self.due or asked or self._clock_was_set() or self._is_long_ago()
            await asyncio.sleep(pause_s)

    def _is_asked(self) -> bool:
        with self._database.read() as connection:
            return is_asked(connection, self._site, CONSUMER)

    def _is_long_ago(self) -> bool:
        return self._steady_s() - self._done_at >= TRY_EVERY_S

    def _clock_was_set(self) -> bool:
        before, self._base = self._base, self._offset()
        return abs(self._base - before) >= SET_MS

    def _offset(self) -> float:
        return self._wall() - self._steady_s() * 1000
