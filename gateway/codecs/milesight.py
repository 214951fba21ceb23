"""Milesight's payloads: channel, type, little-endian value, repeated (Milesight-IoT/SensorDecoders).

The length of a value follows from channel and type, so an unknown pair ends what can be read of a message; what stood
before it is kept, and `problem` names it.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gateway.decoders.decoded import DecodeError


class Field(NamedTuple):
    """A value of `size` bytes under `key`; a key of None is skipped."""

    key: str | None
    size: int
    read: Callable[[bytes], object] = lambda _raw: None


def unsigned(raw: bytes) -> int:
    """An unsigned number."""
    return int.from_bytes(raw, "little")


def tenths(raw: bytes) -> float:
    """A signed number in tenths."""
    return int.from_bytes(raw, "little", signed=True) / 10


def halves(raw: bytes) -> float:
    """An unsigned number in halves."""
    return raw[0] / 2


def flag(raw: bytes) -> bool:
    """1 is true; anything else is not."""
    return raw[0] == 1


def first(size: int, read: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """Only the first `size` bytes; what follows them is no value."""
    return lambda raw: read(raw[:size])


BATTERY = {(0x01, 0x75): Field("battery", 1, unsigned)}
DEVICE_INFORMATION = {
    (0xFF, 0x01): Field(None, 1),
    (0xFF, 0x08): Field(None, 6),
    (0xFF, 0x09): Field(None, 2),
    (0xFF, 0x0A): Field(None, 2),
    (0xFF, 0x0B): Field(None, 1),
    (0xFF, 0x0F): Field(None, 1),
    (0xFF, 0x16): Field(None, 8),
    (0xFF, 0xFE): Field(None, 1),
    (0xFF, 0xFF): Field(None, 2),
}
"""Sent on joining: versions, serial number, class, power on."""


def read(payload: bytes, fields: Mapping[tuple[int, int], Field]) -> dict[str, object]:
    """The values in `payload`.

    Raises:
        DecodeError: the payload ends within a value.
    """
    values: dict[str, object] = {}
    at = 0
    while at < len(payload):
        if at + 1 >= len(payload):
            raise DecodeError("payload ends within a channel")
        field = fields.get((payload[at], payload[at + 1]))
        if field is None:
            values["problem"] = f"channel {payload[at]:02x} {payload[at + 1]:02x} is none of this product"
            break
        raw = payload[at + 2 : at + 2 + field.size]
        if len(raw) < field.size:
            raise DecodeError("payload ends within a value")
        if field.key is not None:
            values[field.key] = field.read(raw)
        at += 2 + field.size
    return values
