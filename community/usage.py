"""How long something has run and how often it has started, counted from the readings of one point."""

from dataclasses import dataclass, replace

LONGEST_GAP_MS = 900_000
"""Between two readings further apart nothing is known, and nothing counted as running."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What has been counted up to a time. It never falls, and a reading given twice counts once."""

    at: int = 0
    """Of the last reading, Unix ms."""
    on: bool = False
    running_ms: int = 0
    starts: int = 0

    @property
    def hours(self) -> float:
        """Hours of running."""
        return self.running_ms / 3_600_000


def count(usage: Usage, t: int, x: float) -> Usage:
    """Take a reading: above 0 is running; one that is older than the last changes nothing."""
    if t <= usage.at:
        return usage
    gap = t - usage.at
    known = gap <= LONGEST_GAP_MS
    on = x > 0
    return replace(
        usage,
        at=t,
        on=on,
        running_ms=usage.running_ms + (gap if usage.on and known else 0),
        starts=usage.starts + (1 if on and not usage.on and usage.at else 0),
    )
