"""When a Modbus unit is tried again: dead ones must not cost the others their turn. Pure."""

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

    @property
    def failing(self) -> bool:
        """Whether the unit counts as not answering."""
        return self.misses >= MISSES

    @property
    def probed(self) -> bool:
        """Whether it was asked again since it counts as not answering."""
        return self.misses > MISSES

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


PROBE_SHARE = 0.03
"""Of a line's time, for units that do not answer, however many they are."""


@dataclass(slots=True)
class Probes:
    """The turn of failing units on a line they share with others: one that answers costs nothing."""

    not_before: float = 0.0

    def spent(self, cost_s: float, now_s: float) -> None:
        """A failing unit was asked in vain for `cost_s`."""
        self.not_before = now_s + cost_s * (1 / PROBE_SHARE - 1)
