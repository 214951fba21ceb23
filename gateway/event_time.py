"""When a reading happened: the device's own time while it is plausible, else the gateway's, and flagged."""

from typing import NamedTuple

from community.quality import Quality

CLOCK_SUSPECT = int(Quality.CLOCK_SUSPECT)


class ClockLimits(NamedTuple):
    """How far a device's time may lie from the gateway's and still be believed (ms)."""

    ahead: int
    """Within this a clock that runs ahead is read as now: nothing is measured in the future."""
    behind: int
    """Messages may wait in a device or a network server this long."""


def event_time(device: int | None, now: int, limits: ClockLimits) -> tuple[int, int]:
    """`(time, quality bits)` of what a device says happened at `device` (None: it did not say) and arrived `now`."""
    if device is None:
        return now, 0
    if device > now:
        return now, 0 if device - now <= limits.ahead else CLOCK_SUSPECT
    if now - device > limits.behind:
        return now, CLOCK_SUSPECT
    return device, 0
