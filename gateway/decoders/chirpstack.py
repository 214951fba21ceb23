"""ChirpStack v4 on `application/{app}/device/{devEui}/event/`: uplinks (`up`) and device status (`status`).

Source: chirpstack-docs, events. Values come from the device's bytes by its codec; without one, from `object`. Signal:
`rssi`, `snr` of the best gateway. Fields that are zero may be absent, `time` has nanoseconds, `data` is base64.
"""

import msgspec

from gateway.decoders import lorawan
from gateway.decoders.decoded import Codec, Decoded, Route
from gateway.decoders.device_time import from_iso

_UP, _STATUS = "/up", "/status"


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


class _Status(msgspec.Struct, rename="camel"):
    device_info: dict[str, object]
    time: str | None = None
    margin: int | None = None
    battery_level: float | None = None
    battery_level_unavailable: bool = False
    external_power_source: bool = False


_uplinks, _statuses = msgspec.json.Decoder(_Uplink), msgspec.json.Decoder(_Status)


def routes(topic: str, codec: Codec | None = None) -> tuple[Route, ...]:
    """The uplinks of the device, and what it answers when asked for its status; `topic` is its `…/event/up`."""
    uplinks = Route(topic, lambda payload: decode(payload, codec))
    return (uplinks, Route(topic.removesuffix(_UP) + _STATUS, decode_status)) if topic.endswith(_UP) else (uplinks,)


def watched(_topic: str) -> str:
    """Every device of every application."""
    return "application/+/device/+/event/+"


def is_noise(topic: str) -> bool:
    """Joins, acknowledgements, logs: no readings."""
    return not topic.endswith((_UP, _STATUS))


def decode(payload: bytes, codec: Codec | None) -> Decoded:
    """One uplink."""
    uplink = lorawan.message(_uplinks, payload, "not a ChirpStack uplink")
    values: dict[str, object] = {}
    if uplink.rx_info:
        best = max(uplink.rx_info, key=lambda reception: reception.rssi)
        values["rssi"], values["snr"] = best.rssi, best.snr
    decoded = Decoded(values, from_iso(uplink.time), sequence=uplink.f_cnt)
    if codec is not None:
        read, decoded.problems = lorawan.read(uplink.data, codec, "data")
        values.update(read)
    elif uplink.object is not None:
        values.update(uplink.object)
    return decoded


def decode_status(payload: bytes) -> Decoded:
    """Battery (%) and margin (dB), where the device knows them; on outside power there is no battery to tell of."""
    status = lorawan.message(_statuses, payload, "not a ChirpStack status")
    values: dict[str, object] = {}
    if status.margin is not None:
        values["margin"] = status.margin
    known = status.battery_level is not None and not status.battery_level_unavailable
    if known and not status.external_power_source:
        values["battery"] = status.battery_level
    return Decoded(values, from_iso(status.time))
