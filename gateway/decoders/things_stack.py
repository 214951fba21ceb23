"""The Things Stack v3 uplinks on `v3/{app}@{tenant}/devices/{id}/up` (thethingsindustries.com docs, MQTT server).

Values come from the device's bytes by its codec; without one, from `decoded_payload`. Signal: `rssi`, `snr` of the
best gateway. Fields that are zero, false or empty are left out, so an absent payload is an empty one.
"""

import msgspec

from gateway.decoders import lorawan
from gateway.decoders.decoded import Codec, Decoded, DecodeError, Route
from gateway.decoders.device_time import from_iso


class _Reception(msgspec.Struct):
    rssi: float | None = None
    snr: float = 0.0


class _Message(msgspec.Struct):
    f_cnt: int | None = None
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
    uplink = lorawan.message(_decoder, payload, "not an uplink of The Things Stack")
    if uplink.simulated:
        raise DecodeError("simulated at the console, not real data")
    message = uplink.uplink_message
    values: dict[str, object] = {}
    heard = [(reception.rssi, reception.snr) for reception in message.rx_metadata if reception.rssi is not None]
    if heard:
        values["rssi"], values["snr"] = max(heard)
    decoded = Decoded(values, from_iso(message.received_at or uplink.received_at), sequence=message.f_cnt)
    if codec is not None:
        read, decoded.problems = lorawan.read(message.frm_payload, codec, "frm_payload")
        values.update(read)
    else:
        values.update(message.decoded_payload)
    return decoded
