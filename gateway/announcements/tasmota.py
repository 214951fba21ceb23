"""Tasmota's own discovery: `tasmota/discovery/<MAC>/config` and `…/sensors`, retained (tasmota/docs, SetOption19 0).

`config` says on which topic the device speaks (`ft` with `tp` and `t`), `sensors` is a sample of what it sends there.
"""

from gateway.announcements.announcement import Announced, Heard, bounded, json_object, obj, text, usable, values_of

FILTERS = ("tasmota/discovery/+/config", "tasmota/discovery/+/sensors")
_TELE = 2
"""Place of the telemetry's prefix in `tp`."""
_NO_SENSORS = ("Time", "TempUnit", "PressureUnit", "SpeedUnit")


def parse(topic: str, payload: bytes) -> tuple[Heard, ...]:
    """What the device says in one of its two announcements. Raises DecodeError."""
    if not payload:
        return ()
    message = json_object(payload)
    identity = topic.rpartition("/")[0]
    if topic.endswith("/config"):
        return (Heard(identity, _config(message)),)
    sensors = {key: part for key, part in obj(message.get("sn")).items() if key not in _NO_SENSORS}
    names = " ".join(text(key) for key, part in sensors.items() if isinstance(part, dict))
    return (Heard(identity, Announced("tasmota", "tasmota", "", model=names, values=bounded(values_of(sensors)))),)


def _config(message: dict[str, object]) -> Announced:
    prefixes, name = message.get("tp"), text(message.get("t"))
    tele = text(prefixes[_TELE]) if isinstance(prefixes, list) and len(prefixes) > _TELE else "tele"
    full = text(message.get("ft")) or "%prefix%/%topic%/"
    topic = full.replace("%prefix%", tele).replace("%topic%", name).strip("/")
    label = text(message.get("dn"))
    return Announced(
        "tasmota",
        "tasmota",
        topic if name and "%" not in topic and usable(topic) else "",
        name=label if label and label.casefold() != "tasmota" else name,
        about=text(message.get("md")),
    )
