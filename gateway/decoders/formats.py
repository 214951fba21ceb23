"""The formats there are, by the name a profile writes as `decoder`."""

from collections.abc import Mapping

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


def format_named(name: str) -> Format:
    """The decoder of a profile.

    Raises:
        KeyError: there is none of that name.
    """
    return FORMATS[name.replace("-", "_")]


def conversation_named(name: str) -> Conversation | None:
    """The conversation of a profile's decoder; None when its messages stand for themselves."""
    return CONVERSATIONS.get(name.replace("-", "_"))
