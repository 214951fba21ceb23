"""What can be made to happen. Each scenario is a row; its effects end by themselves."""

import math
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from community.site.devices import Device
from community.site.site import Point
from firmware_sim.world import Effect, Happening, World

_PANEL_ALARM = re.compile(r"detector-\d+-alarm")


@dataclass(frozen=True, slots=True)
class Scenario:
    """Where it happens if nobody says where, how long it lasts, and what it does to which measures."""

    zone: str
    lasts_s: float
    about: str
    effects: Callable[[World, str], Iterator[tuple[Device, str, Effect]]]
    silences: bool = False


def begin(world: World, name: str, zone: str | None, now: float, only: Collection[str] | None = None) -> list[str]:
    """Make a scenario happen from `now`, to `only` some devices if so asked; the devices it touches. `normal` ends all.

    Raises:
        KeyError: there is no such scenario.
    """
    if name == "normal":
        touched = sorted({device for device, _ in world.happenings} | set(world.silent))
        world.happenings.clear()
        world.silent.clear()
        return touched
    scenario = SCENARIOS[name]
    place = zone or scenario.zone
    end = now + scenario.lasts_s
    touched = []
    for device, measure, effect in scenario.effects(world, place):
        if only is not None and device.id not in only:
            continue
        touched.append(device.id)
        if scenario.silences:
            world.silent[device.id] = end
        else:
            world.happenings[device.id, measure] = Happening(now, end, effect)
    return touched


def end(world: World, devices: Collection[str]) -> None:
    """Nothing happens to these devices any more."""
    for device, measure in [key for key in world.happenings if key[0] in devices]:
        del world.happenings[device, measure]
    for device in devices:
        world.silent.pop(device, None)


def after(delay_s: float, value: float) -> Effect:
    """`value` from `delay_s` on."""
    return lambda since: value if since >= delay_s else math.nan


def rising(start: float, per_s: float, limit: float) -> Effect:
    """From `start` by `per_s` a second up to `limit`."""
    return lambda since: min(limit, start + per_s * since)


def _devices(world: World, zone: str, measure: str) -> list[Device]:
    """Devices with the measure in the zone or inside it, in the site's order."""
    return [
        world.site.devices[point.device]
        for point in world.site.points.values()
        if point.measure == measure and zone in world.site.zone_path(point.zone)
    ]


def _fire(world: World, zone: str) -> Iterator[tuple[Device, str, Effect]]:
    for order, device in enumerate(_devices(world, zone, "smoke")):
        yield device, "smoke", after(8.0 * order, 1.0)
    for device in _devices(world, zone, "temperature"):
        yield device, "temperature", rising(24, 0.4, 78)
    for point in _panel_points(world, zone):
        yield world.site.devices[point.device], point.measure, after(10.0, 1.0)


def _panel_points(world: World, zone: str) -> list[Point]:
    """The fire panel's detectors in the zone's building; its first where none is told to hang there."""
    alarms = [point for point in world.site.points.values() if _PANEL_ALARM.fullmatch(point.measure)]
    building = world.site.building_of(zone)
    return [point for point in alarms if world.site.building_of(point.zone) == building] or alarms[:1]


def _each(
    measure: str, effect: Effect, *, most: int = 1
) -> Callable[[World, str], Iterator[tuple[Device, str, Effect]]]:
    def effects(world: World, zone: str) -> Iterator[tuple[Device, str, Effect]]:
        for device in _devices(world, zone, measure)[:most]:
            yield device, measure, effect

    return effects


def _power_cut(world: World, zone: str) -> Iterator[tuple[Device, str, Effect]]:
    """Meters show nothing at once; water pressure sinks within half a minute, and the sump fills."""
    for measure, effect in (("voltage", after(0, 0)), ("power", after(0, 0)), ("current", after(0, 0))):
        yield from ((device, measure, effect) for device in _devices(world, zone, measure))
    for device in _devices(world, zone, "pressure"):
        yield device, "pressure", lambda since: max(0.02, 0.42 - 0.015 * since)
    for device in _devices(world, zone, "level"):
        yield device, "level", rising(1.8, 0.01, 2.4)


def _held(world: World, zone: str) -> Iterator[tuple[Device, str, Effect]]:
    """A door with a card reader is opened with a card and kept open; a plain contact just stands open."""
    for device in _devices(world, zone, "contact")[:1]:
        yield device, "held" if "credential" in world.site.profiles[device.profile].measures else "contact", after(0, 1)


def _one_device(world: World, zone: str) -> Iterator[tuple[Device, str, Effect]]:
    yield from list(_every_device(world, zone))[:1]


def _every_device(world: World, zone: str) -> Iterator[tuple[Device, str, Effect]]:
    for device in world.site.devices.values():
        if zone in world.site.zone_path(device.zone):
            yield device, "", after(0, 0)


def _every_device_of_gateway(world: World, zone: str) -> Iterator[tuple[Device, str, Effect]]:
    inside = {device.id for device, _, _ in _every_device(world, zone)}
    for gateway in world.site.gateways.values():
        if any(device.id in inside for device in gateway.devices):
            yield from ((device, "", after(0, 0)) for device in gateway.devices)
            return


SCENARIOS: dict[str, Scenario] = {
    "corridor-fire": Scenario("b3-f1", 240, "two detectors of a corridor, one after the other; it gets hot", _fire),
    "garage-flood": Scenario("garage", 300, "water rises on the ramp", _each("level", rising(0.05, 0.02, 0.8))),
    "pump-room-power": Scenario(
        "pump-room", 300, "the pump room has no power: pumps stop, pressure sinks, water rises", _power_cut
    ),
    "leak": Scenario("b2-shaft", 180, "a pipe leaks", _each("leak", after(0, 1))),
    "bin-full": Scenario("refuse", 600, "a bin is filled to the brim", _each("fill", rising(70, 1.5, 97))),
    "bin-fire": Scenario("refuse", 180, "a bin smoulders", _each("bin-temperature", rising(30, 2.0, 140))),
    "co2-high": Scenario("centre", 600, "a full hall with the windows shut", _each("co2", rising(900, 20, 2400))),
    "door-forced": Scenario("b1-lobby", 20, "a door opens and nobody showed a card", _each("contact", after(0, 1))),
    "door-held": Scenario("gate-in", 90, "a door is kept open", _held),
    "tamper": Scenario("b2-lobby", 60, "somebody takes a door controller off the wall", _each("tamper", after(0, 1))),
    "call-point": Scenario("b5-lobby", 120, "somebody presses a call point", _each("call-point", after(0, 1))),
    "overcurrent": Scenario("b1-shaft", 120, "a supply line carries far too much", _each("current", after(0, 85))),
    "air-contaminated": Scenario("centre-hall", 300, "a solvent is spilt in the hall", _each("tvoc", after(0, 22000))),
    "sensor-silent": Scenario("b6-f1", 900, "one device falls silent", _one_device, silences=True),
    "zone-silent": Scenario("b6", 900, "all devices of a place fall silent", _every_device, silences=True),
    "gateway-silent": Scenario(
        "b6", 900, "all devices behind the gateway of a place fall silent", _every_device_of_gateway, silences=True
    ),
}
