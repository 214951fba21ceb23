"""A Sparkplug edge node over Mosquitto: asked for what is missing, believed once it is born again, stale when it dies.

Its bytes were recorded from pysparkplug, an independent encoder.
"""

import json
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from community.quality import Quality
from gateway.decoders import sparkplug_payload
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import data, mqtt_device, site_of
from tests.servers import Broker
from tests.unit.gateway.samples import payload_of
from tests.waiting import until

SITE = site_of([mqtt_device("room", "sparkplug-room", "spBv1.0/plant/+/edge-1/room-1")])
NODE, DEVICE = "spBv1.0/plant/{}/edge-1", "spBv1.0/plant/{}/edge-1/room-1"


def recorded(sample: str) -> bytes:
    """The bytes of a sample."""
    return payload_of(json.loads(data("decoders", "sparkplug_b", f"{sample}.json").read_text()))


class EdgeNode:
    """Replays the recorded bytes on a connection of its own, with the death as its will."""

    def __init__(self, port: int) -> None:
        self.rebirths = 0
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, "edge-1")
        self.client.will_set(NODE.format("NDEATH"), recorded("node-death"))
        self.client.on_message = self._on_command
        self.client.connect("127.0.0.1", port)
        self.client.subscribe(NODE.format("NCMD"))
        self.client.loop_start()

    def _on_command(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        (metric,) = sparkplug_payload.read(bytes(message.payload)).metrics
        assert (metric.name, metric.value) == ("Node Control/Rebirth", True)
        self.rebirths += 1

    def birth(self) -> None:
        self.say(NODE, "NBIRTH", recorded("node-birth"))
        self.say(DEVICE, "DBIRTH", recorded("device-birth"))

    def say(self, topic: str, kind: str, payload: bytes) -> None:
        self.client.publish(topic.format(kind), payload).wait_for_publish(10)

    def die(self) -> None:
        """Its connection is cut; the broker says its will."""
        sock = self.client.socket()
        assert sock is not None
        self.client.loop_stop()
        sock.close()


async def test_an_edge_node_is_asked_for_its_birth_and_its_death_makes_all_stale(
    mosquitto: Broker, tmp_path: Path
) -> None:
    rules = Consumer("rules")
    edge = EdgeNode(mosquitto.port)
    settings = gateway_settings(mosquitto.port, tmp_path / "data", consumers=("rules",), status_s=0.5)
    async with (
        Operator.connected(mosquitto.port) as operator,
        rules.running(mosquitto.port),
        running_gateway(SITE, settings),
    ):
        await operator.online()
        await until(lambda: edge.rebirths == 1, "the gateway to ask for the birth it has not heard")
        edge.birth()
        await until(lambda: rules.values("room.smoke") == [0.0], "the values of the birth")
        edge.say(DEVICE, "DDATA", recorded("data-by-alias"))
        await until(lambda: rules.values("room.smoke")[-1:] == [1.0], "a value by its alias")
        edge.die()
        await until(lambda: rules.values("room.online")[-1:] == [0.0], "its end")
        await until(lambda: (rules.last("room.smoke") or (0, 0))[1] & Quality.STALE, "the last value to be stale")
        await until(lambda: operator.status["devices"]["room"]["error"] == "offline", "the status")
