"""Urgent frames once more, by one of the ways through a cluster of brokers (backbone/ways.py).

Frames are numbered, so that who gets them several times takes them once.
"""

from collections.abc import Callable

from backbone import topics
from backbone.bus import Bus
from community.site.profile import Lane
from gateway.spool import Spool

FRAMES = 500
"""So many are said ahead of what was judged."""
PATIENCE_MS, LONGEST_PATIENCE_MS = 1_000, 3_000
"""What nobody has judged for so long is said again, and again after twice as long, up to this."""
AT_ONCE = 50


class SecondWay:
    """`judged` is up to which urgent frame the rules are durably done."""

    def __init__(self, bus: Bus, spool: Spool, site: str, gateway: str, judged: Callable[[], int]) -> None:
        self._bus = bus
        self._spool = spool
        self._topic = topics.frames(site, gateway, Lane.URGENT)
        self._judged = judged
        self._epoch = spool.epoch
        self._at = self._seen = judged()
        self._since: int | None = None
        """When what is said and not judged was said, or something of it judged."""
        self._patience_ms = PATIENCE_MS
        bus.on_connect(self.begin)

    def pump(self, now: int) -> None:
        """Say what is new."""
        judged = self._judged()
        if self._spool.epoch != self._epoch:
            self._epoch = self._spool.epoch
            self.begin()
        if judged != self._seen:
            self._seen, self._patience_ms, self._since = judged, PATIENCE_MS, now
        self._at = max(self._at, judged)
        for _ in range(AT_ONCE):
            if self._at - judged >= FRAMES or (row := self._spool.after(Lane.URGENT, self._at)) is None:
                break
            if not self._bus.publish(self._topic, self._spool.wire(row, self._at), qos=0):
                break
            self._at = row.seq
            self._since = now if self._since is None else self._since
        if self._at <= judged:
            self._since = None

    def check(self, now: int) -> None:
        """Now and then: say again what nobody judges."""
        if self._since is not None and not 0 <= now - self._since < self._patience_ms:
            self._patience_ms = min(LONGEST_PATIENCE_MS, self._patience_ms * 2)
            self.begin()
        self.pump(now)

    def begin(self) -> None:
        """Once more from where the rules are."""
        self._at, self._since = self._judged(), None
