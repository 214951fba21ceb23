"""Clocks that are wrong, a sensor's or the gateway's own, over real wires: no news becomes old, no reading is lost."""

import asyncio
from pathlib import Path

from backbone.steady import wall_ms
from backbone.unset_clock import SET_SINCE_MS
from community.quality import Quality
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import mqtt_device, site_of
from tests.servers import Broker
from tests.waiting import until

SMOKE, CLIMATE = "zigbee2mqtt/smoke", "zigbee2mqtt/climate"
SITE = site_of(
    [mqtt_device("smoke", "zigbee2mqtt-smoke", SMOKE), mqtt_device("climate", "zigbee2mqtt-climate", CLIMATE)]
)
SUSPECT = int(Quality.CLOCK_SUSPECT)
MINUTE = 60_000
HOUR = 60 * MINUTE


class WrongClock:
    """A machine's clock that is `error` ms off."""

    def __init__(self, error: int) -> None:
        self.error = error

    def __call__(self) -> int:
        return wall_ms() + self.error


async def test_smoke_from_a_detector_whose_clock_is_slow_is_news(mosquitto: Broker, tmp_path: Path) -> None:
    rules = Consumer("rules")
    settings = gateway_settings(mosquitto.port, tmp_path / "data", consumers=("rules",))
    async with (
        Operator.connected(mosquitto.port) as operator,
        rules.running(mosquitto.port),
        running_gateway(SITE, settings),
    ):
        await operator.online()
        for behind in (7 * MINUTE, 3 * HOUR, 23 * HOUR):
            began, heard = wall_ms(), len(rules.values("smoke.smoke"))
            operator.publish(SMOKE, {"smoke": True, "last_seen": began - behind})
            await until(lambda heard=heard: len(rules.values("smoke.smoke")) > heard, "the smoke")  # type: ignore[misc]
            ((t, q),) = [(t, q) for point, t, _, q in rules.readings[-3:] if point == "smoke.smoke"][-1:]
            assert began <= t <= wall_ms()
            assert q == SUSPECT
        operator.publish(SMOKE, {"smoke": True, "last_seen": wall_ms() - 7 * MINUTE}, retain=True)
    async with (
        Operator.connected(mosquitto.port) as operator,
        rules.running(mosquitto.port),
        running_gateway(SITE, settings),
    ):
        await until(
            lambda: any(t < wall_ms() - 6 * MINUTE for point, t, _, _ in rules.readings if point == "smoke.smoke"),
            "what the broker retained, as old as it is",
        )


async def test_a_gateway_that_starts_in_1970_dates_what_it_read(mosquitto: Broker, tmp_path: Path) -> None:
    """Live readings and those that waited, before and after NTP sets the clock; none is lost, all are flagged."""
    machine, rules, ingest = WrongClock(0), Consumer("rules"), Consumer("ingest")
    machine.error = 100_000 - wall_ms()
    settings = gateway_settings(mosquitto.port, tmp_path / "data", bulk_age_s=0.02, status_s=0.5)
    began = wall_ms()
    async with (
        Operator.connected(mosquitto.port) as operator,
        running_gateway(SITE, settings, machine_ms=machine),
    ):
        await operator.online()
        assert "clock is not set" in operator.status["problem"]
        operator.publish(CLIMATE, {"temperature": 1})
        operator.publish(SMOKE, {"smoke": True})
        await until(lambda: operator.status["spooled"] >= 2, "both to be spooled")
        async with rules.running(mosquitto.port):
            await rules.until(2)
            operator.publish(CLIMATE, {"temperature": 2})
            await rules.until(3)
            machine.error = 0
            await until(lambda: operator.status["problem"] is None, "the clock to be set")
            operator.publish(CLIMATE, {"temperature": 3})
            await rules.until(4)
        async with ingest.running(mosquitto.port):
            await ingest.until(4)
    for consumer in (rules, ingest):
        assert sorted(consumer.values("climate.temperature")) == [1, 2, 3]
        assert all(began - 1000 <= t <= wall_ms() for _, t, _, _ in consumer.readings)
        assert [q for _, _, x, q in consumer.readings if x == 3] == [0]
        assert all(q == SUSPECT for _, _, x, q in consumer.readings if x != 3)


async def test_a_gateway_whose_clock_is_wrong_or_jumps_loses_nothing_and_follows_the_platform(
    mosquitto: Broker, tmp_path: Path
) -> None:
    machine, rules = WrongClock(-3 * HOUR), Consumer("rules")
    settings = gateway_settings(
        mosquitto.port, tmp_path / "data", consumers=("rules",), bulk_age_s=0.02, status_s=0.5, spool_age_s=HOUR / 1000
    )
    sent = 0

    async def read_some(operator: Operator) -> None:
        nonlocal sent
        for _ in range(20):
            sent += 1
            operator.publish(CLIMATE, {"temperature": sent / 100})
            await rules.until(sent)

    async with Operator.connected(mosquitto.port) as operator, running_gateway(SITE, settings, machine_ms=machine):
        await operator.online()
        async with rules.running(mosquitto.port):
            async with asyncio.timeout(60):
                while "behind the platform's" not in (operator.status["problem"] or ""):
                    await read_some(operator)
            operator.publish(SMOKE, {"smoke": True})
            await until(lambda: rules.values("smoke.smoke"), "the smoke")
            ((t, q),) = [(t, q) for point, t, _, q in rules.readings if point == "smoke.smoke"]
            assert wall_ms() - MINUTE < t <= wall_ms() + MINUTE, "an emergency, whatever the gateway's clock says"
            assert q == SUSPECT
            sent += 1
            for error in (0, 400 * 24 * HOUR, -2 * HOUR, 0):
                machine.error = error
                await read_some(operator)
        machine.error = 0
        for _ in range(50):
            sent += 1
            operator.publish(CLIMATE, {"temperature": sent / 100})
        await until(lambda: operator.status["spooled"], "a spool with something in it")
        machine.error = 400 * 24 * HOUR
        await until(lambda: operator.status["problem"] is None, "a status after the jump")
        async with rules.running(mosquitto.port):
            await rules.until(sent)
    assert len(rules.readings) == sent, "also nothing thrown away as too old by a clock that leapt ahead"
    assert min(t for _, t, _, _ in rules.readings) > SET_SINCE_MS
