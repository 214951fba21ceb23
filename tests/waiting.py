"""Tests wait for what they expect, and for no time."""

import asyncio
import time
from collections.abc import Callable

WITHIN_S = 60.0


async def until(
    condition: Callable[[], object],
    what: str | Callable[[], object] = "the condition",
    *,
    timeout_s: float = WITHIN_S,
) -> None:
    """Return once `condition()` is true.

    Raises:
        AssertionError: it is not within `timeout_s`; `what` was waited for, asked then where it is to be asked.
    """
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"waited {timeout_s} s for {what() if callable(what) else what}"
        await asyncio.sleep(0.01)
