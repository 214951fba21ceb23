"""How far a consumer is with a gateway's frames, and what the next frame is to it. Pure."""

from enum import StrEnum
from typing import NamedTuple

from community.site.profile import Lane


class Position(NamedTuple):
    """How far a consumer is with a gateway: all frames of `epoch` up to these numbers."""

    epoch: int = 0
    urgent: int = 0
    bulk: int = 0

    def of(self, lane: Lane) -> int:
        """The number reached in a lane."""
        return self.urgent if lane is Lane.URGENT else self.bulk

    def moved(self, lane: Lane, seq: int) -> "Position":
        """This position with a lane at `seq`."""
        return Position(self.epoch, seq, self.bulk) if lane is Lane.URGENT else Position(self.epoch, self.urgent, seq)


class Verdict(StrEnum):
    """What a frame is to a consumer at a position."""

    ACCEPT = "accepted"
    DUPLICATE = "duplicate"
    GAP = "gap"


def decide(position: Position, lane: Lane, epoch: int, seq: int, previous: int) -> tuple[Verdict, Position]:
    """Whether a frame is the next one, and the position if it is taken.

    A higher epoch is a new numbering: both lanes start over.
    """
    if epoch < position.epoch:
        return Verdict.DUPLICATE, position
    if epoch > position.epoch:
        position = Position(epoch)
    if seq <= position.of(lane):
        return Verdict.DUPLICATE, position
    if previous > position.of(lane):
        return Verdict.GAP, position
    return Verdict.ACCEPT, position.moved(lane, seq)
