"""A device that speaks without pause is read now and then, so that the others are heard.

Pure. Each device may say `BURST` messages at once, which is what brokers keep for a gateway that was away, and so many
a second for ever. Beyond that its messages are laid aside, and the last few that differ are read once a second: whoever
floods is still known to be in alarm. The rest is lost, and counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

BURST = 10_000
"""Mosquitto keeps so many for one client in our deployment."""
KEPT = 8
"""Different messages of one topic that are laid aside."""


class Held(NamedTuple):
    """A message that was laid aside."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float
    held: dict[Held, None] = field(default_factory=dict)


class Floods:
    """How much each device has said."""

    def __init__(self, per_s: float, burst: int = BURST) -> None:
        self._per_s, self._burst = per_s, burst
        self._buckets: dict[str, _Bucket] = {}
        self._flooding: set[str] = set()

    def may_speak(self, device: str, now_s: float) -> bool:
        """Whether a message of the device is to be read now; if not it is for `hold`."""
        bucket = self._buckets.get(device)
        if bucket is None:
            bucket = self._buckets[device] = _Bucket(self._burst, now_s)
        left = min(self._burst, bucket.left + (now_s - bucket.at_s) * self._per_s)
        bucket.at_s = now_s
        bucket.left = left - 1 if left >= 1 else left
        return left >= 1

    def hold(self, device: str, message: Held) -> int:
        """Lay a message aside; how many are lost by that."""
        held = self._buckets[device].held
        self._flooding.add(device)
        lost = 1 if held.pop(message, 0) is None or len(held) >= KEPT else 0
        held[message] = None
        if len(held) > KEPT:
            del held[next(iter(held))]
        return lost

    def release(self) -> Iterator[Held]:
        """What was laid aside since the last call, in the order it was said."""
        for device in sorted(self._flooding):
            held = self._buckets[device].held
            yield from tuple(held)
            held.clear()
        self._flooding.clear()
