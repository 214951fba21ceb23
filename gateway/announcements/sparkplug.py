"""Sparkplug B births: a device behind an edge node, and a node that measures itself (eclipse-sparkplug 3.0, 6.4).

Another device may well be behind a node the site file has. A death takes nothing back: the node is born again.
"""

from gateway.announcements.announcement import MOST_TEXT, Announced, AnnouncedValue, Heard, bounded, text, usable
from gateway.decoders import sparkplug_b, sparkplug_payload

FILTERS = ("spBv1.0/+/NBIRTH/+", "spBv1.0/+/DBIRTH/+/+")
_NUMBERS = range(1, 11)
"""Int8 to UInt64, Float and Double."""
_MAKER, _MODEL = "Properties/Hardware Make", "Properties/Hardware Model"
_OWN = ("Node Control/", "Device Control/", "Properties/", "Node Info/", "Device Info/")


def device_topic(topic: str) -> str:
    """The topic of a row."""
    return sparkplug_b.address(topic) or topic


def parse(topic: str, payload: bytes) -> tuple[Heard, ...]:
    """Who was born, with the metrics that are numbers or truths. Raises DecodeError."""
    place = sparkplug_b.parse(topic)
    if place is None or not usable(place.address):
        return ()
    metrics = sparkplug_payload.read(payload).metrics
    said = {metric.name: metric for metric in metrics if metric.name and len(metric.name) <= MOST_TEXT}
    values = [
        AnnouncedValue(name, boolean=metric.datatype == sparkplug_payload.BOOLEAN)
        for name, metric in said.items()
        if name != "bdSeq" and not name.startswith(_OWN)
        if metric.datatype == sparkplug_payload.BOOLEAN or metric.datatype in _NUMBERS
    ]
    if not values and not place.device:
        return ()  # a node that only carries others
    announced = Announced(
        "sparkplug",
        "sparkplug_b",
        place.address,
        name=text(place.device or place.node),
        maker=text(said[_MAKER].value) if _MAKER in said else "",
        model=text(said[_MODEL].value) if _MODEL in said else "",
        values=bounded(values),
    )
    return (Heard(place.address, announced),)
