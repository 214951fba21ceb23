"""Zigbee2MQTT: state on `<base>/<name>`, availability below it (koenkk/zigbee2mqtt.io, MQTT topics).

Values are the state's own keys; availability is the value `online`. `contact: false` means open: profiles invert.
Panic buttons say `action`, a word; it is the value `emergency` too, unless the device has that key itself.
"""

from community.quality import Quality
from gateway.decoders.decoded import Codec, Decoded, DecodeError, Route
from gateway.decoders.device_time import from_iso, from_number
from gateway.decoders.json_object import parse

_TESTED = dict.fromkeys(("smoke", "smoke_density", "gas", "carbon_monoxide", "co", "heat"), Quality.TEST_MODE)
"""While `test` is true the detector's own button speaks, not a fire."""
_PRESSES = ("emergency", "sos", "panic", "press", "single", "double", "hold")
"""Actions of a button that is mounted to call for help: however it is pressed, somebody does."""
_AVAILABILITY = "/availability"
_NO_READINGS = ("/set", "/get")


def routes(topic: str, _codec: Codec | None = None) -> tuple[Route, ...]:
    """State and availability of the device whose state is on `topic`."""
    return Route(topic, decode_state), Route(topic + _AVAILABILITY, decode_availability, current=True)


def watched(topic: str) -> str:
    """All below the base topic: names of devices may have several levels."""
    return topic.split("/", 1)[0] + "/#"


def is_noise(topic: str) -> bool:
    """The bridge's own topics, and requests to devices."""
    levels = topic.split("/", 2)
    return (len(levels) > 1 and levels[1] == "bridge") or topic.endswith(_NO_READINGS) or "/set/" in topic


def decode_state(payload: bytes) -> Decoded:
    """The state's keys as values. An empty payload (a cleared retained message) says nothing."""
    if not payload:
        return Decoded()
    state = parse(payload)
    if isinstance(action := state.get("action"), str):
        state.setdefault("emergency", action in _PRESSES)
    seen = state.get("last_seen")
    decoded = Decoded(state, None if seen is None else from_iso(seen) or from_number(seen))
    if state.get("test") is True:
        decoded.flags = _TESTED
    return decoded


def decode_availability(payload: bytes) -> Decoded:
    """`online` from `{"state":"online"}` (version 2) or plain `online` (version 1)."""
    if not payload:
        return Decoded()
    word = parse(payload).get("state") if payload[:1] == b"{" else payload.decode("ascii", "replace")
    if word not in ("online", "offline"):
        raise DecodeError("availability is neither online nor offline")
    return Decoded({"online": word == "online"})
