"""Dragino LDDS75, ultrasonic distance: `battery_v`, `distance_mm`, `interrupt`, `temperature` C with its probe."""

from collections.abc import Mapping

from gateway.codecs.dragino import battery_v, checked

_SIZE = 8
_DEAD_ZONE_MM = 20
"""What is sent for anything too near; 0 is a sensor that is not there. The decoder of TheThingsNetwork/lorawan-devices
takes all below 20 for invalid, that of dragino/dragino-end-node-decoder passes everything on."""


def decode(payload: bytes) -> Mapping[str, object]:
    """`0B450B0500010501` is 2.885 V, 2821 mm, 26.1 C."""
    raw = checked(payload, _SIZE)
    distance = int.from_bytes(raw[2:4], "big")
    values: dict[str, object] = {"battery_v": battery_v(raw), "interrupt": raw[4] == 1}
    if distance == 0:
        values["problem"] = "no ultrasonic sensor found"
    elif distance <= _DEAD_ZONE_MM:
        values["problem"] = "distance below the sensor's dead zone"
    else:
        values["distance_mm"] = distance
    if raw[7] == 1:
        values["temperature"] = int.from_bytes(raw[5:7], "big", signed=True) / 10
    return values
