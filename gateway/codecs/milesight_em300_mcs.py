"""Milesight EM300-MCS, door contact with climate: `battery` %, `temperature` C, `humidity` %, `open`."""

from collections.abc import Mapping

from gateway.codecs.milesight import BATTERY, DEVICE_INFORMATION, Field, flag, halves, read, tenths

_FIELDS = {
    **DEVICE_INFORMATION,
    **BATTERY,
    (0x03, 0x67): Field("temperature", 2, tenths),
    (0x04, 0x68): Field("humidity", 1, halves),
    (0x06, 0x00): Field("open", 1, flag),
}


def decode(payload: bytes) -> Mapping[str, object]:
    """`01755C03673401046865060001` is 92 %, 30.8 C, 50.5 %RH, open."""
    return read(payload, _FIELDS)
