"""The gateway's own clock: the machine's, put right by the platform's.

A small box often has no battery for its clock: it starts hours behind, or in 1970, until NTP finds it. An alarm
stamped with such a time would be taken for old news, so the platform, which judges that, is believed where they differ.
"""

import time
from collections import deque
from collections.abc import Callable

import structlog

from backbone.steady import wall_ms
from backbone.unset_clock import SET_SINCE_MS

WRONG_MS = 30_000
AGREE_MS = 5_000
SAMPLES = 3
APART_S = 0.2
JUMP_MS = 2_000

log = structlog.get_logger()


class GatewayClock:
    """Call it for the time (Unix ms)."""

    def __init__(self, machine: Callable[[], int] = wall_ms, steady_s: Callable[[], float] = time.monotonic) -> None:
        self._machine = machine
        self._steady_s = steady_s
        self._samples: deque[tuple[float, int]] = deque(maxlen=SAMPLES)
        self._base = self._first = machine() - steady_s() * 1000
        self._began_unset = machine() < SET_SINCE_MS
        self.correction = 0
        """Added to the machine's time (ms)."""
        self.confirmed = False
        """Whether the platform's time agrees with what this gives now; not so after a jump, until it speaks again."""

    def __call__(self) -> int:
        return self._machine() + self.correction

    @property
    def suspect(self) -> bool:
        """Whether times are not the machine's own good ones."""
        return self.correction != 0 or self() < SET_SINCE_MS

    @property
    def set_by(self) -> int:
        """How much later it is than this clock gave while it was not set (ms); 0 while it is not, or always was."""
        if not self._began_unset or self() < SET_SINCE_MS:
            return 0
        return round(self() - self._steady_s() * 1000 - self._first)

    @property
    def problem(self) -> str | None:
        """What somebody should mend."""
        if self.correction:
            ahead = "ahead of" if self.correction < 0 else "behind"
            return (
                f"this machine's clock is {_span(abs(self.correction))} {ahead} the platform's, which is used instead;"
                " set up NTP on it"
            )
        if self() < SET_SINCE_MS:
            return "this machine's clock is not set, and the platform has not told the time yet"
        return None

    def platform_said(self, at: int) -> None:
        """A consumer's live message of the time `at` arrived now. Some that agree are believed."""
        steady = self._steady_s()
        if self._samples and steady - self._samples[-1][0] < APART_S:
            return
        self._samples.append((steady, self._machine() - at))
        errors = [error for _, error in self._samples]
        if len(errors) < SAMPLES or max(errors) - min(errors) > AGREE_MS:
            return
        error = min(errors)
        before, self.correction = self.correction, -error if abs(error) > WRONG_MS else 0
        self.confirmed = True
        if (before == 0) != (self.correction == 0):
            log.warning("the clock and the platform's", correction_s=round(self.correction / 1000))

    def look(self) -> int:
        """Milliseconds the machine's clock was set forward (or back) by since the last look; mostly 0."""
        base = self._machine() - self._steady_s() * 1000
        jump, self._base = round(base - self._base), base
        if abs(jump) < JUMP_MS:
            return 0
        self._samples.clear()
        self.confirmed = False
        if self.correction:
            # What was believed stays true; it is the machine that moved, mostly towards it.
            corrected = self.correction - jump
            self.correction = corrected if abs(corrected) > WRONG_MS else 0
        log.warning("the machine's clock was set", by_s=round(jump / 1000))
        return jump


def _span(ms: int) -> str:
    minutes = ms // 60_000
    if minutes < 1:
        return f"{ms // 1000} s"
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
