"""When a reading happened: the device's own time, put right by what is known of its clock. Pure.

A delay is arrival minus device time: a clock's error plus the way. The way is never negative, so the smallest delays
tell the error (the minimum filter of NTP, RFC 5905, 10). A wrong clock and a backlog look alike in one message, not
over some minutes: a wrong clock's delays stay, a backlog's shrink.

Where it stays unclear, safety goes first: an urgent reading is taken as news and flagged, never silently late.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from community.quality import Quality

CLOCK_SUSPECT = int(Quality.CLOCK_SUSPECT)
PROMPT_MS = 60_000
"""A message this young needs no second look: rules call a reading late after several minutes."""
SLOT_MS = 60_000
SLOTS = 3
STEADY_MS = 30_000
"""Three minutes whose smallest delays differ by no more are a clock that is wrong, not a backlog that drains."""
CATCH_UP_MS = 30_000
"""What a broker kept for a gateway that was away arrives within this."""


class ClockLimits(NamedTuple):
    """How far a device's time may lie from the gateway's and still be believed (ms)."""

    ahead: int
    """Within this a clock that runs ahead is read as now: nothing is measured in the future."""
    behind: int
    """Messages may wait in a device or a network server this long."""


class Absence(NamedTuple):
    """When the gateway could not be reached by its sensors (Unix ms); the broker may have kept messages meanwhile."""

    since: int
    until: int

    def explains(self, at: int, now: int) -> bool:
        """Whether what happened at `at` may arrive only `now` because of it."""
        return self.since - PROMPT_MS <= at <= self.until and 0 <= now - self.until <= CATCH_UP_MS


NO_ABSENCE = Absence(0, -1)


class Moment(NamedTuple):
    """Time (Unix ms) and quality bits of a message's readings, by lane."""

    bulk: int
    bulk_q: int
    urgent: int
    urgent_q: int


@dataclass(slots=True)
class DeviceClock:
    """What is known of one device's clock."""

    offset: int | None = None
    """Milliseconds it is behind the gateway's, the way included; None: not known yet."""
    _slots: list[tuple[int, int]] = field(default_factory=list)
    """The last minutes in which it spoke, each with the smallest delay."""
    _stamped: int = 0

    def heard(self, delay: int, now: int) -> None:
        """A live message came with this delay."""
        if self.offset is not None and delay < self.offset - STEADY_MS:
            self.offset = delay  # nothing arrives before it was sent: the clock is not as far behind as it was thought
            self._slots.clear()
        minute = now // SLOT_MS
        if not self._slots or self._slots[-1][0] != minute:
            self._slots.append((minute, delay))
            del self._slots[:-SLOTS]
        elif delay < self._slots[-1][1]:
            self._slots[-1] = (minute, delay)
        else:
            return
        delays = [smallest for _, smallest in self._slots]
        if len(delays) == SLOTS and max(delays) - min(delays) <= STEADY_MS:
            self.offset = min(delays)

    def live(self, now: int) -> int:
        """Now, but no time twice: readings of one point at one time count as one."""
        self._stamped = now if not 0 <= self._stamped - now < SLOT_MS else self._stamped + 1
        return self._stamped


def event_time(
    device: int | None,
    now: int,
    limits: ClockLimits,
    clock: DeviceClock,
    *,
    stored: bool = False,
    absence: Absence = NO_ABSENCE,
) -> Moment:
    """When what a device says happened at `device` (None: it did not say) and arrived `now` did happen.

    `stored`: the message itself says that it was kept somewhere and is no news.
    """
    if device is None:
        return Moment(now, 0, now, 0)
    delay = now - device
    if -limits.ahead <= delay <= PROMPT_MS:
        if not stored:
            clock.heard(delay, now)
        at = min(device, now)
        return Moment(at, 0, at, 0)
    at = _put_right(device, clock)
    waited = clock.offset is not None and now - at <= limits.behind and absence.explains(at, now)
    if not stored and not waited:
        clock.heard(delay, now)
        return _unexplained(device, now, limits, clock)
    if at > now:
        at = clock.live(now)
    q = 0 if at == device and now - at <= limits.behind else CLOCK_SUSPECT
    return Moment(at, q, at, q)


def _put_right(device: int, clock: DeviceClock) -> int:
    """The device's time by the gateway's clock; small errors are none, the way is part of them."""
    offset = clock.offset
    return device if offset is None or abs(offset) <= PROMPT_MS else device + offset


def _unexplained(device: int, now: int, limits: ClockLimits, clock: DeviceClock) -> Moment:
    at = _put_right(device, clock)
    age = now - at
    if age <= PROMPT_MS:
        at = at if age >= 0 else clock.live(now)
        return Moment(at, CLOCK_SUSPECT, at, CLOCK_SUSPECT)
    live = clock.live(now)
    if age > limits.behind:
        return Moment(live, CLOCK_SUSPECT, live, CLOCK_SUSPECT)
    believed = at == device and clock.offset is not None
    return Moment(at, 0 if believed else CLOCK_SUSPECT, live, CLOCK_SUSPECT)
