"""esp-rfid access controllers: `<topic>/send`, presence on `<topic>/avty` (esprfid/esp-rfid).

Values: `contact` (true: closed), `tamper`, `online`. Events at `credential`: access.granted, access.denied; at
`contact`: door.held-open. `isKnown` is a text; `access` and `doorName` are lists where there are several doors.
"""

from gateway.decoders.decoded import Codec, Decoded, DecodedEvent, DecodeError, Route
from gateway.decoders.device_time import from_number
from gateway.decoders.json_object import parse

_REFUSED = {"denied": "denied", "disabled": "disabled", "expired": "expired"}
_TEXT_LIMIT = 120


def routes(topic: str, _codec: Codec | None = None) -> tuple[Route, ...]:
    """Messages and presence of the controller; `topic` is its base, or its `…/send`."""
    base = topic.removesuffix("/send")
    return Route(base + "/send", decode_message), Route(base + "/avty", decode_presence, current=True)


def watched(topic: str) -> str:
    """Messages of every controller beside this one."""
    above = topic.removesuffix("/send").rpartition("/")[0]
    return f"{above}/+/+" if above else "+/send"


def is_noise(topic: str) -> bool:
    """Commands to controllers, and what they echo."""
    return not topic.endswith(("/send", "/avty"))


def decode_message(payload: bytes) -> Decoded:
    """One message of a controller."""
    message = parse(payload)
    at = from_number(message.get("time"))
    kind = str(message.get("type"))
    if kind == "access":
        return Decoded({"online": True}, at, events=(_access(message),))
    if kind in {"WARN", "INFO", "ERRO", "CRIT"}:
        return _notice(message, at)
    if kind in {"heartbeat", "boot"}:
        return Decoded({"online": True}, at)
    raise DecodeError("no message type of esp-rfid")


def decode_presence(payload: bytes) -> Decoded:
    """`online` from the last will's topic. Empty (a cleared retained message) says nothing."""
    if not payload:
        return Decoded()
    word = payload.decode("ascii", "replace").strip().lower()
    if word not in {"online", "offline"}:
        raise DecodeError("presence is neither online nor offline")
    return Decoded({"online": word == "online"})


def _access(message: dict[str, object]) -> DecodedEvent:
    known = str(message.get("isKnown", "")).lower() == "true"
    rights = _texts(message.get("access"))
    doors = _texts(message.get("doorName")) or _texts(message.get("hostname"))
    refusals = [_REFUSED.get(right.lower()) for right in rights]
    opened = [door for door, refusal in zip(doors, refusals, strict=False) if refusal is None]
    granted = known and (not rights or None in refusals)
    personal = {
        key: value
        for key, value in (("card", message.get("uid")), ("person", message.get("username")))
        if isinstance(value, str) and value
    }
    if granted:
        return DecodedEvent("credential", "access.granted", {"doors": opened or doors}, personal)
    reason = next((refusal for refusal in refusals if refusal), "denied") if known else "unknown"
    return DecodedEvent("credential", "access.denied", {"doors": doors, "reason": reason}, personal)


def _notice(message: dict[str, object], at: int | None) -> Decoded:
    source, text = str(message.get("src", "")).lower(), str(message.get("desc", ""))[:_TEXT_LIMIT]
    words = text.lower()
    values: dict[str, object] = {"online": True}
    if source == "tamper" and "max open time" in words:
        values["contact"] = False
        return Decoded(values, at, events=(DecodedEvent("contact", "door.held-open", {"text": text}),))
    if source == "tamper" and "tampered" in words:
        values["tamper"] = True
    elif source == "tamper":
        raise DecodeError("a tamper text this version does not know")
    elif source == "door" and "open" in words:
        values["contact"] = False
    elif source == "door" and "closed" in words:
        # The firmware forgets its tamper state when the door closes, and sends nothing else about it.
        values["contact"], values["tamper"] = True, False
    return Decoded(values, at)


def _texts(value: object) -> list[str]:
    rows = value if isinstance(value, list) else [value]
    return [row[:_TEXT_LIMIT] for row in rows if isinstance(row, str) and row]
