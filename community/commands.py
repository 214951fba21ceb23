"""Commands to actuators, and the replies that are always due."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SET: Final = "set"
SETTING: Final = "setting"
"""What a gateway's status says of an interlock's output that obeys, or is being set; anything else is why not."""


class Outcome(StrEnum):
    """What became of a command."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Payload of `…/commands/{id}`: set a point to a value before `expires` (ms)."""

    point: str
    value: float
    expires: int
    cause: str
    drill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Payload of `…/replies/{id}`: verified by reading back, or the reason why not."""

    outcome: Outcome
    point: str
    at: int
    reason: str = ""
    read_back: float | None = None
    drill: bool = False
