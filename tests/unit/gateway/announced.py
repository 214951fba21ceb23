"""The recorded announcements under tests/data/announcements: messages in, who is found and what is proposed out."""

import json
from typing import Any

from backbone.topics import matches
from gateway.announcements.sources import SOURCES
from gateway.found_devices import FoundDevices
from tests.gateway_site import data
from tests.unit.gateway.samples import payload_of

CASES = {path.stem: json.loads(path.read_text()) for path in sorted(data("announcements").glob("*.json"))}


def messages_of(case: dict[str, Any]) -> list[tuple[str, bytes]]:
    """Topic and bytes, in order."""
    return [(message["topic"], payload_of(message)) for message in case["messages"]]


def hear(devices: FoundDevices, topic: str, payload: bytes, now: int) -> None:
    """As the finder's subscriptions hand a message over."""
    for source in SOURCES:
        if any(matches(topic_filter, topic) for topic_filter in source.filters):
            devices.hear(source, topic, source.parse(topic, payload), now)
