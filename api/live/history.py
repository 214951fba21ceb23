"""Whether the historian answers, looked at again and again: people see what charts lack, and why."""

import asyncio
from collections.abc import Callable

import structlog

from api.live.latest import LatestCache
from api.live.services import ServiceBoard, ServiceState
from backbone.historian.port import Historian, HistorianCorrupt, HistorianError

LOOK_EVERY_S = 2.0
SEED_MS = 48 * 3_600_000
"""Battery devices report once in a day: their last value is worth showing for two."""
AGAIN = frozenset({1, 3, 8, 30})
"""The looks after a connection to the broker at which latest values are asked for again: what was said while nobody
here listened is in the history by then, and some of it is said again only in hours."""
NAME = "historian"
log = structlog.get_logger()


class HistoryWatch:
    """Notes the historian among the services while it is away or damaged; once it is back, it gives latest values."""

    def __init__(
        self,
        historian: Historian,
        site: str,
        latest: LatestCache,
        board: ServiceBoard,
        now: Callable[[], int],
        seeded: Callable[[], None],
    ) -> None:
        """`seeded` is called once latest values were taken from the historian."""
        self._historian = historian
        self._site = site
        self._latest = latest
        self._board = board
        self._now = now
        self._seeded = seeded
        self._told = ""
        self._wanted = True
        self._looks = max(AGAIN)

    def listening(self) -> None:
        """From now on frames are heard; those of before are to be had from the historian alone."""
        self._looks = 0

    def site_changed(self) -> None:
        """A point that is new to the site file may have been in it before: what was known of it is asked for again."""
        self._wanted = True

    async def look(self) -> bool:
        """Ask it once; whether what there is to say has changed."""
        state, reason = "running", ""
        self._looks += 1
        try:
            await asyncio.to_thread(self._historian.positions)
            if self._wanted or self._told != state or self._looks in AGAIN:
                self._latest.seed(
                    await asyncio.to_thread(self._historian.latest, self._site, None, self._now() - SEED_MS)
                )
                self._wanted = False
                self._seeded()
        except HistorianCorrupt as error:
            state, reason = "damaged", str(error)
        except HistorianError as error:
            state, reason = "away", str(error)
        said = self._told
        self._told = state
        if state == said:
            return False
        if state != "running":
            log.warning("the historian does not answer", state=state, reason=reason)
        self._board.note(ServiceState(NAME, state, since=self._now(), reason=reason))
        return True

    async def watch(self, changed: Callable[[], None]) -> None:
        """Look again and again; call back when it changed."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if await self.look():
                changed()
