"""What there is to measure: physics a person would believe, by the hour, the place and what just happened there.

`World.value` is the one question devices ask. Seeded: the same seed and the same times give the same answers.
"""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from community.site.devices import Device
from community.site.site import Site

DAY_S = 86_400.0
Effect = Callable[[float], float]
"""A value by the seconds since its scenario began; NaN while it changes nothing yet."""


@dataclass(frozen=True, slots=True)
class Happening:
    """A scenario's effect on one measure of one device, from `start` to `end` (Unix seconds)."""

    start: float
    end: float
    effect: Effect


@dataclass
class World:
    """The community's physical state."""

    site: Site
    seed: int
    happenings: dict[tuple[str, str], Happening] = field(default_factory=dict)
    silent: dict[str, float] = field(default_factory=dict)
    """Devices that say nothing until then (Unix seconds)."""

    def __post_init__(self) -> None:
        self._zone = ZoneInfo(self.site.file.site.timezone)
        self._characters: dict[tuple[str, str], float] = {}

    def value(self, device: Device, measure: str, now: float) -> float:
        """What the device would measure at `now` (Unix seconds), in the point's unit."""
        happening = self.happenings.get((device.id, measure))
        if happening is not None and happening.start <= now < happening.end:
            changed = happening.effect(now - happening.start)
            if not math.isnan(changed):
                return changed
        ordinary = ORDINARY.get(measure)
        return ordinary(self, device, now) if ordinary is not None else 0.0

    def is_silent(self, device: Device, now: float) -> bool:
        """Whether a scenario keeps the device from speaking."""
        return now < self.silent.get(device.id, 0.0)

    def hour(self, now: float) -> float:
        """Local hour of the day, 0-24."""
        local = datetime.fromtimestamp(now, self._zone)
        return local.hour + local.minute / 60 + local.second / 3600

    def character(self, device: Device, what: str) -> float:
        """A lasting trait of a device, 0-1: two sensors never agree to the last digit."""
        known = self._characters.get((device.id, what))
        if known is None:
            known = random.Random(f"{self.seed}:{device.id}:{what}").random()  # noqa: S311
            self._characters[device.id, what] = known
        return known

    def ripple(self, device: Device, what: str, now: float, period_s: float) -> float:
        """Slow wandering between -1 and 1: three waves whose phases are the device's own."""
        phase = self.character(device, what) * math.tau
        turn = now / period_s * math.tau
        return (math.sin(turn + phase) + 0.6 * math.sin(2.7 * turn + 2 * phase) + 0.3 * math.sin(6.1 * turn)) / 1.9

    def people(self, now: float) -> float:
        """How lively the place is, 0-1: two peaks, morning and evening."""
        hour = self.hour(now)
        return min(
            1.0, 0.1 + 0.7 * math.exp(-(((hour - 8) / 1.8) ** 2)) + 0.9 * math.exp(-(((hour - 18.5) / 2.5) ** 2))
        )


def _temperature(world: World, device: Device, now: float) -> float:
    outdoors = device.zone.startswith(("gate", "refuse"))
    swing, mean = (6.0, 14.0) if outdoors else (1.5, 21.0)
    daily = math.sin((world.hour(now) - 9.5) / 24 * math.tau)
    return (
        mean + swing * daily + world.ripple(device, "temperature", now, 1800) * 0.4 + world.character(device, "t") * 2
    )


def _humidity(world: World, device: Device, now: float) -> float:
    daily = math.sin((world.hour(now) - 9.5) / 24 * math.tau)
    return 52 - 6 * daily + world.ripple(device, "humidity", now, 2400) * 2 + world.character(device, "h") * 6


def _co2(world: World, device: Device, now: float) -> float:
    return (
        430 + 420 * world.people(now) + 30 * world.ripple(device, "co2", now, 900) + 40 * world.character(device, "c")
    )


def _fill(world: World, device: Device, now: float) -> float:
    """Bins fill through the day and are emptied at six in the morning."""
    since = (world.hour(now) - 6) % 24
    rate = 1.2 + 1.6 * world.character(device, "fill")
    return min(78.0, 4 + rate * since)


def _distance(world: World, device: Device, now: float) -> float:
    assert device.bin is not None
    fill = world.value(device, "fill", now)
    echo = 3 * world.ripple(device, "distance", now, 45)
    return device.bin.depth_mm - fill / 100 * (device.bin.depth_mm - device.bin.dead_zone_mm) + echo


def _power(world: World, device: Device, now: float) -> float:
    return 300 + 3500 * world.people(now) + 200 * world.ripple(device, "power", now, 600)


def _energy(world: World, device: Device, now: float) -> float:
    return 10_000 * world.character(device, "energy") + (now % (365 * DAY_S)) / 3600 * 1.2


ORDINARY: Mapping[str, Callable[[World, Device, float], float]] = {
    "temperature": _temperature,
    "humidity": _humidity,
    "co2": _co2,
    "tvoc": lambda w, d, t: 120 + 160 * w.people(t) + 20 * w.ripple(d, "tvoc", t, 1200),
    "pm25": lambda w, d, t: 28 + 10 * w.ripple(d, "pm25", t, 7200) + 6 * w.character(d, "pm"),
    "pm10": lambda w, d, t: 48 + 16 * w.ripple(d, "pm25", t, 7200) + 9 * w.character(d, "pm"),
    "noise": lambda w, d, t: 40 + 14 * w.people(t) + 3 * w.ripple(d, "noise", t, 60),
    "voltage": lambda w, d, t: 228 + 3 * w.ripple(d, "voltage", t, 300),
    "power": _power,
    "current": lambda w, d, t: _power(w, d, t) / 228,
    "frequency": lambda w, d, t: 50 + 0.02 * w.ripple(d, "frequency", t, 40),
    "energy": _energy,
    "level": lambda w, d, t: (1.8 if d.zone == "pump-room" else 0.05) + 0.04 * w.ripple(d, "level", t, 900),
    "pressure": lambda w, d, t: 0.42 + 0.015 * w.ripple(d, "pressure", t, 300),
    "fill": _fill,
    "distance": _distance,
    "bin-temperature": lambda w, d, t: _temperature(w, d, t) + 3,
    "battery": lambda w, d, _: round(62 + 36 * w.character(d, "battery")),
    "online": lambda _w, _d, _t: 1.0,
}
"""What a measure shows when nothing particular happens; what is not listed is 0: no smoke, closed, dry."""
