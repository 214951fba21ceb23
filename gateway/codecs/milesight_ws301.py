"""Milesight WS301, door contact: `battery` %, `open`, `tamper`."""

from collections.abc import Mapping

from gateway.codecs.milesight import BATTERY, DEVICE_INFORMATION, Field, flag, read

_FIELDS = {
    **DEVICE_INFORMATION,
    **BATTERY,
    (0x03, 0x00): Field("open", 1, flag),
    (0x04, 0x00): Field("tamper", 1, flag),
}


def decode(payload: bytes) -> Mapping[str, object]:
    """`017564030001040000` is 100 %, open, in its place."""
    return read(payload, _FIELDS)
