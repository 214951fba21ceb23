"""Milesight AM103, room air: `battery` %, `temperature` C, `humidity` %, `co2` ppm."""

from collections.abc import Mapping

from gateway.codecs.milesight import BATTERY, DEVICE_INFORMATION, Field, halves, read, tenths, unsigned

_FIELDS = {
    **DEVICE_INFORMATION,
    **BATTERY,
    (0x03, 0x67): Field("temperature", 2, tenths),
    (0x04, 0x68): Field("humidity", 1, halves),
    (0x07, 0x7D): Field("co2", 2, unsigned),
}


def decode(payload: bytes) -> Mapping[str, object]:
    """`0175640367180104686D077DC501` is 100 %, 28.0 C, 54.5 %RH, 453 ppm."""
    return read(payload, _FIELDS)
