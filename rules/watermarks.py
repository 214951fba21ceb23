"""How far each gateway's lane is known: its watermark. Every reading made before it has been given to the detector.

A lane is live while what comes is news: then it is known up to now, and nothing waits. Otherwise (an outage, or what it
held back is being sent) it is known up to what came of it, and what would end in between waits for the readings that
decide it. The wait is bounded: when a lane does not get on for its patience, delays and silences go on without it.

Evidence is the time a frame was made (`sent`), and the status: a gateway that says which numbers it has given by its
time `at` is known up to then once these frames are here. Pure.
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import msgspec
import numpy as np

from backbone.deliveries import Delivery
from backbone.position import Position
from backbone.unset_clock import SET_SINCE_MS
from community.site.profile import Lane
from rules.detect.compiled import Source
from rules.detect.reach import Reach

NEWS_MS = 500
"""A frame younger than this is news: its lane is live …"""
OLD_MS = 2_000
"""… and stays so until one is older than this: a busy machine is no outage."""
SKEWS = 30
"""Of so many statuses the quickest tells how far the gateway's clock is from ours (as NTP does, RFC 5905, 10)."""

AGREED = 3


class Claim(msgspec.Struct, frozen=True):
    """What a gateway's status says of its frames."""

    online: bool
    epoch: int = 0
    at: int | None = None
    """The gateway's clock when it said so (Unix ms)."""
    made: dict[str, int] = {}
    """By lane: the number of the last frame."""
    spooled: int | None = None
    """Frames that some consumer lacks; of gateways that do not say more."""


claim_of: Callable[[bytes], Claim] = msgspec.json.Decoder(Claim).decode


@dataclass(slots=True)
class _Lane:
    live: bool = False
    known_until: int = 0
    """Gateway's clock, ms."""
    moved_at: int = 0
    """When that last grew, or the lane ceased to be live (our clock, ms)."""
    at: Position = field(default_factory=Position)
    waits: bool = False

    def move(self, until: int, now: int) -> None:
        """It got on, and is known up to `until`."""
        self.known_until, self.moved_at = until, now

    def wait(self, waits: bool, now: int) -> None:
        """Whether something of it is here, or asked for, and not judged."""
        if waits and not self.waits:
            self.moved_at = now
        self.waits = waits

    def lose(self, now: int) -> None:
        """What comes of it is no longer known to be all there is."""
        if self.live:
            self.live, self.moved_at = False, now


@dataclass(slots=True)
class _Gateway:
    lanes: Mapping[Lane, _Lane]
    claim: Claim | None = None
    skews: deque[int] = field(default_factory=lambda: deque(maxlen=SKEWS))

    @property
    def skew(self) -> int:
        """How far its clock is behind ours (ms), the way of a message included."""
        all_of_them, last = min(self.skews, default=0), min(islice(reversed(self.skews), AGREED), default=0)
        # statuses may be slow, but not so many by so much: its clock was set
        return last if len(self.skews) >= AGREED and last - all_of_them > OLD_MS else all_of_them

    def look(self, lane: Lane, now: int) -> None:
        """Whether the frames that were claimed are here."""
        claim, state = self.claim, self.lanes[lane]
        if claim is None or not claim.online:
            return
        if claim.spooled == 0 or _has(state.at, claim, lane):
            if claim.at is not None and claim.at > state.known_until:
                state.move(claim.at, now)
            state.live = state.live or (claim.at is not None and now - claim.at - self.skew <= NEWS_MS)


def _has(position: Position, claim: Claim, lane: Lane) -> bool:
    made = claim.made.get(lane.value)
    return made is not None and (made == 0 or (position.epoch == claim.epoch and position.of(lane) >= made))


class Watermarks:
    """Those of a site's gateways; `patience_ms` by lane is how long one that stands still is waited for."""

    def __init__(self, patience_ms: Mapping[Lane, int], positions: Mapping[str, Position], now: int) -> None:
        self._patience_ms = patience_ms
        self._began_at = now
        self._gateways: dict[str, _Gateway] = {}
        for gateway, position in positions.items():
            for lane in self._gateway(gateway).lanes.values():
                lane.at = position

    def take(self, delivery: Delivery) -> None:
        """A frame is judged."""
        gateway, frame, now = self._gateway(delivery.gateway), delivery.frame, delivery.received
        state = gateway.lanes[delivery.lane]
        undated = frame.sent < SET_SINCE_MS  # its times were set by ours when it came
        age = 0 if undated else now - frame.sent - gateway.skew
        if age <= NEWS_MS:
            state.live = True
        elif age > OLD_MS:
            state.lose(now)
        state.move(now if undated else frame.sent, now)
        state.at = state.at.moved(delivery.lane, frame.seq)._replace(epoch=frame.epoch)
        gateway.look(delivery.lane, now)

    def hear(self, name: str, claim: Claim, now: int, *, retained: bool) -> None:
        """A gateway's status came; `retained`: the broker kept it, and it may be old."""
        gateway = self._gateway(name)
        if claim.at is None and claim.spooled == 0 and not retained:
            claim = msgspec.structs.replace(claim, at=now)
        if claim.at is not None and not retained:
            gateway.skews.append(now - claim.at)
        gateway.claim = claim
        for lane, state in gateway.lanes.items():
            if claim.online:
                gateway.look(lane, now)
            else:
                state.lose(now)

    def lose(self, now: int, lanes: Collection[Lane] = tuple(Lane)) -> None:
        """Nobody can be heard: our own connection is gone."""
        for gateway in self._gateways.values():
            gateway.claim = None
            for lane in lanes:
                gateway.lanes[lane].lose(now)

    def set_back(self, by: int) -> None:
        """Our clock was set back by so many ms."""
        for gateway in self._gateways.values():
            gateway.claim = None
            gateway.skews.clear()
            for lane in gateway.lanes.values():
                lane.known_until -= by
                lane.moved_at -= by

    def reach(
        self, sources: Sequence[Source], now: int, waiting: Collection[tuple[str, Lane]], *, listening: bool
    ) -> Reach | None:
        """Up to when each source is known; None: all up to now.

        Of the lanes in `waiting` something is here, or asked for, that is not judged. Not `listening`: nobody could
        have been heard.
        """
        states = [self._gateway(source.gateway).lanes[source.lane] for source in sources]
        for source, state in zip(sources, states, strict=True):
            state.wait(source in waiting, now)
        behind = [state.waits or not state.live for state in states]
        if not any(behind):
            return None
        known = [min(state.known_until, now) if held else now for state, held in zip(states, behind, strict=True)]
        patient = [
            now if now - state.moved_at >= self._patience_ms[source.lane] else until
            for source, state, until in zip(sources, states, known, strict=True)
        ]
        rows = (patient, known, patient if listening else known)
        return Reach(*(np.array(row, dtype=np.int64) for row in rows))

    def _gateway(self, name: str) -> _Gateway:
        if name not in self._gateways:
            lanes = {lane: _Lane(moved_at=self._began_at) for lane in Lane}
            self._gateways[name] = _Gateway(lanes)
        return self._gateways[name]
