"""Bytes of the spool's file turn bad, at random places: what can be read is right, and what cannot is on record."""

import asyncio
import random
from pathlib import Path

import pytest

from backbone.frames import FrameBuilder, decode
from backbone.losses import EVENT_TYPE, loss_of
from community.losses import LossReason
from community.site.profile import Lane
from gateway.spool import Spool
from gateway.spool_file import FILE
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import GATEWAY, mqtt_device, site_of
from tests.servers import mosquitto
from tests.waiting import until

NOW = 1_790_000_000_000
FRAMES = 400


def open_spool(folder: Path, now: int = NOW) -> Spool:
    return Spool.open(folder, max_bytes=10**9, max_age_ms=10**10, now=now)


def values(spool: Spool, lane: Lane) -> list[float]:
    found: list[float] = []
    at = 0
    while (row := spool.after(lane, at)) is not None:
        found += decode(spool.wire(row, at)).x.tolist()
        at = row.seq
    return found


@pytest.mark.parametrize("seed", range(20))
def test_damage_costs_what_is_damaged_and_is_told(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    spool = open_spool(tmp_path)
    builder = FrameBuilder()
    for number in range(FRAMES):
        for _ in range(20):
            builder.add("d.m", NOW + number, float(number), 0)
        spool.put(Lane.URGENT if number % 4 == 0 else Lane.BULK, builder, NOW + number)
    spool.close(NOW)
    path = tmp_path / FILE
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 3, 10])):
        at = chance.randrange(len(content))
        size = chance.choice([1, 16, 4096])
        content[at : at + size] = chance.randbytes(len(content[at : at + size]))
    if seed % 5 == 4:
        del content[chance.randrange(len(content)) :]
    path.write_bytes(content)

    again = open_spool(tmp_path, NOW + 10_000)
    kept = {lane: values(again, lane) for lane in Lane}
    for lane in Lane:
        wanted = [float(n) for n in range(FRAMES) if (n % 4 == 0) is (lane is Lane.URGENT) for _ in range(20)]
        assert set(kept[lane]) <= set(wanted)
        assert kept[lane] == sorted(kept[lane]), "in order"
        assert all(kept[lane].count(value) == 20 for value in set(kept[lane])), "whole frames, each once"
    told = [loss_of(event, "gw-1") for event, _ in again.losses.reports("gw-1", NOW + 10_000)]
    if sum(map(len, kept.values())) < FRAMES * 20:
        assert LossReason.DAMAGED in {loss.reason for loss in told}
    builder.add("d.m", NOW, -1.0, 0)
    again.put(Lane.BULK, builder, NOW)
    again.flush(NOW)
    assert values(again, Lane.BULK)[-1] == -1.0, "it goes on"
    again.close(NOW)


async def test_a_gateway_goes_on_with_what_can_be_read_of_its_spool_and_tells_upstream(tmp_path: Path) -> None:
    """Through the running service: an outage, damage on the disk while it is off, and the platform again."""
    rules, messages = Consumer("rules"), 1500
    with mosquitto(tmp_path / "sensors") as sensors, mosquitto(tmp_path / "platform") as platform:
        site = site_of(
            [
                mqtt_device("climate", "zigbee2mqtt-climate", "zigbee2mqtt/climate"),
                mqtt_device("smoke", "zigbee2mqtt-smoke", "zigbee2mqtt/smoke"),
            ],
            mqtt=f"mqtt://127.0.0.1:{sensors.port}",
        )
        settings = gateway_settings(
            platform.port, tmp_path / "data", consumers=("rules",), status_s=0.3, bulk_readings=5
        )
        async with Operator.connected(platform.port) as watch, Operator.connected(sensors.port) as devices:
            async with running_gateway(site, settings):
                await watch.online()
                devices.publish("zigbee2mqtt/smoke", {"smoke": True})
                for number in range(messages):
                    devices.publish("zigbee2mqtt/climate", {"temperature": number / 100})
                await until(lambda: watch.status["counters"]["messages"] > messages, "all to be read")
            file = tmp_path / "data" / "gateway" / GATEWAY / "spool.db"
            body = bytearray(await asyncio.to_thread(file.read_bytes))
            middle = len(body) // 2 // 4096 * 4096
            body[middle : middle + 8192] = bytes(8192)
            await asyncio.to_thread(file.write_bytes, body)
            async with running_gateway(site, settings), rules.running(platform.port):
                devices.publish("zigbee2mqtt/smoke", {"smoke": False})

                def told() -> set[LossReason]:
                    return {loss_of(event, GATEWAY).reason for event in rules.events if event.type == EVENT_TYPE}

                await until(lambda: rules.values("smoke.smoke")[-1:] == [0.0], "what is urgent")
                await until(lambda: LossReason.DAMAGED in told(), "the damage to be told")
                await until(lambda: watch.status.get("spooled") == 0, "the spool to be empty")
                problems = watch.status["problems"]
                assert any("the spool was damaged" in problem for problem in problems), problems
                assert any("readings were lost (damaged" in problem for problem in problems), problems
    arrived = rules.values("climate.temperature")
    assert len(arrived) > messages // 4, "up to the damage all can be read"
    assert set(arrived) <= {number / 100 for number in range(messages)}, "and it is right"
