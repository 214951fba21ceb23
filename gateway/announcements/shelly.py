"""Shelly Gen2 and later: whoever is `<id>/online` or notifies on `<id>/events/rpc` (shelly-api-docs, MQTT).

They announce nothing else; the id says the product, as `shellyplusht-b8d61a8b17cc`. Other prefixes are passed over.
"""

import re

from gateway.announcements.announcement import Announced, Heard

FILTERS = ("+/online", "+/events/rpc")
_ID = re.compile(r"(?P<model>shelly[a-z0-9]{2,40})-[0-9a-f]{12}")


def device_topic(topic: str) -> str:
    """The device's prefix."""
    return topic.removesuffix("/online").removesuffix("/events/rpc")


def parse(topic: str, payload: bytes) -> tuple[Heard, ...]:
    """The device that speaks."""
    prefix = device_topic(topic)
    named = _ID.fullmatch(prefix)
    if named is None or not payload:
        return ()
    return (Heard(prefix, Announced("shelly", "shelly", prefix, name=prefix, maker="Shelly", model=named["model"])),)
