"""What open pages are told of alarms that cannot be recorded (backbone/unrecorded.py)."""

import time
from collections.abc import Callable, Iterable

from backbone import topics
from backbone.bus import Bus
from backbone.unrecorded import SAID_EVERY_S, UnrecordedAlarm, encode, gathered
from backbone.ways import Ways


class UnrecordedPages:
    """Says which alarms there are: when that changes, now and then while there are any, and after each connect."""

    def __init__(self, site: str, bus: Bus, ways: Ways, now: Callable[[], int]) -> None:
        self._topic = topics.unrecorded(site)
        self._bus = bus
        self._ways = ways
        self._now = now
        self._said: tuple[UnrecordedAlarm, ...] | None = None
        self._said_at = 0.0
        bus.on_connect(self._connected)

    def tell(self, alarms: Iterable[UnrecordedAlarm]) -> None:
        """These are all there are; to be called again and again."""
        rows = tuple(alarms)
        again = bool(rows) and time.monotonic() - self._said_at >= SAID_EVERY_S
        if rows == self._said and not again:
            return
        payload = encode(gathered(rows, self._now()))
        if self._bus.publish(self._topic, payload, retain=True):
            self._said, self._said_at = rows, time.monotonic()
        self._ways.publish(self._topic, payload)

    def _connected(self) -> None:
        self._said = None
