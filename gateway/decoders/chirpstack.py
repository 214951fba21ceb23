"""ChirpStack v4 uplinks on `application/{app}/device/{devEui}/event/up` (chirpstack-docs, events).

Values come from the device's bytes by its codec; without one, from `object`. Signal: `rssi`, `snr` of the best gateway.
Fields that are zero may be absent, `time` has nanoseconds, `data` is base64.
"""

import base64
from collections.abc import Mapping

import msgspec

from gateway.decoders.decoded import Codec, Decoded, DecodeError, Route
from gateway.decoders.device_time import from_iso


class _Reception(msgspec.Struct, rename="camel"):
    rssi: int = 0
    snr: float = 0.0


class _Uplink(msgspec.Struct, rename="camel"):
    device_info: dict[str, object]
    time: str | None = None
    f_cnt: int | None = None
    f_port: int = 0
    data: str = ""
    object: dict[str, object] | None = None
    rx_info: list[_Reception] = []


_decoder = msgspec.json.Decoder(_Uplink)


def routes(topic: str, codec: Codec | None = None) -> tuple[Route, ...]:
    """The uplinks of the device; `topic` is its `…/event/up`."""
    return (Route(topic, lambda payload: decode(payload, codec)),)


def watched(_topic: str) -> str:
    """Uplinks of every device of every application."""
    return "application/+/device/+/event/up"


def is_noise(_topic: str) -> bool:
    """None: only uplinks are watched."""
    return False


def decode(payload: bytes, codec: Codec | None) -> Decoded:
    """One uplink."""
    try:
        uplink = _decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise DecodeError("not a ChirpStack uplink") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise DecodeError("not JSON") from error
    except RecursionError as error:
        raise DecodeError("JSON nested too deeply") from error
    values: dict[str, object] = {}
    if uplink.rx_info:
        best = max(uplink.rx_info, key=lambda reception: reception.rssi)
        values["rssi"], values["snr"] = best.rssi, best.snr
    decoded = Decoded(values, from_iso(uplink.time), sequence=uplink.f_cnt)
    if codec is not None:
        if uplink.data:
            _read(uplink.data, codec, values, decoded)
    elif uplink.object is not None:
        values.update(uplink.object)
    return decoded


def _read(data: str, codec: Codec, values: dict[str, object], decoded: Decoded) -> None:
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError as error:
        raise DecodeError("data is not base64") from error
    read: Mapping[str, object] = codec(raw)
    values.update(read)
    problem = values.pop("problem", None)
    if problem is not None:
        decoded.problems = (str(problem),)
