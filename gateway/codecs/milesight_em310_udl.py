"""Milesight EM310-UDL, ultrasonic bin sensor: `battery` %, `distance_mm`, `tilt`."""

from collections.abc import Mapping

from gateway.codecs.milesight import BATTERY, DEVICE_INFORMATION, Field, flag, read, unsigned

_FIELDS = {
    **DEVICE_INFORMATION,
    **BATTERY,
    (0x03, 0x82): Field("distance_mm", 2, unsigned),
    (0x04, 0x00): Field("tilt", 1, flag),
}


def decode(payload: bytes) -> Mapping[str, object]:
    """`01755C03824408040001` is 92 %, 2116 mm, tilted."""
    return read(payload, _FIELDS)
