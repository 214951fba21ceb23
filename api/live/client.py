"""One open page: what waits to be sent to it, bounded however slow it is."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence

import numpy as np

from api.live.latest import LatestCache, Mask
from api.live.messages import RESYNC, readings_message

MOST_WAITING = 1_000
MOST_BYTES = 4_000_000


class Client:
    """Messages wait in order up to a limit; beyond it they are dropped and the page is told to load anew.

    Readings do not queue: a page that is behind gets each point's newest value once it catches up.
    """

    def __init__(self, latest: LatestCache, username: str, session: str) -> None:
        self.username = username
        self.session = session
        self.close_reason: str | None = None
        """Why the socket must be closed, once it must."""
        self._latest = latest
        self._caught_up: frozenset[int] = frozenset()
        self._numbers: set[int] = set()
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._pending: Mask | None = None
        self._prepared: bytes | None = None
        self._wake = asyncio.Event()

    def event(self, number: int, message: bytes) -> None:
        """An event that just happened."""
        if number not in self._caught_up:
            self._numbers.add(number)
            self.message(message)

    def catch_up(self, missed: Sequence[tuple[int, bytes]]) -> None:
        """Events from before the page came; they go before what waits already."""
        fresh = [(number, message) for number, message in missed if number not in self._numbers]
        self._caught_up = frozenset(number for number, _ in fresh)
        self._waiting.extendleft(message for _, message in reversed(fresh))
        self._bytes += sum(len(message) for _, message in fresh)
        self._keep_bounds()

    def message(self, message: bytes) -> None:
        """Anything that must arrive in order."""
        self._waiting.append(message)
        self._bytes += len(message)
        self._keep_bounds()

    def _keep_bounds(self) -> None:
        if len(self._waiting) > MOST_WAITING or self._bytes > MOST_BYTES:
            self.resync()
        self._wake.set()

    def resync(self) -> None:
        """Forget what waits; the page is to load everything anew."""
        self._waiting.clear()
        self._waiting.append(RESYNC)
        self._bytes = len(RESYNC)
        self._pending = self._prepared = None
        self._wake.set()

    def readings(self, changed: Mask, prepared: bytes) -> None:
        """New values of the points in `changed`; `prepared` is the message of just these, made once for all pages."""
        if self._pending is None:
            self._pending, self._prepared = changed, prepared
        else:
            self._pending, self._prepared = np.logical_or(self._pending, changed), None
        self._wake.set()

    def end(self, reason: str) -> None:
        """Have the socket closed."""
        self.close_reason = reason
        self._wake.set()

    async def wait(self, seconds: float) -> None:
        """Wait for something to send, at most this long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def take(self) -> list[bytes]:
        """All that waits."""
        self._wake.clear()
        messages = list(self._waiting)
        self._waiting.clear()
        self._numbers.clear()
        self._bytes = 0
        if self._pending is not None:
            messages.append(self._prepared or readings_message(self._latest.values(self._pending)))
            self._pending = self._prepared = None
        return messages
