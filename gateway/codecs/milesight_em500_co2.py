"""Milesight EM500-CO2, outdoor CO2: `battery` %, `temperature` C, `humidity` %, `co2` ppm, `pressure` hPa.

When a limit set in the device is passed, the temperature comes with its change and a status byte on channel 83.
"""

from collections.abc import Mapping

from gateway.codecs.milesight import BATTERY, DEVICE_INFORMATION, Field, first, halves, read, tenths, unsigned

_FIELDS = {
    **DEVICE_INFORMATION,
    **BATTERY,
    (0x03, 0x67): Field("temperature", 2, tenths),
    (0x04, 0x68): Field("humidity", 1, halves),
    (0x05, 0x7D): Field("co2", 2, unsigned),
    (0x06, 0x73): Field("pressure", 2, tenths),
    (0x83, 0xD7): Field("temperature", 5, first(2, tenths)),
}


def decode(payload: bytes) -> Mapping[str, object]:
    """`01756403671901046873057D670406736827` is 100 %, 28.1 C, 57.5 %RH, 1127 ppm, 1008.8 hPa."""
    return read(payload, _FIELDS)
