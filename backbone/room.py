"""Room on the disk that the state is on: alarms are written there, so a history beside it leaves some.

A history grows for years and fills its disk one night. Without room no alarm could be recorded, so it stops in time:
its readings wait at the gateways, and alarms go on.
"""

import contextlib
import os
import shutil
from pathlib import Path

from backbone.settings import Settings

_MB = 1_000_000


class Room:
    """What is free on a folder's disk, and how much of it is kept; without a folder there is always enough."""

    def __init__(self, folder: Path | None, keep_bytes: int) -> None:
        self._folder = folder
        self._keep_bytes = keep_bytes

    @classmethod
    def of_state(cls, settings: Settings) -> "Room":
        """On the disk of the database, where that is a file."""
        file = settings.state_file
        return cls(None if file is None else file.parent, settings.free_mb * _MB)

    @classmethod
    def beside_state(cls, settings: Settings) -> "Room":
        """For a history on the same disk as the database; for another one there is always enough."""
        state, history = settings.state_file, settings.history_file
        if state is None or history is None or _device(state.parent) != _device(history.parent):
            return cls(None, 0)
        return cls.of_state(settings)

    @property
    def lacking(self) -> str:
        """Why there is not enough, for a person; empty when there is."""
        if self._folder is None:
            return ""
        free = 0
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(self._folder).free
        if free >= self._keep_bytes:
            return ""
        return (
            f"{free // _MB} MB are free on the disk of {self._folder}, and {self._keep_bytes // _MB} MB are kept for "
            "alarms (ANJU_FREE_MB); make room there"
        )


def _device(folder: Path) -> int:
    """The disk a folder is on, or will be once it is made."""
    while not folder.exists():
        folder = folder.parent
    return os.stat(folder).st_dev
