"""The alarms that are not on record, as the rules last told them; and since when nobody has stood for them."""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from backbone.unrecorded import UnrecordedAlarm, UnrecordedAlarms, decode

LOOK_EVERY_S = 1.0
LINGERS_S = 10.0
"""An alarm that is told no longer is shown for so long: its record is on the way."""
SILENT_S = 10.0
"""Without a word for so long, what is shown may have changed, and people see that."""
FORGOTTEN_S = 1_800.0
"""Without a word for so long, nothing is shown any more."""


class Unrecorded(NamedTuple):
    """What is to be shown. `silent_since` (Unix ms): the rules have not been heard since."""

    alarms: tuple[UnrecordedAlarm, ...] = ()
    left_off: int = 0
    silent_since: int | None = None


class UnrecordedBoard:
    """What was last told. Touched on the event loop only."""

    def __init__(self, now: Callable[[], int], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._monotonic = monotonic
        self._said = UnrecordedAlarms(0)
        self._heard = monotonic()
        self._gone: dict[str, tuple[UnrecordedAlarm, float]] = {}
        """By id: told no longer, and since when."""
        self.shown = Unrecorded()

    def take(self, payload: bytes, *, kept: bool) -> bool:
        """Take in what the rules tell; whether there is something else to show.

        Args:
            kept: the broker had it from before, so that it is as old as it says.

        Raises:
            UnrecordedError: the payload is no such message.
        """
        said, at = decode(payload), self._monotonic()
        still = {one.alarm.id for one in said.alarms}
        left = [one for one in self._said.alarms if one.alarm.id not in still]
        self._gone = {key: row for key, row in self._gone.items() if key not in still}
        self._gone |= {one.alarm.id: (one, at) for one in left}
        self._said = said
        self._heard = at - (max(0, self._now() - said.at) / 1000 if kept else 0)
        return self.look()

    def look(self) -> bool:
        """Whether there is something else to show by now."""
        at, before = self._monotonic(), self.shown
        self._gone = {key: row for key, row in self._gone.items() if at - row[1] < LINGERS_S}
        if at - self._heard >= FORGOTTEN_S:
            self._said = UnrecordedAlarms(self._said.at)
        alarms = (*self._said.alarms, *(one for one, _ in self._gone.values()))
        silent = bool(alarms) and at - self._heard >= SILENT_S
        self.shown = Unrecorded(alarms, self._said.left_off, self._said.at if silent else None)
        return self.shown != before

    async def watch(self, changed: Callable[[], None]) -> None:
        """Look again and again; call back when there is something else to show."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self.look():
                changed()
