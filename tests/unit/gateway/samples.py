"""The recorded samples under tests/data/decoders: one JSON file a message, a folder a format."""

import json
from typing import Any

from tests.gateway_site import data


def samples_of(decoder: str) -> list[dict[str, Any]]:
    """The samples of a format; none when it has no folder."""
    return [json.loads(path.read_text()) for path in sorted(data("decoders", decoder).glob("*.json"))]


def payload_of(sample: dict[str, Any]) -> bytes:
    """The bytes that came over MQTT."""
    if "payload_hex" in sample:
        return bytes.fromhex(sample["payload_hex"])
    if "payload_repeat" in sample:
        text, times = sample["payload_repeat"]
        return str(text * times).encode()
    payload = sample["payload"]
    return (payload if isinstance(payload, str) else json.dumps(payload)).encode()
