"""Dragino LDS02 and LWL02, door or leak by mode: `battery_v`, `open` or `leak`, `times`, `last_min`, `alarm`."""

from collections.abc import Mapping

from gateway.codecs.dragino import battery_v, checked

_SIZE = 10
_DOOR_MODE, _LEAK_MODE = 1, 2


def decode(payload: bytes) -> Mapping[str, object]:
    """Only the flag of the mode is a value: the other bit says nothing. `last_min` is the last opening or leak."""
    raw = checked(payload, _SIZE)
    values: dict[str, object] = {
        "battery_v": battery_v(raw),
        "times": int.from_bytes(raw[3:6], "big"),
        "last_min": int.from_bytes(raw[6:9], "big"),
        "alarm": bool(raw[9] & 1),
    }
    if raw[2] == _DOOR_MODE:
        values["open"] = bool(raw[0] & 0x80)
    elif raw[2] == _LEAK_MODE:
        values["leak"] = bool(raw[0] & 0x40)
    else:
        values["problem"] = f"mode {raw[2]} is neither door nor leak"
    return values
