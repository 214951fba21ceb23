"""Dragino LHT65, climate: `battery_v`, `temperature` C, `humidity` %, `external_temperature` C with its probe.

Byte 6 says by its low four bits what is in the other bytes, by bit 6 that this answers a poll, by bit 7 that the probe
is not connected (dragino/dragino-end-node-decoder LHT65).
"""

from collections.abc import Mapping

from gateway.codecs.dragino import battery_v, checked
from gateway.decoders.decoded import DecodeError

_SIZE = 11
_POLLED, _NO_PROBE = 0x40, 0x80
_PROBE, _PROBE_WITH_TIME, _PROBE_NUMBER = 1, 9, 15
_NO_VALUE = 0x7FFF


def decode(payload: bytes) -> Mapping[str, object]:
    """`CBF60B0D0376010ADD7FFF` is 3.062 V, 28.29 C, 88.6 %RH, 27.81 C at the probe."""
    raw = checked(payload, _SIZE)
    contents = raw[6] & 0x0F
    if raw[6] & _POLLED:
        raise DecodeError("answers a poll with stored data")
    if contents == _PROBE_NUMBER:
        raise DecodeError("tells the probe's number, no readings")
    values: dict[str, object] = {"humidity": (int.from_bytes(raw[4:6], "big") & 0xFFF) / 10}
    _add(values, "temperature", raw[2:4])
    if contents == _PROBE_WITH_TIME:
        probe = raw[0:2]
    else:
        values["battery_v"] = battery_v(raw)
        probe = raw[7:9]
    if contents in (_PROBE, _PROBE_WITH_TIME) and not raw[6] & _NO_PROBE:
        _add(values, "external_temperature", probe)
    return values


def _add(values: dict[str, object], key: str, raw: bytes) -> None:
    hundredths = int.from_bytes(raw, "big", signed=True)
    if hundredths != _NO_VALUE:
        values[key] = hundredths / 100
