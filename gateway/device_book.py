"""What is known of the devices' clocks and numbers, kept across restarts: learning it again takes minutes."""

import sqlite3
from collections.abc import Iterable

from gateway.device_reader import DeviceReader
from gateway.event_time import STEADY_MS
from gateway.spool_file import SpoolFile

_CLOCK = "clock-"
_SEQUENCE = "sequence-"


class DeviceBook:
    """Named numbers in the spool's file. An offset is written when it has moved by more than it wavers."""

    def __init__(self) -> None:
        self._written: dict[str, int] = {}

    def recall(self, file: SpoolFile, readers: Iterable[DeviceReader]) -> None:
        """Give each device what was known of it."""
        meta = file.meta()
        for reader in readers:
            reader.clock.offset = meta.get(_CLOCK + reader.device)
            reader.sequence = meta.get(_SEQUENCE + reader.device)
        self._written = {name: value for name, value in meta.items() if name.startswith((_CLOCK, _SEQUENCE))}

    def note(self, file: SpoolFile, readers: Iterable[DeviceReader]) -> None:
        """Write what has changed; a disk that refuses costs nothing but learning it again."""
        changed: dict[str, int] = {}
        for reader in readers:
            clock, sequence = _CLOCK + reader.device, _SEQUENCE + reader.device
            if reader.clock.offset is not None and self._moved(clock, reader.clock.offset, STEADY_MS):
                changed[clock] = reader.clock.offset
            if reader.sequence is not None and self._moved(sequence, reader.sequence, 0):
                changed[sequence] = reader.sequence
        if not changed:
            return
        try:
            file.set_meta(changed.items())
        except sqlite3.Error:
            return
        self._written |= changed

    def _moved(self, name: str, value: int, by: int) -> bool:
        known = self._written.get(name)
        return known is None or abs(value - known) > by
