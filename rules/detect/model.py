"""What goes into detection and what comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from community.alarms import Cause
from community.quality import UNUSABLE, Quality

Index = npt.NDArray[np.intp]
Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
Bits = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

NEVER = 1 << 62
"""A time (ms) that does not come; small enough that a duration may be added to it."""

UNKNOWN = int(UNUSABLE | Quality.TEST_MODE)
"""A reading with any of these bits neither raises nor clears: it leaves conditions as they are."""

UNHEARD = int(Quality.STALE | Quality.COMMUNICATION_FAILURE)
"""A reading with any of these bits was made up by the gateway: the device itself did not speak."""


def places(flags: Flags) -> Index:
    """Where flags (n,) are set. Most often nowhere; then this takes a third of the time of `any()`."""
    return flags.nonzero()[0]


def earlier(times: Times, by: int) -> None:
    """Have times (n, …) lie `by` ms earlier, in place; what never comes and what is not known (0 or less) stays."""
    times[(times > 0) & (times < NEVER)] -= by


class Occurrence(NamedTuple):
    """An event of the stream. It comes before the reading at `position` of its batch."""

    position: int
    point: int
    t: int
    type: str


class Sample(NamedTuple):
    """One reading of a point that is known: Unix ms, value, quality bits."""

    t: int
    x: float
    q: int


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Readings in the order of the stream; those of one point are in the order they were made.

    `p` point index (n,), `t` Unix ms (n,), `x` values (n,), `q` quality bits (n,).
    """

    p: Index
    t: Times
    x: Values
    q: Bits
    occurrences: Sequence[Occurrence] = ()

    def __len__(self) -> int:
        return int(self.p.size)


def only_tested(batch: Batch) -> Batch:
    """The readings of devices in test mode, as if they were in service; without events."""
    test = int(Quality.TEST_MODE)
    mine = np.flatnonzero((batch.q & test) != 0) if batch.q.any() else np.empty(0, dtype=np.intp)
    q = (batch.q.take(mine) & np.uint8(0xFF & ~test)).astype(np.uint8)
    return Batch(batch.p.take(mine), batch.t.take(mine), batch.x.take(mine), q)


@dataclass(frozen=True, slots=True)
class Transition:
    """A condition of a rule became true, or is over, at a scope."""

    rule: str
    scope: str
    """The point id; for a vote the zone id, or the site id when it counts over the whole site."""
    zone: str
    active: bool
    at: int
    """Event time, Unix ms."""
    value: float | None
    """The value that made the condition true (for a vote: the number of devices); None where there is none."""
    points: tuple[str, ...]
    reason: str
    """The kind of condition that came true; `over` when it is no longer true, `hours` when its calendar ended."""
    quality: int = 0
    """Quality bits of the readings behind it."""
    detail: Mapping[str, float] = field(default_factory=dict)
    """What the kind has to say beside: of a forecast, when the limit is reached (Unix ms)."""
    causes: tuple[Cause, ...] = ()
    """The readings that made it true, or ended it; none where time alone did."""
