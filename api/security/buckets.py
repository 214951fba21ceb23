"""Token buckets: how many requests an address may make."""

from collections import OrderedDict
from dataclasses import dataclass

MOST_KEPT = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: int


class Buckets:
    """One bucket a key, filled at `rate_per_s` up to `burst`; the ones used longest ago are forgotten first."""

    def __init__(self, rate_per_s: float, burst: int) -> None:
        self._rate = rate_per_s / 1000
        self._burst = float(burst)
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, now: int) -> float:
        """Take one token; 0 when there was one, else the seconds until there is."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._burst, now)
            while len(self._buckets) > MOST_KEPT:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        bucket.tokens = min(self._burst, bucket.tokens + max(0, now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return (1 - bucket.tokens) / self._rate / 1000
