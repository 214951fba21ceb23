"""Zigbee2MQTT: `<base>/bridge/devices` lists all devices of a bridge (koenkk/zigbee2mqtt.io, MQTT topics, exposes)."""

from collections.abc import Iterator

import msgspec

from gateway.announcements.announcement import (
    MOST_TEXT,
    Announced,
    AnnouncedValue,
    DecodeError,
    Heard,
    bounded,
    obj,
    text,
    usable,
)

FILTERS = ("+/bridge/devices",)
MOST_DEVICES = 1000
_PUBLISHED = 1
"""Bit of `access`: the value is in the state the device publishes."""
_OF_THE_RADIO = ("linkquality", "update")


class _Device(msgspec.Struct):
    friendly_name: str = ""
    type: str | None = None
    disabled: bool = False
    definition: dict[str, object] | None = None
    manufacturer: str | None = None
    model_id: str | None = None


_decoder = msgspec.json.Decoder(list[_Device])


def parse(topic: str, payload: bytes) -> tuple[Heard, ...]:
    """All devices of the bridge but its coordinator and what is disabled. Raises DecodeError."""
    if not payload:
        return ()
    try:
        rows = _decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise DecodeError("not a list of Zigbee2MQTT's devices") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DecodeError("not JSON") from error
    base = topic.removesuffix("/bridge/devices")
    found = (_device(base, row) for row in rows[:MOST_DEVICES] if row.type != "Coordinator" and not row.disabled)
    return tuple(heard for heard in found if usable(heard.identity))


def _device(base: str, row: _Device) -> Heard:
    definition = row.definition or {}
    topic = f"{base}/{row.friendly_name}" if row.friendly_name else ""
    values, unreadable = [], []
    for value, readable in _exposed(definition.get("exposes")):
        if readable:
            values.append(value)
        else:
            unreadable.append(value.path)
    announced = Announced(
        "zigbee2mqtt",
        "zigbee2mqtt",
        topic,
        name=text(row.friendly_name),
        maker=text(definition.get("vendor")) or text(row.manufacturer),
        model=text(definition.get("model")) or text(row.model_id),
        about=text(definition.get("description")),
        values=bounded(values),
        unreadable=tuple(dict.fromkeys(unreadable)),
    )
    return Heard(topic, announced)


def _exposed(exposes: object, deeper: int = 2) -> Iterator[tuple[AnnouncedValue, bool]]:
    """The values of its state, and whether each is a number or a truth."""
    for row in map(obj, exposes if isinstance(exposes, list) else []):
        if deeper and isinstance(row.get("features"), list) and "property" not in row:
            yield from _exposed(row["features"], deeper - 1)
            continue
        path, access = row.get("property"), row.get("access")
        if not isinstance(path, str) or not 0 < len(path) <= MOST_TEXT or path in _OF_THE_RADIO:
            continue
        if isinstance(access, int) and not access & _PUBLISHED:
            continue
        boolean = row.get("type") == "binary"
        readable = row.get("type") == "numeric" or (boolean and row.get("value_on") is True)
        name = text(row.get("label")) or text(row.get("name"))
        yield AnnouncedValue(path, boolean, text(row.get("unit")), name), readable
