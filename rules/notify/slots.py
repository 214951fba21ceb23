"""Threads for deliveries, which block: so many for each channel, and no longer than a message may take."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from community.notice_text import Message
from rules.notify.taken import NotTaken

THREADS_PER_CHANNEL = 8
"""A channel that hangs keeps no other waiting."""
Way = Callable[[Message, float], Sequence[str]]
"""Hands over within so many seconds; raises NotTaken."""


class Slots:
    """How many deliveries of each channel run."""

    def __init__(self) -> None:
        self._free: dict[str, asyncio.Semaphore] = {}

    async def run(
        self, pool: ThreadPoolExecutor, channel: str, way: Way, message: Message, timeout_s: float
    ) -> Sequence[str]:
        """What the way returns.

        Raises:
            NotTaken: it was not taken, or not in time.
        """
        slot = self._free.setdefault(channel, asyncio.Semaphore(THREADS_PER_CHANNEL))
        try:
            async with asyncio.timeout(timeout_s):
                await slot.acquire()
        except TimeoutError:
            raise NotTaken(f"{channel} is busy: all its connections hang") from None
        running = asyncio.get_running_loop().run_in_executor(pool, way, message, timeout_s)
        running.add_done_callback(lambda _: slot.release())  # when the thread is free again, not when we lose patience
        done, _ = await asyncio.wait({running}, timeout=timeout_s)
        if not done:
            running.add_done_callback(_forget)
            raise NotTaken(f"no answer within {timeout_s:g} s")
        return running.result()


def _forget(running: "asyncio.Future[Sequence[str]]") -> None:
    if not running.cancelled():
        running.exception()
