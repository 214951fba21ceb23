"""What a historian does, whatever keeps the readings.

Times are Unix ms, UTC; an interval is `start <= t < end`. A reading is named by point and time: written again, the
last write wins and readers see one. An event is named by point, time, type and data.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from backbone.frames import FloatColumn, FrameEvent, IndexColumn, QualityColumn, TimeColumn
from backbone.position import Position
from community.site.site import Site


class HistorianError(Exception):
    """A historian cannot do what was asked; the message says what to do about it."""


class HistorianUnavailable(HistorianError):  # noqa: N818  (the base says it)
    """Not now: unreachable, overloaded, disk full. The same call may succeed later."""


class HistorianRefused(HistorianError):  # noqa: N818  (the base says it)
    """The historian will never take this: asked again, it would refuse again."""


class HistorianCorrupt(HistorianError):  # noqa: N818  (the base says it)
    """The stored history cannot be read."""


class HistorianWentBack(Exception):  # noqa: N818  (what happened)
    """The history was set back while it was written to: begin again from its positions, with nothing remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadingBatch:
    """Readings in columns: `p` indexes `points` (n,), `t` Unix ms (n,), `x` values (n,), `q` quality bits (n,)."""

    site: str
    points: tuple[str, ...]
    p: IndexColumn
    t: TimeColumn
    x: FloatColumn
    q: QualityColumn

    @classmethod
    def of(cls, site: str, rows: Sequence[tuple[str, int, float, int]]) -> "ReadingBatch":
        """From rows of point, time, value and quality, in their order."""
        places: dict[str, int] = {}
        p = [places.setdefault(row[0], len(places)) for row in rows]
        t, x, q = ([row[column] for row in rows] for column in (1, 2, 3))
        return cls(
            site,
            tuple(places),
            np.array(p, dtype=np.uint32),
            np.array(t, dtype=np.int64),
            np.array(x, dtype=np.float64),
            np.array(q, dtype=np.uint8),
        )

    @property
    def corrects_itself(self) -> bool:
        """Whether a point has two readings of one time, of which the last is to stay."""
        if len(set(self.points)) < len(self.points):
            return True
        keys = np.sort(self.t * len(self.points) + self.p)
        return bool((keys[1:] == keys[:-1]).any())


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a point."""

    point: str
    t: int
    x: float
    q: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """The readings of `t <= time < t + step`.

    `count` and `q` (bits or-ed) tell of all readings; first, last, min, max and mean of the `usable` ones, and are None
    when every reading of the bucket is unusable (`community.quality.UNUSABLE`).
    """

    t: int
    first: float | None
    last: float | None
    min: float | None
    max: float | None
    mean: float | None
    count: int
    q: int
    usable: int


@dataclass(frozen=True, slots=True)
class Series:
    """A point's readings in round buckets of `step_ms`, from an hour up by the site's clock; a gap has no bucket."""

    point: str
    start: int
    end: int
    step_ms: int
    buckets: tuple[Bucket, ...]
    edges: tuple[int, ...]
    """Where buckets begin or would, and the last one ends, Unix ms; they take in the whole interval."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """Readings or events of one source the historian refused for good; everything else of the write is stored."""

    source: str
    reason: str
    first: int
    last: int
    count: int
    sample: str


class Historian(Protocol):
    """Keeps readings and events. Methods block, and may be called from several threads."""

    def positions(self) -> dict[str, Position]:
        """How far the consumer `ingest` is durably done, by gateway of the site.

        Raises:
            HistorianUnavailable: the historian does not answer; so this tells whether it is ready.
        """
        ...

    def use(self, site: Site) -> None:
        """Know another version of the site file: where points stand may be stored beside their readings."""
        ...

    def write(
        self,
        batches: Sequence[ReadingBatch],
        events: Sequence[tuple[str, FrameEvent]],
        positions: Mapping[str, Position],
    ) -> Sequence[Unwritten]:
        """Store readings, events (with their site) and positions; durable when it returns.

        Returns what the store refused for good, mostly nothing. When it refused anything the positions stay where
        they were: they are to be written once that is safe elsewhere. Repeating a write has no effect.

        Raises:
            HistorianUnavailable: nothing is lost by writing the same again later.
        """
        ...

    def latest(self, site: str, points: Sequence[str] | None, since: int) -> dict[str, Reading]:
        """The newest reading of each point (None: of all), where there is one at or after `since`."""
        ...

    def series(self, site: str, point: str, start: int, end: int, max_points: int) -> Series:
        """A point's readings in at most `max_points` buckets."""
        ...

    def events(self, site: str, point: str | None, start: int, end: int, limit: int) -> list[FrameEvent]:
        """The newest `limit` events of a point (None: of all), newest first."""
        ...

    def count(self, site: str, point: str | None, start: int, end: int) -> int:
        """How many readings there are, by distinct point and time."""
        ...

    def scan(self, site: str, points: Sequence[str] | None, start: int, end: int) -> Iterator[ReadingBatch]:
        """All readings of points (None: of all), a piece of time after the other, within one by time."""
        ...

    def tidy(self, now: int) -> bool:
        """One bounded piece of housekeeping, if there is any to do; False when there is none.

        For the one process that takes in what gateways send: on a server, who imports beside it leaves it alone.
        """
        ...

    def forget(self, site: str, points: Sequence[str], before: int) -> int:
        """Delete what these points read and reported before a time; how many readings. Roll-ups of them stay.

        A server goes by the family its readings are tagged with.

        Raises:
            HistorianRefused: the server cannot forget by age (InfluxDB 3.x: its buckets have a retention instead).
        """
        ...

    def check(self, said: Callable[[int], None]) -> Iterator[str]:
        """Read everything; what is wrong, a sentence each. `said` hears how many readings were looked at.

        Raises:
            HistorianCorrupt: something cannot be read at all.
        """
        ...

    def backup(self, path: Path) -> bool:
        """A copy of everything as of one moment in a new file, while writing goes on; False: a server keeps it."""
        ...

    def close(self) -> None:
        """Release what is held; the historian is of no use afterwards."""
        ...
