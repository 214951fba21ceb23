"""Thousands of messages of some devices neither delay nor drop what an urgent one says, and are counted."""

from pathlib import Path

from backbone.losses import EVENT_TYPE, loss_of
from community.losses import LossReason
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import GATEWAY, mqtt_device, site_of
from tests.servers import Broker
from tests.waiting import until

CLIMATE, OTHER, SMOKE = "zigbee2mqtt/climate", "zigbee2mqtt/other", "zigbee2mqtt/smoke"
SITE = site_of(
    [
        mqtt_device("climate", "zigbee2mqtt-climate", CLIMATE),
        mqtt_device("other", "zigbee2mqtt-climate", OTHER),
        mqtt_device("smoke", "zigbee2mqtt-smoke", SMOKE),
    ]
)
KEPT_BY_BROKER = 10_000
ON_THEIR_WAY = 1_000


async def say(operator: Operator, topic: str, count: int, first: int = 0) -> None:
    """Temperatures one after another, as fast as the broker takes them."""
    for number in range(first, first + count):
        operator.publish(topic, {"temperature": number / 1000})
        await until(lambda: operator.bus.unacknowledged < ON_THEIR_WAY, "the broker")


async def test_smoke_behind_more_than_the_broker_keeps_is_heard_first(mosquitto: Broker, tmp_path: Path) -> None:
    """A gateway that was away: its broker has dropped temperatures, and would have dropped the smoke behind them."""
    rules = Consumer("rules")
    settings = gateway_settings(mosquitto.port, tmp_path / "data", consumers=("rules",))
    async with Operator.connected(mosquitto.port) as operator, rules.running(mosquitto.port):
        async with running_gateway(SITE, settings):
            await operator.online()
        await say(operator, CLIMATE, KEPT_BY_BROKER + 2_000)
        operator.publish(SMOKE, {"smoke": True})
        operator.publish(OTHER, {"temperature": 99.0})
        await until(lambda: operator.bus.unacknowledged == 0, "the broker to have it")
        async with running_gateway(SITE, settings):
            await until(lambda: rules.values("smoke.smoke"), "the smoke")
            await rules.until(KEPT_BY_BROKER)
    place = [point for point, *_ in rules.readings].index("smoke.smoke")
    assert place < KEPT_BY_BROKER // 4, "far ahead of the temperatures that were said before it"
    assert rules.values("smoke.smoke") == [1.0], "once, although it was heard twice"
    assert rules.values("other.temperature") == [], "the broker dropped what came last: this is what it was spared"


async def test_a_device_that_floods_is_counted_and_others_are_read(mosquitto: Broker, tmp_path: Path) -> None:
    rules = Consumer("rules")
    settings = gateway_settings(
        mosquitto.port, tmp_path / "data", consumers=("rules",), device_messages_per_s=1, status_s=0.5
    )
    async with (
        Operator.connected(mosquitto.port) as operator,
        rules.running(mosquitto.port),
        running_gateway(SITE, settings),
    ):
        await operator.online()
        await say(operator, CLIMATE, 12_000)
        operator.publish(OTHER, {"temperature": 20.0})
        await until(lambda: rules.values("other.temperature") == [20.0], "another device")
        await until(lambda: rules.values("climate.temperature")[-1:] == [11.999], "the last word of the flood")
        reason = (CLIMATE, "more messages than a device may send; the last ones are read once a second")
        await until(lambda: operator.refusals().get(reason, 0) > 1_000, "the count")

        def lost() -> list[int]:
            told = [loss_of(event, GATEWAY) for event in rules.events if event.type == EVENT_TYPE]
            return [loss.count for loss in told if loss.reason is LossReason.FLOOD and loss.device == "climate"]

        await until(lost, "the loss to be told")
        assert len(rules.values("climate.temperature")) < 11_000
