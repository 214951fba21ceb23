"""ChirpStack v4 on `application/{app}/device/{devEui}/event/`: `up`, `status`, `join` and `log`.

Source: chirpstack-docs, events. Values come from the device's bytes by its codec; without one, from `object`. Signal:
`rssi`, `snr` of the best gateway. Fields that are zero may be absent, `time` has nanoseconds, `data` is base64.
"""

from typing import Literal

import msgspec

from gateway.decoders import lorawan
from gateway.decoders.decoded import Codec, Decoded, DecodeError, Route
from gateway.decoders.device_time import from_iso

_UP, _STATUS, _JOIN, _LOG = "/up", "/status", "/join", "/log"
_OF_UPLINKS = ("UPLINK_CODEC", "UPLINK_F_CNT_RESET", "UPLINK_F_CNT_RETRANSMISSION")
"""Codes of a log that mean that the device itself was heard."""


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


class _Join(msgspec.Struct, rename="camel"):
    device_info: dict[str, object]
    time: str | None = None


class _Log(msgspec.Struct, rename="camel"):
    device_info: dict[str, object]
    code: Literal[
        "UNKNOWN",
        "DOWNLINK_PAYLOAD_SIZE",
        "UPLINK_CODEC",
        "DOWNLINK_CODEC",
        "OTAA",
        "UPLINK_F_CNT_RESET",
        "UPLINK_MIC",
        "UPLINK_F_CNT_RETRANSMISSION",
        "DOWNLINK_GATEWAY",
        "RELAY_NEW_END_DEVICE",
        "F_CNT_DOWN",
        "EXPIRED",
    ] = "UNKNOWN"
    level: str = ""
    time: str | None = None


_uplinks, _statuses = msgspec.json.Decoder(_Uplink), msgspec.json.Decoder(_Status)
_joins, _logs = msgspec.json.Decoder(_Join), msgspec.json.Decoder(_Log)


def routes(topic: str, codec: Codec | None = None) -> tuple[Route, ...]:
    """What the network server says of the device; `topic` is its `…/event/up`."""
    uplinks = Route(topic, lambda payload: decode(payload, codec))
    if not topic.endswith(_UP):
        return (uplinks,)
    events = topic.removesuffix(_UP)
    others = ((_STATUS, decode_status), (_JOIN, decode_join), (_LOG, decode_log))
    return uplinks, *(Route(events + event, read) for event, read in others)


def watched(_topic: str) -> str:
    """Every device of every application."""
    return "application/+/device/+/event/+"


def is_noise(topic: str) -> bool:
    """Acknowledgements of what was sent to a device, locations, integrations: no readings."""
    return not topic.endswith((_UP, _STATUS, _JOIN, _LOG))


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


def decode_join(payload: bytes) -> Decoded:
    """The device joined, and so it lives."""
    return Decoded(at=from_iso(lorawan.message(_joins, payload, "not a ChirpStack join").time))


def decode_log(payload: bytes) -> Decoded:
    """What the network server could not do for the device, counted by its code; only an uplink shows that it lives."""
    log = lorawan.message(_logs, payload, "not a ChirpStack log")
    said = f"the network server says {log.code}"
    if log.code not in _OF_UPLINKS:
        raise DecodeError(said)
    return Decoded(at=from_iso(log.time), problems=(said,) if log.level == "ERROR" else ())
