"""What comes by two ways is taken once, by whichever brings it first.

The gateway hears urgent devices twice: by a connection of their own, on which nothing waits behind bulk, and by the one
that hears everybody. The second is no waste: it is there while the first is not.

Pure. A copy is told by topic and payload; a repeat that comes twice by both ways is two messages. What only one way has
brought is remembered for `KEEP_S`: after that it counts as a message of its own, which is the harmless mistake.
"""

from collections import OrderedDict
from typing import NamedTuple

KEEP_S = 60.0
MOST = 20_000


class _Ahead(NamedTuple):
    """By so many more this way has brought a message than the other; negative: the other way round."""

    by: int
    since_s: float


class Copies:
    """The messages that one way has brought and the other not yet."""

    def __init__(self) -> None:
        self._ahead: OrderedDict[tuple[str, bytes], _Ahead] = OrderedDict()

    def is_copy(self, topic: str, payload: bytes, *, first_way: bool, now_s: float) -> bool:
        """Whether the other way has brought it; it is remembered if not."""
        self._forget(now_s)
        key, step = (topic, payload), 1 if first_way else -1
        ahead = self._ahead.pop(key, _Ahead(0, now_s))
        by = ahead.by + step
        if by:
            self._ahead[key] = _Ahead(by, now_s if ahead.by == 0 else ahead.since_s)
        return abs(by) < abs(ahead.by)

    def forget(self) -> None:
        """One way is gone: what it would have brought is not coming, and what the other brings is news."""
        self._ahead.clear()

    def _forget(self, now_s: float) -> None:
        while self._ahead:
            oldest = next(iter(self._ahead.values()))
            if len(self._ahead) < MOST and now_s - oldest.since_s <= KEEP_S:
                return
            self._ahead.popitem(last=False)
