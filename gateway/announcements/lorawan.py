"""Devices that join or speak through ChirpStack v4 and The Things Stack v3.

A join happens once in years, so uplinks of a device nobody reads announce it too. Sources: chirpstack-docs, events;
thethingsindustries.com docs, data formats (`version_ids` since 3.17).
"""

from gateway.announcements.announcement import (
    Announced,
    Heard,
    bounded,
    json_object,
    obj,
    text,
    usable,
    values_of,
)

CHIRPSTACK_FILTERS = ("application/+/device/+/event/join", "application/+/device/+/event/up")
THINGS_STACK_FILTERS = ("v3/+/devices/+/join", "v3/+/devices/+/up")


def device_topic(topic: str) -> str:
    """The uplinks of the device that joined."""
    return topic.removesuffix("/join") + "/up" if topic.endswith("/join") else topic


def parse_chirpstack(topic: str, payload: bytes) -> tuple[Heard, ...]:
    """The device of a join or an uplink. Raises DecodeError."""
    message = json_object(payload)
    info = obj(message.get("deviceInfo"))
    if not info:
        return ()
    uplinks = device_topic(topic)
    tags = " ".join(text(value) for value in obj(info.get("tags")).values())
    announced = Announced(
        "chirpstack",
        "chirpstack",
        uplinks,
        name=text(info.get("deviceName")),
        about=text(f"{text(info.get('deviceProfileName'))} {text(info.get('applicationName'))} {tags}"),
        values=bounded(values_of(obj(message.get("object")))),
    )
    return (Heard(uplinks, announced),) if usable(uplinks) else ()


def parse_things_stack(topic: str, payload: bytes) -> tuple[Heard, ...]:
    """The device of a join or an uplink. Raises DecodeError."""
    message = json_object(payload)
    ids = obj(message.get("end_device_ids"))
    said = obj(message.get("uplink_message")) or obj(message.get("join_accept"))
    uplinks = device_topic(topic)
    if not ids or message.get("simulated") is True or not usable(uplinks):
        return ()
    product = obj(said.get("version_ids"))
    announced = Announced(
        "things-stack",
        "things_stack",
        uplinks,
        name=text(ids.get("device_id")),
        maker=text(product.get("brand_id")),
        model=text(product.get("model_id")),
        values=bounded(values_of(obj(said.get("decoded_payload")))),
    )
    return (Heard(uplinks, announced),)
