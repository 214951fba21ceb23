"""Milesight EM300-ZLD, leak detector: `battery` %, `temperature` C, `humidity` %, `leak`."""

from collections.abc import Mapping

from gateway.codecs.milesight import BATTERY, DEVICE_INFORMATION, Field, flag, halves, read, tenths

_FIELDS = {
    **DEVICE_INFORMATION,
    **BATTERY,
    (0x03, 0x67): Field("temperature", 2, tenths),
    (0x04, 0x68): Field("humidity", 1, halves),
    (0x05, 0x00): Field("leak", 1, flag),
}


def decode(payload: bytes) -> Mapping[str, object]:
    """`01755C03673401046865050000` is 92 %, 30.8 C, 50.5 %RH, dry."""
    return read(payload, _FIELDS)
