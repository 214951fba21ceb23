"""Shelly Gen2 and later: status and events on `<device>/events/rpc`, presence on `<device>/online` (shelly-api-docs).

A device set to generic status instead says it on `<device>/status/<component>`; with both, it says all of it twice.

Values stand below their component, as `temperature:0.tC`. NotifyStatus tells what changed and leaves the rest as it
was; NotifyFullStatus, which battery devices send when they wake, tells all. A `ts` before 2020 is a clock that is not
set. Calls are answered to whoever is named in their `src`, on `<src>/rpc`; commands name `<device>/anju`, which access
lists allow the device where they allow it its own prefix (General/RPCChannels, MQTT).
"""

from functools import partial

from gateway.decoders.decoded import Codec, Decoded, DecodedEvent, DecodeError, Route
from gateway.decoders.json_object import parse

_EVENTS, _PRESENCE, _COMPONENT, _ANSWER = "/events/rpc", "/online", "/status/", "/anju/rpc"
_COMPONENTS = tuple(
    f"{kind}:{number}"
    for kind in ("smoke", "flood", "temperature", "humidity", "devicepower", "input", "switch")
    for number in range(4)
)
"""What generic status tells of on a topic each; sensors of an add-on are told by notifications only."""
_STATUS = ("NotifyStatus", "NotifyFullStatus")
_CLOCK_SET_SINCE_S = 1_577_836_800
_PRESSED = "input:"


def routes(topic: str, _codec: Codec | None = None) -> tuple[Route, ...]:
    """Status, events and presence; `topic` is the device's prefix, mostly its id."""
    return (
        Route(topic + _EVENTS, decode),
        Route(topic + _PRESENCE, decode_presence, current=True),
        Route(topic + _ANSWER, decode_answer),
        *(Route(f"{topic}{_COMPONENT}{name}", partial(decode_component, name)) for name in _COMPONENTS),
    )


def watched(topic: str) -> str:
    """The device's own topics: Shelly devices share no prefix."""
    return f"{topic}/#"


def is_noise(topic: str) -> bool:
    """Generic status of other components, debug logs, calls, answers to others."""
    return not topic.endswith((_EVENTS, _PRESENCE, _ANSWER))


def decode(payload: bytes) -> Decoded:
    """One notification. Other methods are no readings."""
    message = parse(payload)
    params = message.get("params")
    if type(params) is not dict:
        raise DecodeError("a notification without params")
    if message.get("method") in _STATUS:
        return Decoded({key: part for key, part in params.items() if type(part) is dict}, _at(params))
    if message.get("method") == "NotifyEvent":
        return Decoded(at=_at(params), events=_pressed(params))
    raise DecodeError("neither NotifyStatus, NotifyFullStatus nor NotifyEvent")


def decode_component(component: str, payload: bytes) -> Decoded:
    """Generic status (`status_ntf`) of one component: all of it, with no time. Empty says nothing."""
    return Decoded({component: parse(payload)}) if payload else Decoded()


def decode_answer(payload: bytes) -> Decoded:
    """What the device answers to a command or a question: the status of a switch; that it was told says nothing.

    Raises:
        DecodeError: no answer, or a refusal: a device with a password of its own takes no calls without it.
    """
    message = parse(payload)
    error, result = message.get("error"), message.get("result")
    if type(error) is dict and type(code := error.get("code")) is int:
        raise DecodeError(f"the device refuses the call: {code}")
    if type(result) is not dict:
        raise DecodeError("an answer with neither result nor error")
    number = result.get("id")
    return Decoded({f"switch:{number}": result}) if type(number) is int and "output" in result else Decoded()


def decode_presence(payload: bytes) -> Decoded:
    """`online` from `true` and `false`. Empty (a cleared retained message) says nothing."""
    if not payload:
        return Decoded()
    if payload not in (b"true", b"false"):
        raise DecodeError("presence is neither true nor false")
    return Decoded({"online": payload == b"true"})


def _at(params: dict[str, object]) -> int | None:
    ts = params.get("ts")
    if (type(ts) is float or type(ts) is int) and _CLOCK_SET_SINCE_S <= ts < 1e11:
        return round(ts * 1000)
    return None


def _pressed(params: dict[str, object]) -> tuple[DecodedEvent, ...]:
    """What somebody did at an input; what the device says of itself (updates, settings) is left out."""
    rows = params.get("events")
    if type(rows) is not list:
        raise DecodeError("a NotifyEvent without events")
    found = []
    for row in rows:
        if type(row) is not dict:
            raise DecodeError("an event that is no object")
        component, event = row.get("component"), row.get("event")
        if type(component) is str and component.startswith(_PRESSED) and type(event) is str:
            found.append(DecodedEvent(component, f"input.{event}"))
    return tuple(found)
