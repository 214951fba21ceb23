"""Milesight EM400-MUD, ultrasonic bin and level sensor: `battery` %, `temperature` C, `distance_mm`, `tilt`.

When a limit set in the device is passed, the value comes with a status byte on channels 83 and 84.
"""

from collections.abc import Mapping

from gateway.codecs.milesight import BATTERY, DEVICE_INFORMATION, Field, first, flag, read, tenths, unsigned

_FIELDS = {
    **DEVICE_INFORMATION,
    **BATTERY,
    (0x03, 0x67): Field("temperature", 2, tenths),
    (0x04, 0x82): Field("distance_mm", 2, unsigned),
    (0x05, 0x00): Field("tilt", 1, flag),
    (0x83, 0x67): Field("temperature", 3, first(2, tenths)),
    (0x84, 0x82): Field("distance_mm", 3, first(2, unsigned)),
}


def decode(payload: bytes) -> Mapping[str, object]:
    """`01755C0367010104824408050001` is 92 %, 25.7 C, 2116 mm, tilted."""
    return read(payload, _FIELDS)
