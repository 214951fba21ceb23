"""Two gateways by mistake: in one folder the second stands by; with one id on two machines both say so, and go on."""

import shutil
from pathlib import Path

from backbone.losses import EVENT_TYPE, loss_of
from community.losses import LossReason
from community.site.site import Site
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import GATEWAY, mqtt_device, site_of
from tests.servers import Broker, mosquitto
from tests.waiting import until

CLIMATE, TOPIC = "climate", "zigbee2mqtt/climate"


def site_at(sensors: Broker) -> Site:
    return site_of([mqtt_device(CLIMATE, "zigbee2mqtt-climate", TOPIC)], mqtt=f"mqtt://127.0.0.1:{sensors.port}")


async def test_of_two_gateways_in_one_folder_the_second_stands_by(tmp_path: Path) -> None:
    rules = Consumer("rules")
    with mosquitto(tmp_path / "sensors") as sensors, mosquitto(tmp_path / "platform") as platform:
        site, settings = site_at(sensors), gateway_settings(platform.port, tmp_path / "data", consumers=("rules",))
        async with (
            Operator.connected(platform.port) as watch,
            Operator.connected(sensors.port) as devices,
            rules.running(platform.port),
        ):

            async def say(number: int) -> None:
                devices.publish(TOPIC, {"temperature": number, "humidity": 50, "battery": 90})
                await until(lambda: number in [x for _, _, x, _ in rules.readings], f"reading {number}")

            async with running_gateway(site, settings):
                await watch.online()
                epoch = watch.status["epoch"]
                async with running_gateway(site, settings):
                    for number in range(5):
                        await say(number)
                    assert watch.status["epoch"] == epoch
                    watch.status = {}
                await say(5)
            watch.status = {}
            async with running_gateway(site, settings):
                await watch.online()
                await say(6)
                assert watch.status["epoch"] == epoch
    temperatures = [x for point, _, x, _ in rules.readings if point.endswith("temperature")]
    assert temperatures == [float(n) for n in range(7)]


async def test_a_copy_of_a_gateway_is_told_and_nothing_said_from_then_on_is_lost(tmp_path: Path) -> None:
    """A cloned disk: same id, same numbering. Until they know of each other, one's frames pass for the other's."""
    rules = Consumer("rules")
    with (
        mosquitto(tmp_path / "near") as near,
        mosquitto(tmp_path / "far") as far,
        mosquitto(tmp_path / "platform") as platform,
    ):
        one, copy = (
            gateway_settings(platform.port, tmp_path / name, consumers=("rules",), status_s=0.5)
            for name in ("one", "copy")
        )
        async with (
            Operator.connected(platform.port) as watch,
            Operator.connected(near.port) as here,
            Operator.connected(far.port) as there,
            rules.running(platform.port),
        ):
            async with running_gateway(site_at(near), one):
                await watch.online()
            shutil.copytree(tmp_path / "one", tmp_path / "copy")
            async with running_gateway(site_at(near), one), running_gateway(site_at(far), copy):

                def who_says_so() -> int:
                    return sum("says that it is" in (problem or "") for problem in watch.problems.values())

                await until(lambda: who_says_so() == 2, "both to say it")
                for number in range(50):
                    for devices, value in ((here, number), (there, 1_000 + number)):
                        devices.publish(TOPIC, {"temperature": 20 + value / 1_000, "humidity": 50, "battery": 90})
                wanted = {20 + value / 1_000 for n in range(50) for value in (n, 1_000 + n)}
                await until(lambda: wanted <= {x for _, _, x, _ in rules.readings}, "every reading of both")
                losses = [loss_of(event, GATEWAY) for event in rules.events if event.type == EVENT_TYPE]
                assert LossReason.TWO_GATEWAYS in {loss.reason for loss in losses if loss is not None}
