"""Quality of a reading: flags, because a point may be simulated, stale and out of range at once."""

from enum import IntFlag


class Quality(IntFlag):
    """Bit set carried beside every value (`q` in a frame); 0 is good."""

    GOOD = 0
    UNCERTAIN = 1
    OUT_OF_RANGE = 2
    STALE = 4
    COMMUNICATION_FAILURE = 8
    CLOCK_SUSPECT = 16
    SIMULATED = 32
    TEST_MODE = 64
    DISABLED = 128


UNUSABLE = Quality.OUT_OF_RANGE | Quality.STALE | Quality.COMMUNICATION_FAILURE | Quality.DISABLED
"""A value with any of these says nothing about the world: a condition over it is `unknown`."""

NOT_REAL = Quality.TEST_MODE
"""A value with this describes a test: it must never raise a real alarm."""
