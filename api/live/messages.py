"""The messages of `/api/v1/live`, as the page reads them."""

from typing import Any

import msgspec

RESYNC = b'{"type":"resync"}'
Value = tuple[str, int, float | None, int]


def hello(event: int, now: int) -> bytes:
    """The first message: events up to `event` are in what the page loads by REST."""
    return msgspec.json.encode({"type": "hello", "event": event, "now": now})


def ping(now: int) -> bytes:
    """Every two seconds, so that a page knows that it is still told."""
    return msgspec.json.encode({"type": "ping", "now": now})


def event_message(kind: str, event: int, change: str, shown: bytes) -> bytes:
    """A domain event; `shown` is the object in JSON as REST shows it."""
    return msgspec.json.encode({"type": kind, "event": event, "change": change, "object": msgspec.Raw(shown)})


def readings_message(values: list[Value]) -> bytes:
    """New values: point, Unix ms, value or null, quality bits."""
    return msgspec.json.encode({"type": "readings", "values": values})


def object_message(kind: str, shown: Any) -> bytes:
    """A gateway's status or the services', as REST shows them."""
    return msgspec.json.encode({"type": kind, "object": shown})
