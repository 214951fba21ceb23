"""The clock of the rules: Unix time that runs by the machine's steady clock, and is set when everything due is moved.

When the wall clock is set, whatever is due within minutes or hours (who is called next, when a step is late, until
when an alarm is shelved) would wait for that time to come again, or be due at once. So this clock runs on as before
until the deadlines in the database are moved by as much, in one transaction; then it shows the new time (decision 35).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from backbone.steady import boot, steady_ms, wall_ms

SET_MS = 1_000
"""A wall clock that differs by so much from where it would be was set; less is how clocks are kept true."""
KEEP_MS = 250
"""After the wall clock has drifted by so much from the steady one, that is stored."""


class Known(msgspec.Struct, frozen=True):
    """How far the wall clock is from the steady one, and in which start of which machine."""

    boot: str
    offset: int


@dataclass(slots=True)
class Clock:
    """Call it for the time (Unix ms)."""

    wall: Callable[[], int] = wall_ms
    steady: Callable[[], int] = steady_ms
    boot: str = field(default_factory=boot)
    offset: int = 0

    def __post_init__(self) -> None:
        self.offset = self._now_apart()

    def __call__(self) -> int:
        return self.steady() + self.offset

    def resume(self, known: Known | None) -> None:
        """Go on where a process before this one was, if the machine was not started anew meanwhile."""
        if known is not None and known.boot == self.boot:
            self.offset = known.offset

    def look(self) -> int:
        """By how much the wall clock was set and this one was not yet (ms); mostly 0."""
        apart = self._now_apart() - self.offset
        if abs(apart) >= SET_MS:
            return apart
        self.offset += apart
        return 0

    @property
    def known(self) -> Known:
        """To be stored."""
        return Known(self.boot, self.offset)

    def _now_apart(self) -> int:
        return self.wall() - self.steady()
