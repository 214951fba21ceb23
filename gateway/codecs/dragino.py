"""What Dragino's payloads share: big-endian, battery in millivolts first (dragino/dragino-end-node-decoder)."""

from gateway.decoders.decoded import DecodeError

_BATTERY_MASK = 0x3FFF
"""The two highest bits of the battery word carry flags."""


def checked(payload: bytes, size: int) -> bytes:
    """`payload` when it has the product's length.

    Raises:
        DecodeError: it has another one (a status or configuration answer comes on the same topic).
    """
    if len(payload) != size:
        raise DecodeError(f"payload is not of {size} bytes")
    return payload


def battery_v(payload: bytes) -> float:
    """Volts in bytes 0 and 1."""
    return (int.from_bytes(payload[:2], "big") & _BATTERY_MASK) / 1000
