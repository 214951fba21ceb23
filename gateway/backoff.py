"""When a Modbus unit is tried again: a dead one must not cost the others their turn. Pure."""

from dataclasses import dataclass

FIRST_S = 1.0
LONGEST_S = 30.0
MISSES = 2
"""One lost answer is no failure of the unit."""


@dataclass(slots=True)
class BackOff:
    """The failures of one unit in a row. Times are monotonic seconds."""

    longest_s: float = LONGEST_S
    misses: int = 0
    not_before: float = 0.0

    def failed(self, now_s: float) -> bool:
        """One more; True when the unit counts as not answering."""
        self.misses += 1
        if self.misses < MISSES:
            return False
        self.not_before = now_s + min(self.longest_s, FIRST_S * 2.0 ** min(10, self.misses - MISSES))
        return True

    def answered(self) -> None:
        """It is there again."""
        self.misses = 0
        self.not_before = 0.0

    def may_try(self, now_s: float) -> bool:
        """Whether its time has come."""
        return now_s >= self.not_before
