"""Milesight EM300-TH, climate: `battery` %, `temperature` C, `humidity` %."""

from collections.abc import Mapping

from gateway.codecs.milesight import BATTERY, DEVICE_INFORMATION, Field, halves, read, tenths

_FIELDS = {
    **DEVICE_INFORMATION,
    **BATTERY,
    (0x03, 0x67): Field("temperature", 2, tenths),
    (0x04, 0x68): Field("humidity", 1, halves),
}


def decode(payload: bytes) -> Mapping[str, object]:
    """`01755C03673401046865` is 92 %, 30.8 C, 50.5 %RH."""
    return read(payload, _FIELDS)
