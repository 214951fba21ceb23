"""Tasmota: readings on `tele/<device>/SENSOR` and `…/STATE`, presence on `…/LWT` (tasmota/docs, MQTT).

Values stand below the sensor's name, as `BME280.Temperature`; temperatures are brought to C when the device sends F.
`Time` is the device's local time without a zone and names no moment: the gateway's own is taken. A card reader
(RC522 and others) says a card's number, which becomes the event `card.read` at the reader's name. Relays stand in STATE
as `POWER` (or `POWER1`, …); told or asked on `cmnd/<device>/POWER`, the device answers on `stat/<device>/RESULT`.
"""

from gateway.decoders.decoded import Codec, Decoded, DecodedEvent, DecodeError, Route
from gateway.decoders.device_time import from_iso
from gateway.decoders.json_object import parse

_SENSOR, _STATE, _PRESENCE, _ANSWER = "/SENSOR", "/STATE", "/LWT", "/RESULT"
_TELE, _STAT, _CMND = "tele", "stat", "cmnd"
_LONGEST_CARD = 64
_READERS = ("RC522", "PN532", "RDM6300", "Wiegand")
_TEMPERATURES = ("Temperature", "DewPoint")


def routes(topic: str, _codec: Codec | None = None) -> tuple[Route, ...]:
    """Readings, state, presence and answers of the device; `topic` is its `tele/<device>`, or its `…/SENSOR`."""
    base = topic.removesuffix(_SENSOR)
    answers = _beside(base, _STAT)
    return (
        Route(base + _SENSOR, decode_readings),
        Route(base + _STATE, decode_readings),
        Route(base + _PRESENCE, decode_presence, current=True),
        *([] if answers is None else [Route(answers + _ANSWER, decode_readings)]),
    )


def places(topic: str) -> dict[str, str]:
    """`{cmnd}` of a profile's commands: where the device is told, `cmnd/<device>`."""
    told = _beside(topic.removesuffix(_SENSOR), _CMND)
    return {} if told is None else {"cmnd": told}


def _beside(base: str, prefix: str) -> str | None:
    """The device's topic with another prefix, wherever its full topic has it; None when it has none."""
    levels = base.split("/")
    if _TELE not in levels:
        return None
    return "/".join(prefix if level == _TELE else level for level in levels)


def watched(topic: str) -> str:
    """Every device beside this one."""
    above = topic.removesuffix(_SENSOR).rpartition("/")[0]
    return f"{above}/+/+" if above else "+/+"


def is_noise(topic: str) -> bool:
    """Firmware information, uptime, and what else is no reading."""
    return not topic.endswith((_SENSOR, _STATE, _PRESENCE))


def decode_readings(payload: bytes) -> Decoded:
    """One SENSOR, STATE or RESULT message."""
    message = parse(payload)
    if message.get("TempUnit") == "F":
        message = {key: _in_celsius(part) for key, part in message.items()}
    # A number of a card is nobody's reading: it leaves as a pseudonym only.
    cards = tuple(read for name in _READERS if name in message and (read := _card(name, message.pop(name))) is not None)
    return Decoded(message, from_iso(message.get("Time")), events=cards)


def decode_presence(payload: bytes) -> Decoded:
    """`online` from the plain words of the last will. Empty (a cleared retained message) says nothing."""
    if not payload:
        return Decoded()
    if payload not in (b"Online", b"Offline"):
        raise DecodeError("presence is neither Online nor Offline")
    return Decoded({"online": payload == b"Online"})


def _card(reader: str, part: object) -> DecodedEvent | None:
    """The card that was held to a reader."""
    number = part.get("UID") if isinstance(part, dict) else None
    if type(number) is int:
        number = str(number)
    if not isinstance(number, str) or not 0 < len(number) <= _LONGEST_CARD:
        return None
    return DecodedEvent(reader, "card.read", {}, {"card": number})


def _in_celsius(part: object) -> object:
    if not isinstance(part, dict):
        return part
    return {key: _celsius(value) if key in _TEMPERATURES else value for key, value in part.items()}


def _celsius(value: object) -> object:
    """A number in C; anything else as it is, to be refused with its own reason."""
    if type(value) is not float and type(value) is not int:
        return value
    try:
        return round((value - 32) * 5 / 9, 2)
    except OverflowError:
        return value
