"""How much of what a point should have said is there: the share of its expected readings, by bucket and in all.

Readings that are unusable cover nothing. More than expected of one time (a burst, a change) do not make up for less of
another.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from backbone.historian.port import Series

FEWEST = 10
"""Expected readings of the spans that are compared for the whole: a sensor is never exactly in step with buckets."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of a series: shares from 0 to 1 by its buckets (None: shorter than the expected interval), and in all."""

    expected: int
    """Readings from the start to the end, or to now."""
    covered: int
    """Usable ones of these."""
    buckets: tuple[float | None, ...]

    @property
    def share(self) -> float | None:
        """None when the time is too short to expect any."""
        return self.covered / self.expected if self.expected else None


def coverage(series: Series, every_ms: int, now: int) -> Coverage:
    """Of a point that is expected to say something each `every_ms`; what is to come after `now` is not missing."""
    usable = {bucket.t: bucket.usable for bucket in series.buckets}
    shares: dict[int, float | None] = {}
    expected = covered = 0
    span_ms = readings = 0
    for begin, length_ms in _lengths(series, now):
        own, there = length_ms // every_ms, usable.get(begin, 0)
        shares[begin] = min(1.0, there / own) if own else None
        span_ms, readings = span_ms + length_ms, readings + min(there, own + 1)
        due = span_ms // every_ms
        if due >= FEWEST or begin == series.edges[-2]:
            expected, covered = expected + due, covered + min(readings, due)
            span_ms, readings = span_ms - due * every_ms, 0
    return Coverage(expected, covered, tuple(shares.get(bucket.t) for bucket in series.buckets))


def _lengths(series: Series, now: int) -> Iterator[tuple[int, int]]:
    """When each bucket begins, there with readings or not, and how much of it is in the series and past, ms."""
    end = min(series.end, now)
    for begin, finish in pairwise(series.edges):
        yield begin, max(0, min(finish, end) - max(begin, series.start))
