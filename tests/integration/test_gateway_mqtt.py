"""MQTT sensors through the real service and a real broker to a consumer of the stream."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from backbone import topics
from backbone.bus import Bus
from backbone.steady import wall_ms
from community.quality import Quality
from community.site.load import load_site
from community.site.profile import Lane
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import GATEWAY, PROFILES, mqtt_device, site_of, site_text
from tests.servers import Broker, mosquitto
from tests.waiting import until

SMOKE = "zigbee2mqtt/hall/smoke"
CLIMATE = "zigbee2mqtt/hall/climate"
DOOR = "esp-rfid/door"
SITE = site_of(
    [
        mqtt_device("smoke", "zigbee2mqtt-smoke", SMOKE),
        mqtt_device("climate", "zigbee2mqtt-climate", CLIMATE),
        mqtt_device("door", "esp-rfid", DOOR),
    ],
    elsewhere=[mqtt_device("neighbour", "zigbee2mqtt-climate", "zigbee2mqtt/neighbour")],
)


async def test_messages_become_readings_for_every_consumer(broker: Broker, tmp_path: Path) -> None:
    ingest, rules = Consumer("ingest"), Consumer("rules")
    settings = gateway_settings(broker.port, tmp_path / "data")
    async with (
        Operator.connected(broker.port) as operator,
        ingest.running(broker.port),
        rules.running(broker.port),
        running_gateway(SITE, settings),
    ):
        await operator.online()
        operator.publish(CLIMATE, {"temperature": 21.5, "humidity": 40})
        operator.publish(SMOKE, {"smoke": True, "battery": 80})
        operator.publish(SMOKE + "/availability", {"state": "offline"})
        operator.publish(
            DOOR + "/send",
            {"type": "access", "isKnown": "true", "access": "Always", "username": "王伟", "uid": "ba839d07"},
        )
        for consumer in (ingest, rules):
            await consumer.until(7)
            assert consumer.values("climate.temperature") == [21.5]
            assert consumer.values("smoke.smoke") == [1.0, 1.0]
            assert consumer.last("smoke.smoke") == (1.0, int(Quality.COMMUNICATION_FAILURE))
            assert consumer.last("smoke.online") == (0.0, 0)
            assert Lane.URGENT in consumer.lanes
            assert Lane.BULK in consumer.lanes
            await until(lambda c=consumer: c.events, "the event")  # type: ignore[misc]
            (event,) = consumer.events
            assert event.type == "access.granted"
            assert "王伟" not in str(event.data)
            assert "ba839d07" not in str(event.data)
        await until(lambda: operator.status["devices"]["smoke"]["error"] == "offline", "the status")
        await until(lambda: operator.status.get("spooled") == 0, "frames to be forgotten")
        assert operator.status["devices"]["smoke"]["ok"] is False
        assert operator.status["devices"]["climate"]["ok"] is True
        assert operator.status["counters"]["messages"] == 4
    assert (tmp_path / "data" / "pseudonym.key").stat().st_mode & 0o777 == 0o600


async def test_cards_and_names_leave_as_they_are_read_where_the_site_file_says_so(
    mosquitto: Broker, tmp_path: Path
) -> None:
    rules = Consumer("rules")
    text = site_text([mqtt_device("door", "esp-rfid", DOOR)])
    site = load_site(text.replace("id: test,", "id: test, personal_data: as-read,"), PROFILES)
    async with (
        Operator.connected(mosquitto.port) as operator,
        rules.running(mosquitto.port),
        running_gateway(site, gateway_settings(mosquitto.port, tmp_path / "data", consumers=("rules",))),
    ):
        await operator.online()
        said = {"type": "access", "isKnown": "true", "access": "Always", "username": "王伟", "uid": "ba839d07"}
        operator.publish(DOOR + "/send", said)
        await until(lambda: rules.events, "the event")
    assert {key: rules.events[0].data[key] for key in ("card", "person")} == {"card": "ba839d07", "person": "王伟"}


async def test_garbage_is_counted_and_everything_else_goes_on(broker: Broker, tmp_path: Path) -> None:
    rules = Consumer("rules")
    settings = gateway_settings(broker.port, tmp_path / "data", consumers=("rules",), status_s=0.5)
    async with (
        Operator.connected(broker.port) as operator,
        rules.running(broker.port),
        running_gateway(SITE, settings),
    ):
        await operator.online()
        for payload in (b"{", b'{"temperature":NaN}', b'{"temperature":"21"}', b"[" * 100_000, b"x" * 300_000, b"\xff"):
            operator.publish(CLIMATE, payload)
        operator.publish("zigbee2mqtt/stranger", {"temperature": 1})
        operator.publish("zigbee2mqtt/neighbour", {"temperature": 1})
        operator.publish("zigbee2mqtt/bridge/state", {"state": "online"})
        operator.publish(CLIMATE, {"temperature": 22.0, "humidity": True})
        await until(lambda: rules.values("climate.temperature") == [22.0], "the good reading")
        expected = {
            (CLIMATE, "not JSON"): 3,
            (CLIMATE, "temperature: a text where a number is expected"): 1,
            (CLIMATE, "JSON nested too deeply"): 1,
            (CLIMATE, "payload over 256 KiB"): 1,
            (CLIMATE, "humidity: a boolean where a number is expected"): 1,
            ("zigbee2mqtt/stranger", "unknown device"): 1,
        }
        await until(lambda: operator.refusals() == expected, f"{expected}")
        assert rules.refused == []


async def test_ten_megabytes_cost_nobody_else_anything(mosquitto: Broker, tmp_path: Path) -> None:
    rules = Consumer("rules")
    settings = gateway_settings(mosquitto.port, tmp_path / "data", consumers=("rules",), status_s=0.5)
    async with (
        Operator.connected(mosquitto.port) as operator,
        rules.running(mosquitto.port),
        running_gateway(SITE, settings),
    ):
        await operator.online()
        operator.publish(CLIMATE, b"x" * 10_000_000)
        operator.publish(SMOKE, {"smoke": False})
        await until(lambda: rules.values("smoke.smoke") == [0.0], "the reading behind it")
        await until(lambda: operator.refusals() == {(CLIMATE, "payload over 256 KiB"): 1}, "the count")


async def test_an_outage_of_the_broker_loses_nothing(tmp_path: Path) -> None:
    """The sensors' broker stays, the platform's goes: first and last seconds included."""
    ingest, rules = Consumer("ingest"), Consumer("rules")
    with mosquitto(tmp_path / "sensors") as sensors, mosquitto(tmp_path / "platform") as platform:
        site = site_of(
            [mqtt_device("climate", "zigbee2mqtt-climate", CLIMATE)], mqtt=f"mqtt://127.0.0.1:{sensors.port}"
        )
        settings = gateway_settings(platform.port, tmp_path / "data")
        async with (
            Operator.connected(sensors.port) as bridge,
            Operator.connected(platform.port) as operator,
            ingest.running(platform.port),
            rules.running(platform.port),
            running_gateway(site, settings),
        ):
            await operator.online()
            sent = []
            for step in range(300):
                if step == 100:
                    platform.process.kill()
                if step == 200:
                    platform.process.start()
                bridge.publish(CLIMATE, {"temperature": step / 10})
                sent.append(step / 10)
                await asyncio.sleep(0.005)
            for consumer in (ingest, rules):
                await consumer.until(300, 40)
                assert consumer.values("climate.temperature") == sent


async def test_a_gateway_that_cannot_hear_its_sensors_says_so(tmp_path: Path) -> None:
    """It is online, and would look well, while no sensor reaches it."""
    with mosquitto(tmp_path / "sensors") as sensors, mosquitto(tmp_path / "platform") as platform:
        site = site_of(
            [mqtt_device("climate", "zigbee2mqtt-climate", CLIMATE)], mqtt=f"mqtt://127.0.0.1:{sensors.port}"
        )
        async with (
            Operator.connected(platform.port) as operator,
            running_gateway(site, gateway_settings(platform.port, tmp_path / "data")),
        ):
            await operator.online()
            assert operator.status["problem"] is None
            sensors.process.kill()
            await until(lambda: operator.status["problem"], "the problem")
            assert operator.status["online"]
            assert f"127.0.0.1:{sensors.port}" in str(operator.status["problem"])
            sensors.process.start()
            await until(lambda: operator.status["problem"] is None, "its end")


@pytest.mark.parametrize("dead", ["ingest", "rules"])
async def test_a_dead_consumer_delays_the_other_by_nothing_and_catches_up(
    broker: Broker, tmp_path: Path, dead: str
) -> None:
    late, alive = Consumer(dead), Consumer("rules" if dead == "ingest" else "ingest")
    settings = gateway_settings(broker.port, tmp_path / "data", bulk_readings=1)
    async with Operator.connected(broker.port) as operator, running_gateway(SITE, settings):
        await operator.online()
        sent = [step / 10 for step in range(700)]
        async with alive.running(broker.port):
            for step in sent:
                operator.publish(CLIMATE, {"temperature": step})
            await until(lambda: len(alive.readings) == len(sent), alive.name)
            assert operator.status["spooled"] >= 0
            async with late.running(broker.port):
                await until(lambda: len(late.readings) >= len(sent), late.name)
        assert alive.values("climate.temperature") == sent
        assert late.values("climate.temperature") == sent


async def test_a_restarted_gateway_sends_what_was_not_committed(broker: Broker, tmp_path: Path) -> None:
    settings = gateway_settings(broker.port, tmp_path / "data", consumers=("rules",))
    async with Operator.connected(broker.port) as operator:
        async with running_gateway(SITE, settings):
            await operator.online()
            operator.publish(CLIMATE, {"temperature": 1})
            operator.publish(SMOKE, {"smoke": True})
            await until(lambda: operator.status["counters"]["readings"] >= 2, "the readings")
        await until(lambda: operator.status["online"] is False, "the last word")
        rules = Consumer("rules")
        async with rules.running(broker.port), running_gateway(SITE, settings):
            await operator.online()
            operator.publish(CLIMATE, {"temperature": 2})
            await until(lambda: len(rules.readings) >= 3, "old and new")
        assert rules.values("climate.temperature") == [1.0, 2.0]
        assert rules.values("smoke.smoke") == [1.0]


async def test_a_lost_spool_is_noticed_by_what_consumers_committed(broker: Broker, tmp_path: Path) -> None:
    settings = gateway_settings(broker.port, tmp_path / "data", consumers=("rules",))
    rules = Consumer("rules")
    async with Operator.connected(broker.port) as operator, Bus(f"mqtt://127.0.0.1:{broker.port}", "x") as bus:
        await until(lambda: bus.connected, "the broker")
        ahead = {"epoch": wall_ms() // 1000 + 1_000_000, "urgent": 5, "bulk": 900}
        rules.positions = {}
        bus.publish(topics.committed("test", GATEWAY, "rules"), msgspec.json.encode(ahead), retain=True)
        async with running_gateway(SITE, settings):
            await operator.online()
            await until(lambda: operator.status["epoch"] > ahead["epoch"], "a higher epoch")
            async with rules.running(broker.port):
                operator.publish(CLIMATE, {"temperature": 3})
                await until(lambda: rules.values("climate.temperature") == [3.0], "the reading")


async def test_the_will_says_offline(mosquitto: Broker, tmp_path: Path) -> None:
    settings = gateway_settings(mosquitto.port, tmp_path / "data")
    async with Operator.connected(mosquitto.port) as operator:
        async with running_gateway(SITE, settings):
            await operator.online()
            assert operator.status["version"]
            assert operator.status["epoch"] > 0
        await until(lambda: operator.status["online"] is False, "offline")
