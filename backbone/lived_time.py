"""The time that what is deleted by age goes by: a clock that leaps ahead ages nothing (decision 35).

Time that was lived through is certain: it is what the steady clock counts. A wall clock that is further ahead of that
than a day leapt, or the machine was off for so long; it is believed once it has stood for a week in which people could
put it right. A clock that was set back is believed at once, for nothing is deleted by that.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from backbone import small_file
from backbone.steady import boot, steady_ms, wall_ms

LEAP_MS = 86_400_000
BELIEVED_AFTER_MS = 7 * 86_400_000
SAVE_EVERY_MS = 600_000
log = structlog.get_logger()


class Lived(msgspec.Struct, frozen=True):
    """What is believed: the time `at` (Unix ms) when the steady clock of that start of the machine showed `steady`."""

    boot: str
    steady: int
    at: int
    leapt_ms: int = 0
    """For how long the wall clock has been ahead of it; 0: it is not."""


def lived_until(before: Lived | None, boot: str, steady: int, wall: int, newest: int | None) -> Lived:
    """What is believed now.

    Args:
        before: what was believed last; None: nothing is known.
        newest: the time of the newest thing that is kept, if any (Unix ms); it was made no later than now.
    """
    if before is None:
        before = Lived(boot, steady, wall if newest is None else newest)
    passed = max(steady - before.steady, 0) if before.boot == boot else 0
    at = before.at + passed
    if wall <= at + LEAP_MS:
        return Lived(boot, steady, wall)
    leapt_ms = before.leapt_ms + passed if before.leapt_ms else 1
    if leapt_ms >= BELIEVED_AFTER_MS:
        return Lived(boot, steady, wall)
    return Lived(boot, steady, at, leapt_ms)


class LivedTime:
    """Call it for the time to delete by (Unix ms); kept in `file`, so that a restart believes no more than before."""

    def __init__(
        self,
        file: Path,
        newest: Callable[[], int | None],
        wall: Callable[[], int] = wall_ms,
        steady: Callable[[], int] = steady_ms,
        boot: str = boot(),
    ) -> None:
        self._file = file
        self._newest = newest
        self._wall = wall
        self._steady = steady
        self._boot = boot
        self._known: Lived | None = None
        self._saved: Lived | None = None

    def __call__(self) -> int:
        """Blocks when it is time to save."""
        if self._known is None:
            self._known = self._saved = self._read()
        newest = self._newest() if self._known is None else None
        was_ahead = self._known is not None and self._known.leapt_ms > 0
        self._known = lived_until(self._known, self._boot, self._steady(), self._wall(), newest)
        if self._known.leapt_ms and not was_ahead:
            log.warning(
                "the clock leapt ahead, or the machine was off for long: what is old is deleted by the time that was "
                "lived through until that has stood for a week",
                ahead_days=round((self._wall() - self._known.at) / LEAP_MS, 1),
            )
        self._save(self._known)
        return self._known.at

    def _save(self, known: Lived) -> None:
        saved = self._saved
        if saved is not None and saved.boot == known.boot and abs(known.steady - saved.steady) < SAVE_EVERY_MS:
            return
        try:
            small_file.replace(self._file, msgspec.json.encode(known))
        except OSError as error:
            log.debug("the time that was lived through cannot be remembered", error=str(error))
        else:
            self._saved = known

    def _read(self) -> Lived | None:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Lived)
        except (OSError, msgspec.MsgspecError):
            return None
