"""Outputs that speak MQTT: commanded through their bridge, and believed only by their own word."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

from backbone.bus import Bus
from tests.gateway_rig import Operator, gateway_settings, running_gateway, until
from tests.gateway_site import mqtt_device, site_of
from tests.servers import Broker

RELAY = "zigbee2mqtt/hall/relay"
SITE = site_of([mqtt_device("relay", "aqara-ssm-u01", RELAY, ", outputs: {state: {kind: siren, safe: 0}}")])


class Bridge:
    """As much of Zigbee2MQTT as a relay needs: it says at once what it was told, and when asked what is so."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.state = "OFF"
        self.obeys = True
        self.answers = True
        self.told: list[str] = []
        bus.subscribe(f"{RELAY}/set", self._on_set)
        bus.subscribe(f"{RELAY}/get", self._on_get)

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, port: int) -> AsyncIterator["Bridge"]:
        """Connected to the broker on `port`."""
        async with Bus(f"mqtt://127.0.0.1:{port}", "bridge") as bus:
            bridge = cls(bus)
            await until(lambda: bus.connected and bus.deaf is None, what="the bridge")
            yield bridge

    def _on_set(self, _topic: str, payload: bytes) -> None:
        wanted = json.loads(payload)["state"]
        self.told.append(wanted)
        if self.obeys:
            self.state = wanted
        if self.answers:
            self._say(wanted)

    def _on_get(self, _topic: str, payload: bytes) -> None:
        assert json.loads(payload) == {"state": ""}
        if self.answers:
            self._say(self.state)

    def _say(self, state: str) -> None:
        self._bus.publish(RELAY, json.dumps({"state": state, "power": 0, "linkquality": 120}).encode())


async def test_a_command_is_carried_out_and_what_the_device_says_is_the_read_back(
    mosquitto: Broker, tmp_path: Path
) -> None:
    async with (
        Operator.connected(mosquitto.port) as operator,
        Bridge.running(mosquitto.port) as bridge,
        running_gateway(SITE, gateway_settings(mosquitto.port, tmp_path / "data")),
    ):
        await operator.online()
        done = await operator.command("c1", "relay.state", 1)
        assert (done["outcome"], done["read_back"], bridge.told) == ("done", 1.0, ["ON"])
        assert await operator.command("c1", "relay.state", 0) == done, "the same id: nothing is said again"
        assert bridge.told == ["ON"]
        again = await operator.command("c2", "relay.state", 1)
        assert (again["outcome"], again["read_back"]) == ("done", 1.0)
        bridge.obeys = False
        stuck = await operator.command("c3", "relay.state", 0)
        assert (stuck["outcome"], stuck["read_back"]) == ("failed", 1.0), "the bridge said OFF, the device did not"


async def test_a_device_that_says_nothing_has_not_obeyed(mosquitto: Broker, tmp_path: Path) -> None:
    async with (
        Operator.connected(mosquitto.port) as operator,
        Bridge.running(mosquitto.port) as bridge,
        running_gateway(SITE, gateway_settings(mosquitto.port, tmp_path / "data")),
    ):
        await operator.online()
        bridge.answers = False
        silent = await operator.command("c1", "relay.state", 1)
        assert silent["outcome"] == "expired", "before it could be told again"
        assert "relay has not said its state in time" in silent["reason"]
