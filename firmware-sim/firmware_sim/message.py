"""A message of a device."""

from typing import NamedTuple


class Message(NamedTuple):
    """Where it goes, what it says, and whether the broker is to keep it."""

    topic: str
    payload: bytes
    retain: bool = False
