"""The formats there are, by the name a profile writes as `decoder`."""

from collections.abc import Mapping

from gateway.decoders import chirpstack, esp_rfid, plain_json, shelly, tasmota, things_stack, zigbee2mqtt
from gateway.decoders.decoded import Format

FORMATS: Mapping[str, Format] = {
    "chirpstack": chirpstack,
    "esp_rfid": esp_rfid,
    "json": plain_json,
    "shelly": shelly,
    "tasmota": tasmota,
    "things_stack": things_stack,
    "zigbee2mqtt": zigbee2mqtt,
}


def format_named(name: str) -> Format:
    """The decoder of a profile.

    Raises:
        KeyError: there is none of that name.
    """
    return FORMATS[name.replace("-", "_")]
