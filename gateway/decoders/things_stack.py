"""The Things Stack v3 uplinks on `v3/{app}@{tenant}/devices/{id}/up` (thethingsindustries.com docs, MQTT server).

Values come from the device's bytes by its codec; without one, from `decoded_payload`. Signal: `rssi`, `snr` of the
best gateway. Fields that are zero, false or empty are left out, so an absent payload is an empty one.
"""

import base64
from collections.abc import Mapping

import msgspec

from gateway.decoders.decoded import Codec, Decoded, DecodeError, Route
from gateway.decoders.device_time import from_iso


class _Reception(msgspec.Struct):
    rssi: float | None = None
    snr: float = 0.0


class _Message(msgspec.Struct):
    frm_payload: str = ""
    decoded_payload: dict[str, object] = {}
    rx_metadata: list[_Reception] = []
    received_at: str | None = None


class _Uplink(msgspec.Struct):
    end_device_ids: dict[str, object]
    uplink_message: _Message
    received_at: str | None = None
    simulated: bool = False


_decoder = msgspec.json.Decoder(_Uplink)


def routes(topic: str, codec: Codec | None = None) -> tuple[Route, ...]:
    """The uplinks of the device; `topic` is its `…/up`."""
    return (Route(topic, lambda payload: decode(payload, codec)),)


def watched(_topic: str) -> str:
    """Uplinks of every device of every application."""
    return "v3/+/devices/+/up"


def is_noise(_topic: str) -> bool:
    """None: only uplinks are watched."""
    return False


def decode(payload: bytes, codec: Codec | None) -> Decoded:
    """One uplink. What was typed in at the console (`simulated`) is refused."""
    try:
        uplink = _decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise DecodeError("not an uplink of The Things Stack") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise DecodeError("not JSON") from error
    except RecursionError as error:
        raise DecodeError("JSON nested too deeply") from error
    if uplink.simulated:
        raise DecodeError("simulated at the console, not real data")
    message = uplink.uplink_message
    values: dict[str, object] = {}
    heard = [(reception.rssi, reception.snr) for reception in message.rx_metadata if reception.rssi is not None]
    if heard:
        values["rssi"], values["snr"] = max(heard)
    values.update(_read(message.frm_payload, codec) if codec is not None else message.decoded_payload)
    problem = values.pop("problem", None) if codec is not None else None
    decoded = Decoded(values, from_iso(message.received_at or uplink.received_at))
    if problem is not None:
        decoded.problems = (str(problem),)
    return decoded


def _read(data: str, codec: Codec) -> Mapping[str, object]:
    if not data:
        return {}
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError as error:
        raise DecodeError("frm_payload is not base64") from error
    return codec(raw)
