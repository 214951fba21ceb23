"""Ten minutes without the platform: every reading of the first second, of the last, and between them arrives.

A gateway process, its sensors' broker, a Modbus device, and a platform's broker that is killed and started again. What
ten minutes at 50 readings/s bring comes as fast as the gateway takes it, so the outage itself is short;
`ANJU_OUTAGE_S=600` has it last as long as it says.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backbone.losses import EVENT_TYPE
from tests.faults.numbered import CountingModbus
from tests.gateway_rig import Consumer, Operator, gateway_program
from tests.gateway_site import modbus_device, mqtt_device, site_text
from tests.servers import free_port, mosquitto
from tests.waiting import until

AT_LEAST_S = float(os.environ.get("ANJU_OUTAGE_S", "0"))
RATE = 50
READINGS = 600 * RATE
BEFORE = 2_000
"""Readings before the outage, and as many after it: they do not pause for it."""
DEVICES = 8
ON_THEIR_WAY = 150
SMOKE_EVERY = 500


class Sensors:
    """Climate sensors that say when they measured what, and a smoke detector; they remember what they said."""

    def __init__(self, bridge: Operator) -> None:
        self._bridge = bridge
        self._t = [0] * DEVICES
        self.said: set[tuple[str, int, float]] = set()
        self.smoke: list[float] = []

    async def speak(self, readings: int, at_least_s: float = 0.0) -> None:
        """So many readings, not faster than in this time."""
        began, bus = time.monotonic(), self._bridge.bus
        for number in range(readings):
            device = len(self.said) % DEVICES
            await _come(lambda at=self._t[device]: _now() > at)  # type: ignore[misc]
            self._t[device] = t = _now()
            value = len(self.said) % 6_000 / 100
            stamp = datetime.fromtimestamp(t / 1000, UTC).isoformat(timespec="milliseconds")
            self._bridge.publish(f"zigbee2mqtt/climate-{device}", {"temperature": value, "last_seen": stamp})
            self.said.add((f"climate-{device}.temperature", t, value))
            if number % SMOKE_EVERY == 0:
                self.smoke.append(1.0 - self.smoke[-1] if self.smoke else 1.0)
                self._bridge.publish("zigbee2mqtt/smoke", {"smoke": bool(self.smoke[-1])})
            due = began + (number + 1) / readings * at_least_s
            await _come(lambda due=due: time.monotonic() >= due and bus.unacknowledged < ON_THEIR_WAY)  # type: ignore[misc]


@pytest.mark.timeout(120 + AT_LEAST_S)
async def test_ten_minutes_without_the_broker_lose_and_double_nothing(tmp_path: Path) -> None:
    consumers = ingest, rules = Consumer("ingest"), Consumer("rules")
    port = free_port()
    with (
        mosquitto(tmp_path / "sensors") as near,
        mosquitto(tmp_path / "platform") as platform,
        CountingModbus(port) as device,
    ):
        rows = [mqtt_device(f"climate-{i}", "zigbee2mqtt-climate", f"zigbee2mqtt/climate-{i}") for i in range(DEVICES)]
        rows += [mqtt_device("smoke", "zigbee2mqtt-smoke", "zigbee2mqtt/smoke")]
        rows += [modbus_device("air", "xy-md02", port, 1, ", every: 20ms")]
        gateway = gateway_program(
            platform.url,
            tmp_path,
            site_text(rows, mqtt=f"mqtt://127.0.0.1:{near.port}"),
            ANJU_MODBUS_TIMEOUT_S="10",  # an answer the gateway gave up waiting for would count as given
            ANJU_STATUS_S="0.5",
        )
        async with (
            Operator.connected(near.port) as bridge,
            Operator.connected(platform.port) as operator,
            ingest.running(platform.port),
            rules.running(platform.port),
        ):
            gateway.start()
            try:
                await operator.online()
                sensors = Sensors(bridge)
                await sensors.speak(BEFORE)
                platform.process.kill()
                began, polled = time.monotonic(), device.given[1]
                await sensors.speak(READINGS, AT_LEAST_S)
                platform.process.start()
                took_s, polled = time.monotonic() - began, device.given[1] - polled
                await sensors.speak(BEFORE)
                wanted = len(sensors.said) + len(sensors.smoke)
                for consumer in consumers:
                    await until(lambda c=consumer: mqtt_readings(c) >= wanted, "all of it", timeout_s=120)  # type: ignore[misc]
                given = device.given[1]
                for consumer in consumers:
                    await until(lambda c=consumer: len(c.values("air.temperature")) >= given - 1, "what was polled")  # type: ignore[misc]
            except AssertionError as error:
                raise AssertionError(f"{error}\n{json.dumps(operator.status)}\n{gateway.output()[-3000:]}") from None
            finally:
                gateway.stop()
    print(f"an outage of {took_s:.1f} s: {READINGS} readings said and {polled} polled meanwhile")
    for consumer in consumers:
        climate = [(point, t, x) for point, t, x, _ in consumer.readings if point.startswith("climate")]
        assert set(climate) == sensors.said
        assert len(climate) == len(sensors.said), "nothing twice"
        assert consumer.values("smoke.smoke") == sensors.smoke
        counted = [round(10 * x) for x in consumer.values("air.temperature")]
        assert counted == [number % 800 for number in range(1, len(counted) + 1)]
        assert all(q == 0 for *_, q in consumer.readings)
        assert not [event for event in consumer.events if event.type == EVENT_TYPE], "nothing to tell of"


async def _come(moment: Callable[[], bool]) -> None:
    """Like `until`, for moments a thousandth of a second away."""
    async with asyncio.timeout(60):
        while not moment():  # noqa: ASYNC110  (clock and bus have no event)
            await asyncio.sleep(0.001)


def _now() -> int:
    return time.time_ns() // 1_000_000


def mqtt_readings(consumer: Consumer) -> int:
    """How many it has of the sensors that speak MQTT."""
    return sum(not point.startswith("air.") for point, *_ in consumer.readings)
