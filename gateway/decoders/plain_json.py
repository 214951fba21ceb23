"""Plain JSON on any topic: the profile's `path` says where each value stands, a dot a level, numbers in lists from 0.

A bare number or word `true` or `false` stands at the path `value`. The time is the gateway's own.
"""

import msgspec

from gateway.decoders.decoded import Codec, Decoded, DecodeError, Route

DEEPEST = 16
_decode = msgspec.json.Decoder().decode


def routes(topic: str, _codec: Codec | None = None) -> tuple[Route, ...]:
    """The one topic the site file names."""
    return (Route(topic, decode),)


def watched(topic: str) -> str:
    """Only itself: who else speaks plain JSON is not known."""
    return topic


def is_noise(_topic: str) -> bool:
    """None: only the device's own topic is watched."""
    return False


def decode(payload: bytes) -> Decoded:
    """One message."""
    try:
        value = _decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise DecodeError("not JSON") from error
    except RecursionError as error:
        raise DecodeError("JSON nested too deeply") from error
    if type(value) is not dict and type(value) is not list:
        return Decoded({"value": value})
    found = _numbered(value, DEEPEST)
    assert isinstance(found, dict)
    return Decoded(found)


def _numbered(value: object, deeper: int) -> object:
    """The value with every list as an object of numbers."""
    if deeper == 0:
        raise DecodeError("JSON nested too deeply")
    if type(value) is list:
        return {str(place): _numbered(part, deeper - 1) for place, part in enumerate(value)}
    if type(value) is dict:
        return {key: _numbered(part, deeper - 1) for key, part in value.items()}
    return value
