"""The formats there are, by the name a profile writes as `decoder`."""

from collections.abc import Callable, Mapping

from gateway.decoders import (
    chirpstack,
    esp_rfid,
    plain_json,
    shelly,
    sparkplug_b,
    tasmota,
    things_stack,
    zigbee2mqtt,
)
from gateway.decoders.conversation import Conversation
from gateway.decoders.decoded import Format

FORMATS: Mapping[str, Format] = {
    "chirpstack": chirpstack,
    "esp_rfid": esp_rfid,
    "json": plain_json,
    "shelly": shelly,
    "sparkplug_b": sparkplug_b,
    "tasmota": tasmota,
    "things_stack": things_stack,
    "zigbee2mqtt": zigbee2mqtt,
}

CONVERSATIONS: Mapping[str, Conversation] = {"sparkplug_b": sparkplug_b}
"""Those of them whose messages cannot be read one by one."""


PLACES: Mapping[str, Callable[[str], dict[str, str]]] = {"tasmota": tasmota.places}
"""What a profile's commands may name beside `{topic}`, by decoder; community.site.profile.PLACES lists the names."""


def format_named(name: str) -> Format:
    """The decoder of a profile.

    Raises:
        KeyError: there is none of that name.
    """
    return FORMATS[name.replace("-", "_")]


def conversation_named(name: str) -> Conversation | None:
    """The conversation of a profile's decoder; None when its messages stand for themselves."""
    return CONVERSATIONS.get(name.replace("-", "_"))


def places_of(decoder: str, topic: str) -> dict[str, str]:
    """What stands for the names in braces in a device's commands: its topic in the site file, and others by it."""
    more = PLACES.get(decoder.replace("-", "_"))
    return {"topic": topic, **(more(topic) if more is not None else {})}
