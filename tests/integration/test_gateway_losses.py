"""What a gateway loses over real wires: what arrives and what the ledger tells is what was sent."""

from collections import Counter
from pathlib import Path

from backbone.losses import EVENT_TYPE, loss_of
from community.losses import Loss, LossReason
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway, until
from tests.gateway_site import GATEWAY, mqtt_device, site_of
from tests.servers import mosquitto

CLIMATES = ("climate-a", "climate-b")
SMOKE = "zigbee2mqtt/smoke"
MESSAGES = 19_000
WINDOW = 2_000
READINGS = 3


def losses(consumer: Consumer) -> list[Loss]:
    """The last telling of each."""
    told = [loss_of(event, GATEWAY) for event in consumer.events if event.type == EVENT_TYPE]
    return list({(loss.device, loss.lane, loss.reason, loss.began): loss for loss in told}.values())


async def test_a_spool_that_runs_over_drops_old_bulk_and_tells_of_each_reading(tmp_path: Path) -> None:
    rules = Consumer("rules")
    with mosquitto(tmp_path / "sensors") as sensors, mosquitto(tmp_path / "platform") as platform:
        site = site_of(
            [
                *(mqtt_device(name, "zigbee2mqtt-climate", f"zigbee2mqtt/{name}") for name in CLIMATES),
                mqtt_device("smoke", "zigbee2mqtt-smoke", SMOKE),
            ],
            mqtt=f"mqtt://127.0.0.1:{sensors.port}",
        )
        settings = gateway_settings(
            platform.port, tmp_path / "data", consumers=("rules",), spool_bytes=1_000_000, status_s=0.5
        )
        async with Operator.connected(platform.port) as watch, Operator.connected(sensors.port) as devices:
            async with running_gateway(site, settings):
                await watch.online()
                devices.publish(SMOKE, {"smoke": True})
                for number in range(MESSAGES):
                    body = {"temperature": number / 1000, "humidity": number % 100, "battery": number % 100}
                    devices.publish(f"zigbee2mqtt/{CLIMATES[number % 2]}", body)
                    if number % 500 == 0:
                        sent = number - WINDOW
                        await until(lambda sent=sent: watch.status["counters"]["messages"] > sent, what="room")  # type: ignore[misc]
                await until(lambda: watch.status["counters"]["messages"] > MESSAGES, what="all to be read")
                assert watch.status["spool_bytes"] <= 1_000_000
            # The gateway ends and begins again: what it lost is told all the same.
            async with running_gateway(site, settings), rules.running(platform.port):
                devices.publish(SMOKE, {"smoke": False})
                await until(lambda: rules.values("smoke.smoke") == [1.0, 0.0], what="both urgent readings")

                def accounted() -> int:
                    return len(rules.readings) - 2 + sum(loss.count for loss in losses(rules))

                await until(lambda: accounted() >= MESSAGES * READINGS, what="the account to be complete")
                await until(lambda: watch.status["spooled"] == 0, what="the spool to be empty")
    arrived = Counter(point.split(".")[0] for point, *_ in rules.readings)
    lost = {loss.device: loss for loss in losses(rules)}
    assert lost.keys() == set(CLIMATES)
    for name in CLIMATES:
        loss = lost[name]
        assert arrived[name] + loss.count == MESSAGES * READINGS // 2
        assert (loss.lane, loss.reason) == ("bulk", LossReason.SPOOL_FULL)
        assert loss.last <= min(t for point, t, *_ in rules.readings if point.startswith(name)), "the oldest went"
