"""What is known of the devices' clocks, kept across restarts: learning it again takes minutes."""

import sqlite3
from collections.abc import Iterable

from gateway.event_time import STEADY_MS
from gateway.readings import DeviceReader
from gateway.spool_file import SpoolFile

_PREFIX = "clock-"


class ClockBook:
    """Named numbers in the spool's file, written when an offset has moved by more than it wavers."""

    def __init__(self) -> None:
        self._written: dict[str, int] = {}

    def recall(self, file: SpoolFile, readers: Iterable[DeviceReader]) -> None:
        """Give each device's clock what was known of it."""
        meta = file.meta()
        for reader in readers:
            offset = meta.get(_PREFIX + reader.device)
            if offset is not None:
                reader.clock.offset = self._written[reader.device] = offset

    def note(self, file: SpoolFile, readers: Iterable[DeviceReader]) -> None:
        """Write what has changed; a disk that refuses costs nothing but learning it again."""
        changed = {
            reader.device: offset
            for reader in readers
            if (offset := reader.clock.offset) is not None
            and ((known := self._written.get(reader.device)) is None or abs(offset - known) > STEADY_MS)
        }
        if not changed:
            return
        try:
            file.set_meta([(_PREFIX + device, offset) for device, offset in changed.items()])
        except sqlite3.Error:
            return
        self._written |= changed
