"""A clock for judging readings that are ahead of it."""

from collections.abc import Callable
from pathlib import Path

import structlog

from backbone import small_file
from backbone.steady import wall_ms
from backbone.unset_clock import SET_SINCE_MS

SAVE_EVERY_MS = 10_000
BELIEVED_MS = 26 * 3_600_000
"""A clock set back by a time zone or less was right before, as far as readings go; more was a mistake that is over."""
log = structlog.get_logger()


class ForwardClock:
    """Wall time that never goes back: a machine set back two hours must not refuse the readings of the last two.

    How far it was is remembered in `file`, so that a restart does not make it forget.
    """

    def __init__(self, wall: Callable[[], int] = wall_ms, file: Path | None = None) -> None:
        self._wall = wall
        self._file = file
        self._saved = self._read()
        self._highest = self._saved if self._saved and self._is_believed(wall()) else 0

    def __call__(self) -> int:
        self._highest = max(self._highest, self._wall())
        return self._highest

    def save(self) -> None:
        """Have the file know, at most every `SAVE_EVERY_MS`. Blocks; a disk that refuses is of no matter here."""
        if self._file is None or 0 <= self._highest - self._saved < SAVE_EVERY_MS:
            return
        try:
            small_file.replace(self._file, b"%d\n" % self._highest)
        except OSError as error:
            log.debug("the time cannot be remembered", error=str(error))
        else:
            self._saved = self._highest

    def _is_believed(self, now: int) -> bool:
        return self._saved - now <= BELIEVED_MS or now < SET_SINCE_MS

    def _read(self) -> int:
        try:
            return int(self._file.read_text()) if self._file is not None else 0
        except (OSError, ValueError):
            return 0
