"""Frames that have arrived and wait for their turn."""

from collections import deque
from collections.abc import Iterable

import msgspec

from backbone.frames import Frame
from backbone.position import Position
from community.site.profile import Lane

FEW_READINGS = 2_000
"""So many bulk readings come with urgent ones."""
_FRAME_BYTES = 1_000
_NAME_BYTES = 100


class Delivery(msgspec.Struct, frozen=True, eq=False):
    """A frame in its turn."""

    gateway: str
    lane: Lane
    frame: Frame
    received: int


class Deliveries:
    """By gateway and lane, each with the position its consumer reaches by it."""

    def __init__(self, gateways: Iterable[str]) -> None:
        self._queues: dict[tuple[str, Lane], deque[tuple[Delivery, int, Position]]] = {}
        self._order: deque[str] = deque()
        self.bytes = 0
        """About what they take in memory."""
        self.readings = 0
        self.urgent = 0
        """Urgent frames among them."""
        for gateway in gateways:
            self.admit(gateway)

    def admit(self, gateway: str) -> None:
        """Have a place for this gateway's."""
        self._queues |= {(gateway, lane): deque() for lane in Lane}
        self._order.append(gateway)

    @property
    def sources(self) -> set[tuple[str, Lane]]:
        """Lanes of which something waits."""
        return {source for source, queue in self._queues.items() if queue}

    def put(self, delivery: Delivery, position: Position) -> None:
        """The lane's last."""
        size = _weight(delivery.frame)
        self._queues[delivery.gateway, delivery.lane].append((delivery, size, position))
        self.bytes += size
        self.readings += delivery.frame.t.size
        self.urgent += delivery.lane is Lane.URGENT

    def take(self, max_readings: int) -> list[tuple[Delivery, Position]]:
        """Urgent before bulk; within a lane the gateways in turn, so that one's backlog does not starve another.

        With urgent frames there are few bulk readings: an alarm is not to wait until many are judged.
        """
        taken: list[tuple[Delivery, Position]] = []
        readings = 0
        for lane in (Lane.URGENT, Lane.BULK):
            if taken:
                max_readings = min(max_readings, readings + FEW_READINGS)
            waiting = deque(gateway for gateway in self._order if self._queues[gateway, lane])
            while waiting and (readings < max_readings or not taken):
                gateway = waiting.popleft()
                queue = self._queues[gateway, lane]
                delivery, size, position = queue.popleft()
                taken.append((delivery, position))
                readings += delivery.frame.t.size
                self.bytes -= size
                self.urgent -= lane is Lane.URGENT
                if queue:
                    waiting.append(gateway)
        self._order.rotate(-1)
        self.readings -= readings
        return taken


def _weight(frame: Frame) -> int:
    """About what a decoded frame takes, bytes."""
    columns = frame.p.nbytes + frame.t.nbytes + frame.x.nbytes + frame.q.nbytes
    return _FRAME_BYTES * (1 + len(frame.events)) + _NAME_BYTES * len(frame.points) + columns
