"""The announcements the gateway listens to."""

from gateway.announcements import home_assistant, lorawan, shelly, sparkplug, tasmota, zigbee2mqtt
from gateway.announcements.announcement import Source

SOURCES = (
    Source("home-assistant", home_assistant.FILTERS, home_assistant.parse, stands=True),
    Source("zigbee2mqtt", zigbee2mqtt.FILTERS, zigbee2mqtt.parse, stands=True),
    Source("tasmota", tasmota.FILTERS, tasmota.parse, stands=True),
    Source("shelly", shelly.FILTERS, shelly.parse, stands=False, device_topic=shelly.device_topic),
    Source(
        "chirpstack",
        lorawan.CHIRPSTACK_FILTERS,
        lorawan.parse_chirpstack,
        stands=False,
        device_topic=lorawan.device_topic,
    ),
    Source(
        "things-stack",
        lorawan.THINGS_STACK_FILTERS,
        lorawan.parse_things_stack,
        stands=False,
        device_topic=lorawan.device_topic,
    ),
    Source("sparkplug", sparkplug.FILTERS, sparkplug.parse, stands=False, device_topic=sparkplug.device_topic),
)
"""`homeassistant`, `tasmota`, `application` and `v3` are these programs' defaults; Zigbee2MQTT's base may be any."""
