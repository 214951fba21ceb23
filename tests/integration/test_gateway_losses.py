"""What a gateway loses over real wires: what arrives and what the ledger tells is what was sent."""

import asyncio
from collections import Counter
from pathlib import Path

from backbone.losses import EVENT_TYPE, loss_of
from community.losses import Loss, LossReason
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import GATEWAY, modbus_device, mqtt_device, site_of
from tests.modbus_server import ModbusServer, Unit
from tests.servers import mosquitto
from tests.waiting import until

CLIMATES = ("climate-a", "climate-b")
SMOKE = "zigbee2mqtt/smoke"
MESSAGES = 19_000
WINDOW = 2_000
READINGS = 3


def losses(consumer: Consumer) -> list[Loss]:
    """The last telling of each."""
    told = [loss_of(event, GATEWAY) for event in consumer.events if event.type == EVENT_TYPE]
    return list({(loss.device, loss.lane, loss.reason, loss.began): loss for loss in told}.values())


async def test_what_a_restored_consumer_lost_is_on_record(tmp_path: Path) -> None:
    """The history is set back to an older copy: what the gateway has forgotten meanwhile is told, to the reading."""
    ingest, rules = Consumer("ingest"), Consumer("rules")
    with mosquitto(tmp_path / "sensors") as sensors, mosquitto(tmp_path / "platform") as platform:
        site = site_of(
            [mqtt_device("climate-a", "zigbee2mqtt-climate", "zigbee2mqtt/climate-a")],
            mqtt=f"mqtt://127.0.0.1:{sensors.port}",
        )
        settings = gateway_settings(platform.port, tmp_path / "data", consumers=("ingest", "rules"), status_s=0.5)
        sent = 0

        async def send(messages: int) -> None:
            nonlocal sent
            for _ in range(messages):
                sent += 1
                body = {"temperature": sent / 1000, "humidity": sent % 100, "battery": sent % 100}
                devices.publish("zigbee2mqtt/climate-a", body)
            for consumer in (ingest, rules):
                await until(lambda c=consumer: stored(c) >= sent * READINGS, "all readings")  # type: ignore[misc]
            watch.status = {}
            await until(lambda: watch.status.get("spool_bytes") == 0, "all to be forgotten")

        def stored(consumer: Consumer) -> int:
            return len(consumer.readings)

        async with (
            Operator.connected(platform.port) as watch,
            Operator.connected(sensors.port) as devices,
            running_gateway(site, settings),
            rules.running(platform.port),
        ):
            async with ingest.running(platform.port):
                await watch.online()
                await send(100)
                backup, had = dict(ingest.positions), list(ingest.readings)
                await send(50)
            ingest.positions, ingest.readings = backup, had
            gone = sent * READINGS - len(had)
            async with ingest.running(platform.port):
                await until(lambda: losses(ingest), "the loss to be told")
                (loss,) = losses(ingest)
                assert (loss.lane, loss.reason) == ("bulk", LossReason.HISTORY_WENT_BACK)
                assert gone <= loss.count <= sent * READINGS
                times = [t for _, t, _, _ in rules.readings]
                assert loss.first <= times[len(had)]
                assert loss.last >= times[-1]
                await until(lambda: "history-went-back" in (watch.status["problem"] or ""), "the status to say so")
            assert len(rules.readings) == sent * READINGS, "others are sent nothing twice"


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
                        await until(lambda sent=sent: watch.status["counters"]["messages"] > sent, "room")  # type: ignore[misc]
                await until(lambda: watch.status["counters"]["messages"] > MESSAGES, "all to be read")
                assert watch.status["spool_bytes"] <= 1_000_000
            # The gateway ends and begins again: what it lost is told all the same.
            async with running_gateway(site, settings), rules.running(platform.port):
                devices.publish(SMOKE, {"smoke": False})
                await until(lambda: rules.values("smoke.smoke") == [1.0, 0.0], "both urgent readings")

                def accounted() -> int:
                    return len(rules.readings) - 2 + sum(loss.count for loss in losses(rules))

                await until(lambda: accounted() >= MESSAGES * READINGS, "the account to be complete")
                await until(lambda: watch.status.get("spooled") == 0, "the spool to be empty")
    arrived = Counter(point.split(".")[0] for point, *_ in rules.readings)
    lost = {name: [loss for loss in losses(rules) if loss.device == name] for name in CLIMATES}
    assert {loss.device for loss in losses(rules)} == set(CLIMATES)
    for name in CLIMATES:
        # after its restart it may drop some more, which is another loss
        assert arrived[name] + sum(loss.count for loss in lost[name]) == MESSAGES * READINGS // 2
        assert {(loss.lane, loss.reason) for loss in lost[name]} == {("bulk", LossReason.SPOOL_FULL)}
        assert max(loss.last for loss in lost[name]) <= min(
            t for point, t, *_ in rules.readings if point.startswith(name)
        )


def broken_off(*names: str) -> None:
    """What a library's bug or a bad moment does to a task: it ends from within, and nobody asked it to."""
    running = {task.get_name(): task for task in asyncio.all_tasks()}
    for name in names:
        running[f"{name} run"].cancel()


async def test_whatever_dies_in_a_gateway_is_started_again_and_reported_with_what_was_not_read(
    tmp_path: Path,
) -> None:
    rules = Consumer("rules")
    async with ModbusServer.running({1: Unit(registers={1: 257, 2: 500})}) as server:
        with mosquitto(tmp_path / "platform") as platform:
            site = site_of([modbus_device("air", "xy-md02", server.port, 1, ", every: 50ms")])
            settings = gateway_settings(platform.port, tmp_path / "data", consumers=("rules",), status_s=0.5)
            async with (
                Operator.connected(platform.port) as watch,
                rules.running(platform.port),
                running_gateway(site, settings),
            ):
                await watch.online()
                await rules.until(2)
                line = f"modbus 127.0.0.1:{server.port}"
                broken_off(line, "forwarder", "status", "interlocks", "commands")
                await until(lambda: watch.status["counters"]["driver_restarts"] == 5, "all to be started again")
                await until(lambda: losses(rules), "the loss")
                await until(lambda: len(watch.status["problems"]) == 6, "all that is wrong")
                assert watch.status["problem"] == "; ".join(watch.status["problems"])
                said = watch.status["problems"]
                assert "readings were lost (driver-restarted)" in said[0]
                assert f"{line} was started again (1 times): it was broken off" in said
                heard = len(rules.readings)
                await rules.until(heard + 2)
    (loss,) = losses(rules)
    assert (loss.device, loss.reason) == ("air", LossReason.DRIVER_RESTARTED)
    assert loss.last > loss.first
