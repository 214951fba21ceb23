"""Dragino LDS02 and LWL02, door or leak by mode: `battery_v`, `open` or `leak`, `times`, `last_min`, `alarm`."""

from collections.abc import Mapping

from gateway.codecs.dragino import battery_v, checked

_SIZE = 10
_DOOR_MODES, _LEAK_MODES = (1, 3), (2, 3)


def decode(payload: bytes) -> Mapping[str, object]:
    """Only the flags of the mode are values (mode 3 has both). `last_min` is the last opening or leak."""
    raw = checked(payload, _SIZE)
    values: dict[str, object] = {
        "battery_v": battery_v(raw),
        "times": int.from_bytes(raw[3:6], "big"),
        "last_min": int.from_bytes(raw[6:9], "big"),
        "alarm": bool(raw[9] & 1),
    }
    if raw[2] in _DOOR_MODES:
        values["open"] = bool(raw[0] & 0x80)
    if raw[2] in _LEAK_MODES:
        values["leak"] = bool(raw[0] & 0x40)
    if "open" not in values and "leak" not in values:
        values["problem"] = f"mode {raw[2]} is neither door nor leak"
    return values
