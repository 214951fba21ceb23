"""The simulated devices without wires: what they say over time, the same for the same seed."""

import base64
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from backbone.settings import Settings
from backbone.site_files import read_site
from community.site.profile import Register
from community.site.site import Site
from firmware_sim.message import Message
from firmware_sim.messages import Speaker, speaker
from firmware_sim.modbus import panel_word
from firmware_sim.registers import words
from firmware_sim.scenarios import SCENARIOS, begin
from firmware_sim.world import World

START = 1_790_000_000.0
TICK_S = 0.25


@pytest.fixture(scope="module")
def site() -> Site:
    return read_site(Settings())


def speakers(site: Site, seed: int = 1, only: str | None = None) -> list[Speaker]:
    found = [
        speaker(device, site.profiles[device.profile], random.Random(f"{seed}:{device.id}"))
        for device in site.devices.values()
        if only is None or device.id == only
    ]
    return [one for one in found if one is not None]


def heard(
    world: World, devices: list[Speaker], seconds: float, start: float = START
) -> Iterator[tuple[float, Message]]:
    for tick in range(int(seconds / TICK_S)):
        now = start + tick * TICK_S
        for one in devices:
            if not world.is_silent(one.device, now):
                for message in one.say(world, now):
                    yield now, message


def bodies(world: World, devices: list[Speaker], seconds: float, start: float = START) -> list[tuple[float, Any]]:
    return [
        (now, json.loads(message.payload))
        for now, message in heard(world, devices, seconds, start)
        if not message.retain
    ]


def test_every_mqtt_device_of_the_demo_speaks_and_the_rate_stays_bounded(site: Site) -> None:
    devices = speakers(site)
    messages = list(heard(World(site, 1), devices, 120))
    topics = {message.topic for _, message in messages}
    for one in devices:
        assert one.device.mqtt is not None
        own = one.device.mqtt.topic.replace("/+/", "/1/")
        assert any(topic.startswith(own) for topic in topics), one.device.id
    assert 1 < len(messages) / 120 < 50


def test_the_same_seed_and_start_give_the_same_sequence(site: Site) -> None:
    first, again, other = ([*heard(World(site, seed), speakers(site, seed), 90)] for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_availability_is_kept_by_the_broker_and_said_again_when_it_forgot(site: Site) -> None:
    world, devices = World(site, 1), speakers(site, only="smoke-b3-f1-a")
    kept = [m for _, m in heard(world, devices, 10) if m.retain]
    assert kept == [Message("zigbee2mqtt/smoke-b3-f1-a/availability", b'{"state":"online"}', retain=True)]
    devices[0].announce()
    assert [m for _, m in heard(world, devices, 1, START + 10) if m.retain] == kept


def test_a_fire_reaches_the_second_detector_eight_seconds_later_and_ends_by_itself(site: Site) -> None:
    world = World(site, 1)
    a, b = (speakers(site, only=f"smoke-b3-f1-{letter}") for letter in "ab")
    list(heard(world, a + b, 10))
    touched = begin(world, "corridor-fire", None, START + 10)
    assert {"smoke-b3-f1-a", "smoke-b3-f1-b", "panel", "env-b3-f1"} <= set(touched)
    lasts = SCENARIOS["corridor-fire"].lasts_s
    first = [now for now, body in bodies(world, a, lasts + 90, START + 10) if body["smoke"]]
    second = [now for now, body in bodies(world, b, lasts + 90, START + 10) if body["smoke"]]
    assert first[0] == START + 10
    assert second[0] == START + 18
    assert max(first + second) < START + 10 + lasts
    env = site.devices["env-b3-f1"]
    assert world.value(env, "temperature", START + 100) > world.value(env, "temperature", START + 20) > 24
    assert world.value(env, "temperature", START + 300) < 30


def test_the_panel_shows_the_detector_of_the_building_that_burns(site: Site) -> None:
    world = World(site, 1)
    begin(world, "corridor-fire", "b5-f2", START)
    panel = site.devices["panel"]
    shown = [world.value(panel, f"detector-{number}-alarm", START + 20) for number in range(1, 7)]
    assert shown == [0, 0, 0, 0, 1, 0]


def test_normal_ends_everything(site: Site) -> None:
    world = World(site, 1)
    for name in SCENARIOS:
        assert begin(world, name, None, START), name
    begin(world, "normal", None, START + 5)
    assert not world.happenings
    assert not world.silent


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.silences])
def test_the_silent_say_nothing_and_come_back(site: Site, name: str) -> None:
    world, devices = World(site, 1), speakers(site)
    silent = set(begin(world, name, None, START))
    assert silent
    topics = {m.topic for _, m in heard(world, devices, 90)}
    quiet = [one for one in devices if one.device.id in silent and one.device.mqtt]
    for one in quiet:
        assert one.device.mqtt is not None
        assert not any(topic.startswith(one.device.mqtt.topic + "/") for topic in topics)
    assert not world.is_silent(site.devices[min(silent)], START + SCENARIOS[name].lasts_s)


def door(world: World, site: Site, scenario: str, seconds: float) -> list[tuple[float, str]]:
    """What the controller says of cards and its door from the scenario on."""
    devices = speakers(site, only="door-gate-1")
    begin(world, scenario, "gate-in", START)
    words_of = {"access": "access", "INFO": "desc", "WARN": "desc"}
    return [
        (now - START, body[words_of[body["type"]]])
        for now, body in bodies(world, devices, seconds)
        if body["type"] in words_of
    ]


def test_a_forced_door_opens_without_a_card(site: Site) -> None:
    said = door(World(site, 1), site, "door-forced", 22)
    assert [word for _, word in said] == ["Door Closed", "Door Open", "Door Closed"]
    assert said[2][0] == SCENARIOS["door-forced"].lasts_s


def test_a_held_door_was_opened_with_a_card_and_the_controller_warns(site: Site) -> None:
    said = door(World(site, 1), site, "door-held", 91)[:5]
    assert [word for _, word in said] == [
        "Door Closed",
        "Always",
        "Door Open",
        "Door wasn't closed within max open time!",
        "Door Closed",
    ]
    assert said[3][0] - said[2][0] == 30


def test_residents_come_with_cards_and_doors_close_behind_them(site: Site) -> None:
    said = [body for _, body in bodies(World(site, 1), speakers(site, only="door-b1"), 4 * 3600)]
    granted = [body for body in said if body.get("isKnown") == "true"]
    opened = [body for body in said if body.get("desc") == "Door Open"]
    assert len(granted) == len(opened) > 20
    assert {body["access"] for body in granted} == {"Always"}
    assert sum(body["type"] == "heartbeat" for body in said) == 4 * 60


def test_a_bin_fills_through_the_day_and_its_bytes_say_how_far(site: Site) -> None:
    world, device = World(site, 1), site.devices["bin-1"]
    assert device.bin is not None
    local_six = next(t for t in range(int(START), int(START) + 86_400, 600) if 6 <= world.hour(t) < 6.2)
    fills = [world.value(device, "fill", local_six + hour * 3600) for hour in range(1, 23)]
    assert fills == sorted(fills)
    assert fills[0] < 10
    assert 30 < fills[-1] < 80
    begin(world, "bin-full", "refuse", START)
    uplinks = bodies(world, speakers(site, only="bin-1"), 60)
    last = base64.b64decode(uplinks[-1][1]["data"])
    assert last[:2] == b"\x01\x75"
    assert last[3:5] == b"\x03\x82"
    distance = int.from_bytes(last[5:7], "little")
    assert distance < device.bin.dead_zone_mm + 0.06 * device.bin.depth_mm
    assert len(uplinks) > 3, "it reports while it moves, not only when due"


def test_people_make_carbon_dioxide(site: Site) -> None:
    world, device = World(site, 1), site.devices["air-centre-hall"]
    by_hour = {round(world.hour(START + h * 3600)): world.value(device, "co2", START + h * 3600) for h in range(24)}
    assert by_hour[19] > by_hour[3] + 200


@pytest.mark.parametrize(
    ("register", "value", "expected"),
    [
        (Register(function=4, address=1, type="int16", scale=0.1), 21.54, [215]),
        (Register(function=4, address=1, type="int16", scale=0.1), -5.0, [0x10000 - 50]),
        (Register(function=3, address=0), 70_000, [65_535]),
        (Register(function=4, address=0, type="float32"), 230.2, [0x4366, 0x3333]),
        (Register(function=4, address=0, type="uint32", word_order="little"), 65_537, [1, 1]),
        (Register(function=1, address=0, type="bool"), 1, [1]),
    ],
)
def test_values_as_registers(register: Register, value: float, expected: list[int]) -> None:
    assert words(register, value) == expected


@pytest.mark.parametrize(
    ("flags", "expected"),
    [(0, 0x04FF), (1 << 11, 0x0C10), (1 << 9, 0x02FF), (1 << 13, 0x24FF), (1 << 11 | 1 << 9, 0x0A10)],
)
def test_a_panel_completes_its_registers(flags: int, expected: int) -> None:
    """Active and disabled, trouble and alarm may stand together."""
    assert panel_word(flags) == expected
    assert panel_word(expected) == expected
