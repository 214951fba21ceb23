"""Relief from an alarm that chatters: it stays standing until its condition has been calm, instead of coming and going.

An automatic off-delay (ISA-18.2, IEC 62682: chattering is three or more times within a minute). It hides nothing: the
alarm stands and is shown. High alarms are left as they are. What is kept here may be lost at a restart: an alarm that
is marked is held again as soon as its condition ends.
"""

from collections import deque
from collections.abc import Iterator

from community.alarm_load import CHATTER, CHATTER_MS

CALM_MS = 300_000
"""So long its condition stays away before a chattering alarm ends."""
Key = tuple[str, str]
"""Rule and scope."""


class Chatter:
    """When conditions came, and since when those that are held are calm; times Unix ms."""

    def __init__(self) -> None:
        self._came: dict[Key, deque[int]] = {}
        self._calm: dict[Key, int] = {}

    def came(self, key: Key, at: int) -> None:
        """The condition is true; repeats have no effect."""
        self._calm.pop(key, None)
        times = self._came.setdefault(key, deque(maxlen=CHATTER))
        if at not in times:
            times.append(at)

    def chatters(self, key: Key) -> bool:
        """Whether its last times lie within a minute."""
        times = self._came.get(key, ())
        return len(times) == CHATTER and max(times) - min(times) <= CHATTER_MS

    def calm(self, key: Key, at: int) -> None:
        """The condition of an alarm that is held ended."""
        self._calm[key] = at

    def ended(self, now: int) -> Iterator[tuple[Key, int]]:
        """What has been calm for long enough, and since when; what lies too far back is forgotten."""
        for key in [key for key, times in self._came.items() if now - times[-1] > CALM_MS]:
            del self._came[key]
        for key, since in tuple(self._calm.items()):
            if now - since >= CALM_MS:
                yield key, since

    def clock_set(self, by: int) -> None:
        """The clock that dates readings shows so many ms more."""
        self._came = {key: deque((at + by for at in times), maxlen=CHATTER) for key, times in self._came.items()}
        self._calm = {key: at + by for key, at in self._calm.items()}

    def over(self, key: Key) -> None:
        """Its alarm has ended."""
        self._calm.pop(key, None)
