"""Dragino LDDS75, ultrasonic distance: `battery_v`, `distance_mm`, `interrupt`, `temperature` C with its probe."""

from collections.abc import Mapping

from gateway.codecs.dragino import battery_v, checked

_SIZE = 8
_NO_ECHO = {0x0000: "no ultrasonic sensor found", 0x0014: "distance below the sensor's dead zone"}
"""Raw distances that are no distance (LDDS75 manual, 2.3.2)."""


def decode(payload: bytes) -> Mapping[str, object]:
    """`0B450B0500010501` is 2.885 V, 2821 mm, 26.1 C."""
    raw = checked(payload, _SIZE)
    distance = int.from_bytes(raw[2:4], "big")
    values: dict[str, object] = {"battery_v": battery_v(raw), "interrupt": raw[4] == 1}
    if distance in _NO_ECHO:
        values["problem"] = _NO_ECHO[distance]
    else:
        values["distance_mm"] = distance
    if raw[7] == 1:
        values["temperature"] = int.from_bytes(raw[5:7], "big", signed=True) / 10
    return values
