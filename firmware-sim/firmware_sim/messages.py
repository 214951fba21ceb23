"""What MQTT devices say: Zigbee2MQTT states, ChirpStack uplinks with a sensor's bytes, esp-rfid messages."""

import base64
import json
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from community.site.model import Device
from community.site.profile import Profile, ValueKind
from firmware_sim.world import World


class Message(NamedTuple):
    """A message of a device."""

    topic: str
    payload: bytes
    retain: bool = False


class Speaker(Protocol):
    """A device that publishes."""

    device: Device

    def say(self, world: World, now: float) -> Iterator[Message]:
        """What it publishes at `now`, if anything. Called a few times a second."""
        ...


def speaker(device: Device, profile: Profile, rng: random.Random) -> Speaker | None:
    """The device's way of speaking; None for one that is asked (Modbus) or whose format is not spoken here."""
    maker = {"zigbee2mqtt": Zigbee, "chirpstack": ChirpStack, "esp_rfid": EspRfid}.get(profile.decoder)
    return maker(device, profile, rng) if maker is not None and device.mqtt is not None else None


@dataclass
class Zigbee:
    """A Zigbee device behind Zigbee2MQTT: at once when a state changes, and every so often besides."""

    device: Device
    profile: Profile
    rng: random.Random
    every_s: float = 60.0
    _due: float = 0.0
    _last: dict[str | None, object] = field(default_factory=dict)
    _announced: bool = False

    def say(self, world: World, now: float) -> Iterator[Message]:
        """Availability once, then states."""
        assert self.device.mqtt is not None
        topic = self.device.mqtt.topic
        if not self._announced:
            self._announced = True
            self._due = now + self.rng.uniform(0, 5)
            yield Message(f"{topic}/availability", b'{"state":"online"}', retain=True)
        state = {
            row.path: self._as_said(world.value(self.device, measure, now), row.kind, row.invert)
            for measure, row in self.profile.measures.items()
            if row.path not in {None, "online"}
        }
        states: dict[str | None, object] = {key: value for key, value in state.items() if isinstance(value, bool)}
        if now < self._due and (not self._last or states == self._last):
            return
        self._last = states
        self._due = now + self.every_s * self.rng.uniform(0.9, 1.1)
        stamp = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = {**state, "linkquality": 60 + self.rng.randrange(120), "last_seen": stamp}
        if "smoke" in state:
            body["test"] = False
        yield Message(topic, json.dumps(body, separators=(",", ":")).encode())

    def _as_said(self, value: float, kind: ValueKind, invert: bool) -> object:
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
    _wet: float = 0.0

    def say(self, world: World, now: float) -> Iterator[Message]:
        """An uplink when due, or at once when it turns wet or dry."""
        assert self.device.mqtt is not None
        wet = world.value(self.device, "leak", now)
        if self._due == 0:
            self._due = now + self.rng.uniform(0, 10)
        if now < self._due and wet == self._wet:
            return
        self._wet = wet
        self._due = now + self.every_s * self.rng.uniform(0.9, 1.1)
        self._count += 1
        topic = self.device.mqtt.topic.replace("/+/", "/1/")
        eui = topic.split("/")[3] if topic.count("/") >= 3 else self.device.id
        moment = datetime.fromtimestamp(now, UTC)
        body = {
            "deduplicationId": str(self.rng.getrandbits(64)),
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


@dataclass
class EspRfid:
    """A door controller: people come and go with cards; now and then a card is refused."""

    device: Device
    profile: Profile
    rng: random.Random
    heartbeat_s: float = 60.0
    _next_person: float = 0.0
    _next_beat: float = 0.0
    _closes: float = 0.0
    _forced: bool = False
    _announced: bool = False

    def say(self, world: World, now: float) -> Iterator[Message]:
        """Presence, heartbeats, cards, and the door itself."""
        if not self._announced:
            self._announced = True
            self._next_person = now + self.rng.uniform(5, 60)
            yield self._avty(b"online")
            yield self._send(now, {"type": "INFO", "src": "door", "desc": "Door Closed"})
        if now >= self._next_beat:
            self._next_beat = now + self.heartbeat_s
            yield self._send(now, {"type": "heartbeat", "uptime": int(now) % 1_000_000, "ip": "10.0.0.7"})
        forced = world.value(self.device, "contact", now) >= 0.5
        if forced != self._forced:
            self._forced = forced
            yield self._send(now, {"type": "INFO", "src": "door", "desc": "Door Open" if forced else "Door Closed"})
        elif not forced:
            yield from self._people(world, now)

    def _people(self, world: World, now: float) -> Iterator[Message]:
        if self._closes and now >= self._closes:
            self._closes = 0.0
            yield self._send(now, {"type": "INFO", "src": "door", "desc": "Door Closed"})
        if now < self._next_person or self._closes:
            return
        self._next_person = now + self.rng.expovariate(1 / (40 + 300 * (1 - world.people(now))))
        number = self.rng.randrange(400)
        card = {"uid": f"{0xA1B20000 + number * 7919:08x}", "hostname": self.device.id, "doorName": self.device.id}
        if self.rng.random() < 0.02:
            denied = {"isKnown": "false", "access": "Denied", "username": "Unknown"}
            yield self._send(now, {"type": "access", **denied, **card})
            return
        granted = {"isKnown": "true", "access": "Always", "username": f"resident-{number}"}
        yield self._send(now, {"type": "access", **granted, **card})
        yield self._send(now, {"type": "INFO", "src": "door", "desc": "Door Open"})
        self._closes = now + self.rng.uniform(3, 9)

    def _send(self, now: float, body: dict[str, object]) -> Message:
        base = self.device.mqtt.topic if self.device.mqtt else self.device.id
        text = json.dumps({**body, "time": int(now), "hostname": self.device.id}, separators=(",", ":"))
        return Message(f"{base}/send", text.encode())

    def _avty(self, word: bytes) -> Message:
        base = self.device.mqtt.topic if self.device.mqtt else self.device.id
        return Message(f"{base}/avty", word, retain=True)
