"""A clock for judging readings that are ahead of it."""

import time
from collections.abc import Callable


def wall_ms() -> int:
    """Unix time in ms."""
    return time.time_ns() // 1_000_000


class ForwardClock:
    """Wall time that never goes back: a machine set back two hours must not refuse the readings of the last two."""

    def __init__(self, wall: Callable[[], int] = wall_ms) -> None:
        self._wall = wall
        self._highest = 0

    def __call__(self) -> int:
        self._highest = max(self._highest, self._wall())
        return self._highest
