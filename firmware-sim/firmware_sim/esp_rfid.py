"""Door controllers (esp-rfid): people come and go with cards; now and then a card is refused, or a door misused."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from community.site.devices import Device
from community.site.profile import Profile
from firmware_sim.message import Message
from firmware_sim.world import World

RESIDENTS = 400
REFUSED_SHARE = 0.02
MAX_OPEN_S = 30.0
"""After this the controller warns that the door was not closed."""
QUIET_S = 5.0
"""A door is forced only so long after the last card: nobody could tell otherwise."""


class Door(Enum):
    """Why it stands open, if it does."""

    CLOSED = auto()
    PASSAGE = auto()
    HELD = auto()
    FORCED = auto()


@dataclass
class EspRfid:
    """One controller and its door."""

    device: Device
    profile: Profile
    rng: random.Random
    heartbeat_s: float = 60.0
    _door: Door = Door.CLOSED
    _opened_at: float = 0.0
    _closes_at: float = 0.0
    _warned: bool = False
    _tampered: bool = False
    _last_card: float = 0.0
    _next_person: float = 0.0
    _next_beat: float = 0.0
    _announced: bool = False

    def announce(self) -> None:
        """Its presence is kept by the broker."""
        self._announced = False

    def say(self, world: World, now: float) -> Iterator[Message]:
        """Presence, heartbeats, cards, and the door itself."""
        if not self._announced:
            self._announced = True
            yield Message(f"{self._base}/avty", b"online", retain=True)
            yield self._about_door(now)
        if not self._next_person:
            self._next_person = now + self.rng.uniform(5, 60)
        if now >= self._next_beat:
            self._next_beat = now + self.heartbeat_s
            yield self._send(now, {"type": "heartbeat", "uptime": int(now) % 1_000_000, "ip": "10.0.0.7"})
        tampered = world.value(self.device, "tamper", now) >= 0.5
        if tampered and not self._tampered:
            yield self._send(now, {"type": "WARN", "src": "tamper", "desc": "Door was tampered!"})
        self._tampered = tampered
        yield from self._door_moves(world, now)

    def _door_moves(self, world: World, now: float) -> Iterator[Message]:
        held = world.value(self.device, "held", now) >= 0.5
        forced = world.value(self.device, "contact", now) >= 0.5
        if self._door is Door.CLOSED:
            if forced and now - self._last_card > QUIET_S:
                yield self._open(Door.FORCED, now)
            elif held:
                yield self._granted(now)
                yield self._open(Door.HELD, now)
            elif not forced and now >= self._next_person:
                yield from self._somebody(world, now)
        elif (
            (self._door is Door.FORCED and not forced)
            or (self._door is Door.HELD and not held)
            or (self._door is Door.PASSAGE and now >= self._closes_at)
        ):
            self._door = Door.CLOSED
            yield self._about_door(now)
        elif now - self._opened_at >= MAX_OPEN_S and not self._warned:
            self._warned = True
            yield self._send(now, {"type": "WARN", "src": "door", "desc": "Door wasn't closed within max open time!"})

    def _somebody(self, world: World, now: float) -> Iterator[Message]:
        self._next_person = now + self.rng.expovariate(1 / (40 + 300 * (1 - world.people(now))))
        if self.rng.random() < REFUSED_SHARE:
            denied = {"isKnown": "false", "access": "Denied", "username": "Unknown"}
            yield self._send(now, {"type": "access", **denied, **self._card()})
            return
        yield self._granted(now)
        self._closes_at = now + self.rng.uniform(3, 9)
        yield self._open(Door.PASSAGE, now)

    def _granted(self, now: float) -> Message:
        self._last_card = now
        card = self._card()
        known = {"isKnown": "true", "access": "Always", "username": f"resident-{int(card['uid'], 16) % RESIDENTS}"}
        return self._send(now, {"type": "access", **known, **card})

    def _card(self) -> dict[str, str]:
        number = self.rng.randrange(RESIDENTS)
        return {"uid": f"{0xA1B20000 + number * 7919:08x}", "doorName": self.device.id}

    def _open(self, why: Door, now: float) -> Message:
        self._door, self._opened_at, self._warned = why, now, False
        return self._about_door(now)

    def _about_door(self, now: float) -> Message:
        word = "Door Closed" if self._door is Door.CLOSED else "Door Open"
        return self._send(now, {"type": "INFO", "src": "door", "desc": word})

    def _send(self, now: float, body: dict[str, object]) -> Message:
        text = json.dumps({**body, "time": int(now), "hostname": self.device.id}, separators=(",", ":"))
        return Message(f"{self._base}/send", text.encode())

    @property
    def _base(self) -> str:
        return self.device.mqtt.topic if self.device.mqtt else self.device.id
