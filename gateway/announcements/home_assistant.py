"""Home Assistant MQTT discovery: `homeassistant/<component>/[<node>/]<object>/config`, and the form for whole devices.

Source: home-assistant.io, MQTT discovery; abbreviations of homeassistant/components/mqtt/abbreviations.py. What a
sensor sends is known by its state topic and a template; only a template that takes a value out of JSON as it is can be
a path. An empty message takes the announcement back.
"""

import re
from collections.abc import Iterator

from gateway.announcements.announcement import (
    MOST_TEXT,
    Announced,
    AnnouncedValue,
    Heard,
    bounded,
    json_object,
    obj,
    text,
    usable,
)

FILTERS = ("homeassistant/+/+/config", "homeassistant/+/+/+/config")
_SHORT = {
    "stat_t": "state_topic",
    "val_tpl": "value_template",
    "dev": "device",
    "unit_of_meas": "unit_of_measurement",
    "pl_on": "payload_on",
    "o": "origin",
    "cmps": "components",
    "p": "platform",
    "mf": "manufacturer",
    "mdl": "model",
    "mdl_id": "model_id",
    "ids": "identifiers",
    "sa": "suggested_area",
}
_SENSORS = ("sensor", "binary_sensor")
_STEP = r"(?:\.[A-Za-z_]\w*|\[(?:'[^'\]]+'|\"[^\"\]]+\"|\d+)\])"
_AS_IT_IS = re.compile(
    rf"\{{\{{\s*value_json(?P<path>{_STEP}+)\s*(?:\|\s*(?:float|int|round|default|is_defined)\s*(?:\([^)]*\))?\s*)*\}}\}}"
)
_PARTS = re.compile(r"\.([A-Za-z_]\w*)|\[['\"]?([^'\"\]]+)['\"]?\]")
_PLAIN = re.compile(r"\{\{\s*value\s*(?:\|\s*\w+\s*)*\}\}")
_TRUE = (True, "true", "True", 1, "1")
_IN_BRACKETS = re.compile(r"\(([^()]+)\)\s*$")
_TASMOTA, _CHIRPSTACK = "/SENSOR", "/event/up"


def parse(topic: str, payload: bytes) -> tuple[Heard, ...]:
    """The devices of one announcement, a row a state topic. Raises DecodeError."""
    if not payload:
        return ()
    config = _long(json_object(payload))
    component = topic.split("/")[1]
    device = _long(obj(config.get("device")))
    heard: dict[str, list[dict[str, object]]] = {}
    for entity in _entities(config, component):
        state = _topic(entity.get("state_topic", config.get("state_topic")), config.get("~"))
        if usable(state):
            heard.setdefault(state, []).append(entity)
    return tuple(_device(config, device, state, entities) for state, entities in heard.items())


def _entities(config: dict[str, object], component: str) -> Iterator[dict[str, object]]:
    if component == "device":
        for part in obj(config.get("components")).values():
            entity = _long(obj(part))
            if entity.get("platform") in _SENSORS:
                yield entity
    elif component in _SENSORS:
        yield {**config, "platform": component}


def _long(row: dict[str, object]) -> dict[str, object]:
    return {_SHORT.get(key, key): value for key, value in row.items()}


def _topic(value: object, base: object) -> str:
    """`~` at the beginning or the end stands for the base topic."""
    if not isinstance(value, str):
        return ""
    if isinstance(base, str) and value.startswith("~"):
        return base + value[1:]
    return value[:-1] + base if isinstance(base, str) and value.endswith("~") else value


def _device(
    config: dict[str, object], device: dict[str, object], state: str, entities: list[dict[str, object]]
) -> Heard:
    decoder, topic, within = _format(config, device, state)
    values: list[AnnouncedValue] = []
    unreadable: list[str] = []
    for entity in entities:
        path = _path(entity.get("value_template"), within)
        boolean = entity.get("platform") == "binary_sensor"
        name = text(entity.get("name"))
        if path is None or (boolean and entity.get("payload_on", "ON") not in _TRUE):
            unreadable.append(name or text(entity.get("unique_id")) or state[:MOST_TEXT])
        else:
            values.append(AnnouncedValue(path, boolean, text(entity.get("unit_of_measurement")), name))
    model = text(device.get("model"))
    if decoder == "zigbee2mqtt" and (inner := _IN_BRACKETS.search(model)):
        model = inner[1]  # "Temperature and humidity sensor (WSDCGQ11LM)"
    announced = Announced(
        "home-assistant",
        decoder,
        topic,
        name=text(device.get("name")) or text(config.get("name")),
        maker=text(device.get("manufacturer")),
        model=text(device.get("model_id")) or model,
        about=" ".join(filter(None, (text(device.get("model")), text(device.get("suggested_area"))))),
        values=bounded(values),
        unreadable=tuple(dict.fromkeys(unreadable)),
    )
    return Heard(topic, announced)


def _format(config: dict[str, object], device: dict[str, object], state: str) -> tuple[str, str, str]:
    """Decoder, topic of the row, and below which key of the message the decoder finds its values."""
    origin = text(_long(obj(config.get("origin"))).get("name")).casefold()
    identifiers = device.get("identifiers")
    first = identifiers[0] if isinstance(identifiers, list) and identifiers else identifiers
    if origin == "zigbee2mqtt" or (isinstance(first, str) and first.startswith("zigbee2mqtt_")):
        return "zigbee2mqtt", state, ""
    if state.startswith("tele/") and state.endswith(_TASMOTA):
        return "tasmota", state.removesuffix(_TASMOTA), ""
    if state.startswith("application/") and state.endswith(_CHIRPSTACK):
        return "chirpstack", state, "object"
    return "json", state, ""


def _path(template: object, within: str) -> str | None:
    """Where the value stands; None when the template makes something else of it."""
    if template is None or (isinstance(template, str) and _PLAIN.fullmatch(template.strip())):
        return "value"
    found = _AS_IT_IS.fullmatch(template.strip()) if isinstance(template, str) and len(template) <= 500 else None
    if found is None:
        return None
    path = ".".join(name or key for name, key in _PARTS.findall(found["path"]))[:MOST_TEXT]
    return path.removeprefix(f"{within}.") if within else path
