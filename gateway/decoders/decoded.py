"""What every decoder gives: values by measure path, and events. The gateway maps them to points."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from community.quality import Quality

NOTHING: Mapping[str, object] = {}
NO_FLAGS: Mapping[str, Quality] = {}


class DecodeError(ValueError):
    """A payload this format does not have; the message is a short reason, the same for the same fault."""


@dataclass(frozen=True, slots=True)
class DecodedEvent:
    """Something that happened and is no number.

    `personal` holds what names a person or a card, by the key it gets in the event; it is pseudonymised before it
    leaves the gateway.
    """

    path: str
    type: str
    data: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Decoded:
    """One message, decoded. `at` is the device's own time (ms); `problems` are the parts that could not be read.

    `stored`: the message says that the device kept it and sends it later: it is no news. `sequence`: the device's own
    number of the message, one higher each time; a gap goes on record as lost. `nulls`: paths the device says it has no
    value for. `stale`: the message says that no value of the device counts any more.
    """

    values: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    at: int | None = None
    flags: Mapping[str, Quality] = field(default_factory=lambda: NO_FLAGS)
    events: tuple[DecodedEvent, ...] = ()
    problems: tuple[str, ...] = ()
    stored: bool = False
    sequence: int | None = None
    nulls: tuple[str, ...] = ()
    stale: bool = False


Decode = Callable[[bytes], Decoded]
Codec = Callable[[bytes], Mapping[str, object]]
"""Reads the bytes of a LoRaWAN device. Raises DecodeError."""


class Route(NamedTuple):
    """A topic a device speaks on, and how its payload is read.

    `current`: a retained message of this topic still holds (availability); otherwise its age is unknown.
    """

    topic: str
    decode: Decode
    current: bool = False


class Format(Protocol):
    """What each module of this package offers."""

    def routes(self, topic: str, codec: Codec | None) -> tuple[Route, ...]:
        """The topics of a device whose site file names `topic`."""
        ...

    def watched(self, topic: str) -> str:
        """The filter under which all devices of the format speak, so that unknown ones are noticed."""
        ...

    def is_noise(self, topic: str) -> bool:
        """Whether `topic` carries no readings and is passed over in silence."""
        ...
