"""What MQTT sensors say: Zigbee2MQTT states, ChirpStack uplinks with a sensor's own bytes."""

import base64
import json
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from community.site.devices import Device
from community.site.profile import Profile, ValueKind
from firmware_sim.esp_rfid import EspRfid
from firmware_sim.message import Message
from firmware_sim.world import World

LEAST_S = 5.0
"""A value that moves is reported at most this often."""
MOVED_MM = 30


class Speaker(Protocol):
    """A device that publishes."""

    device: Device

    def say(self, world: World, now: float) -> Iterator[Message]:
        """What it publishes at `now`, if anything. Called a few times a second."""
        ...

    def announce(self) -> None:
        """Have it say again what the broker is to keep: the broker may have forgotten."""
        ...


def speaker(device: Device, profile: Profile, rng: random.Random) -> Speaker | None:
    """The device's way of speaking; None for one that is asked (Modbus) or whose format is not spoken here."""
    maker = {"zigbee2mqtt": Zigbee, "chirpstack": ChirpStack, "esp_rfid": EspRfid}.get(profile.decoder)
    return maker(device, profile, rng) if maker is not None and device.mqtt is not None else None


@dataclass
class Zigbee:
    """A Zigbee device behind Zigbee2MQTT: at once when a state changes or a value moves, and every so often besides."""

    device: Device
    profile: Profile
    rng: random.Random
    every_s: float = 60.0
    _due: float = 0.0
    _said_at: float = 0.0
    _said: dict[str, float | bool] = field(default_factory=dict)
    _announced: bool = False

    def announce(self) -> None:
        """Availability is kept by the broker."""
        self._announced = False

    def say(self, world: World, now: float) -> Iterator[Message]:
        """Availability once, then states."""
        assert self.device.mqtt is not None
        topic = self.device.mqtt.topic
        if not self._announced:
            self._announced = True
            yield Message(f"{topic}/availability", b'{"state":"online"}', retain=True)
        if not self._due:
            self._due = now + self.rng.uniform(0, 5)
        state = {
            row.path: self._as_said(world.value(self.device, measure, now), row.kind, row.invert)
            for measure, row in self.profile.measures.items()
            if row.path is not None and row.path != "online"
        }
        if now < self._due and not self._changed(state, now):
            return
        self._said, self._said_at = state, now
        self._due = now + self.every_s * self.rng.uniform(0.9, 1.1)
        stamp = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body: dict[str, object] = {**state, "linkquality": 60 + self.rng.randrange(120), "last_seen": stamp}
        if "smoke" in state:
            body["test"] = False
        yield Message(topic, json.dumps(body, separators=(",", ":")).encode())

    def _changed(self, state: dict[str, float | bool], now: float) -> bool:
        """Alarms at once; values when they moved by one and not more often than every five seconds."""
        if not self._said:
            return any(value is True for path, value in state.items() if path != "contact")
        patient = now - self._said_at < LEAST_S
        return any(
            value != self._said[path] if isinstance(value, bool) else not patient and abs(value - self._said[path]) >= 1
            for path, value in state.items()
        )

    @staticmethod
    def _as_said(value: float, kind: ValueKind, invert: bool) -> float | bool:
        if kind is ValueKind.BOOLEAN:
            return (value >= 0.5) is not invert
        return round(value, 2)


@dataclass
class ChirpStack:
    """A LoRaWAN device behind ChirpStack v4: its own bytes, in base64."""

    device: Device
    profile: Profile
    rng: random.Random
    every_s: float = 60.0
    _due: float = 0.0
    _count: int = 0
    _said: tuple[float, float] = (0.0, 0.0)
    _said_at: float = 0.0

    def announce(self) -> None:
        """Nothing of it is kept by the broker."""

    def say(self, world: World, now: float) -> Iterator[Message]:
        """An uplink when due, at once when it turns wet or dry, soon when what lies below the sensor has moved."""
        assert self.device.mqtt is not None
        if not self._due:
            self._due = now + self.rng.uniform(0, 10)
        wet = world.value(self.device, "leak", now)
        distance = world.value(self.device, "distance", now) if self.device.bin else 0.0
        moved = self._said_at and now - self._said_at >= LEAST_S and abs(distance - self._said[1]) >= MOVED_MM
        if now < self._due and wet == self._said[0] and not moved:
            return
        self._said, self._said_at = (wet, distance), now
        self._due = now + self.every_s * self.rng.uniform(0.9, 1.1)
        self._count += 1
        topic = self.device.mqtt.topic.replace("/+/", "/1/")
        eui = topic.split("/")[3] if topic.count("/") >= 3 else self.device.id
        moment = datetime.fromtimestamp(now, UTC)
        body = {
            "deduplicationId": str(UUID(int=self.rng.getrandbits(128), version=4)),
            "time": moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000+00:00",
            "deviceInfo": {"deviceName": self.device.id, "devEui": eui, "applicationId": "1"},
            "fPort": 85,
            "fCnt": self._count,
            "data": base64.b64encode(self._payload(world, now)).decode(),
            "rxInfo": [{"rssi": -60 - self.rng.randrange(50), "snr": round(self.rng.uniform(-5, 11), 1)}],
        }
        yield Message(topic, json.dumps(body, separators=(",", ":")).encode())

    def _payload(self, world: World, now: float) -> bytes:
        def value(measure: str) -> float:
            return world.value(self.device, measure, now)

        battery = b"\x01\x75" + bytes([int(value("battery"))])
        if self.profile.codec == "milesight_em310_udl":
            distance = struct.pack("<H", max(0, min(65535, round(value("distance")))))
            return battery + b"\x03\x82" + distance + b"\x04\x00" + bytes([int(value("tilt"))])
        climate = struct.pack("<h", round(value("temperature") * 10)), bytes([round(value("humidity") * 2)])
        return battery + b"\x03\x67" + climate[0] + b"\x04\x68" + climate[1] + b"\x05\x00" + bytes([int(value("leak"))])
