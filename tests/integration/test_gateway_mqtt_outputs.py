"""Outputs that speak MQTT: commanded through their bridge, and believed only by their own word."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backbone.bus import Bus
from backbone.steady import wall_ms
from community.site.site import Site
from tests.gateway_rig import Operator, gateway_settings, running_gateway, until
from tests.gateway_site import mqtt_device, site_of
from tests.servers import Broker

Messages = list[tuple[str, object]]


class Zigbee2Mqtt:
    """As much of the bridge as a relay needs: it says at once what it was told, and when asked what is so."""

    profile, topic, filters = "aqara-ssm-u01", "zigbee2mqtt/hall/relay", ("zigbee2mqtt/hall/relay/+",)

    def told(self, topic: str, payload: bytes) -> bool | None:
        """What it is told to be; None: it is asked."""
        state = json.loads(payload)["state"]
        return None if topic.endswith("/get") and state == "" else state == "ON"

    def says(self, on: bool, *, asked: bool) -> Messages:
        """What it says of itself."""
        return [(self.topic, {"state": "ON" if on else "OFF", "power": 0, "linkquality": 120})]


class Tasmota:
    """A relay on Tasmota: it answers what it was told or asked on `stat/…`, once as JSON and once as a word."""

    profile, topic, filters = "sonoff-basicr2", "tele/hall/relay", ("cmnd/hall/relay/+",)

    def told(self, topic: str, payload: bytes) -> bool | None:
        """What it is told to be; None: it is asked."""
        assert topic == "cmnd/hall/relay/POWER"
        return None if not payload else payload == b"ON"

    def says(self, on: bool, *, asked: bool) -> Messages:
        """What it says of itself."""
        word = "ON" if on else "OFF"
        return [("stat/hall/relay/RESULT", {"POWER": word}), ("stat/hall/relay/POWER", word.encode())]


class Shelly:
    """A relay of the second generation: calls on `<device>/rpc`, answered to who calls; changes are notified."""

    profile, topic, filters = "shelly-plus-1", "shellyplus1-a8032abe54dc", ("shellyplus1-a8032abe54dc/rpc",)

    def told(self, topic: str, payload: bytes) -> bool | None:
        """What it is told to be; None: it is asked."""
        call = json.loads(payload)
        assert call["src"] == f"{self.topic}/anju"
        on: bool = call["params"].get("on")
        return on if call["method"] == "Switch.Set" else None

    def says(self, on: bool, *, asked: bool) -> Messages:
        """What it says of itself."""
        answer = {"src": self.topic, "dst": f"{self.topic}/anju"}
        if asked:
            result = {"id": 0, "source": "MQTT", "output": on, "temperature": {"tC": 23.5, "tF": 74.4}}
            return [(f"{self.topic}/anju/rpc", {"id": 2, **answer, "result": result})]
        params = {"ts": wall_ms() / 1000, "switch:0": {"id": 0, "output": on, "source": "MQTT"}}
        return [
            (f"{self.topic}/anju/rpc", {"id": 1, **answer, "result": {"was_on": not on}}),
            (f"{self.topic}/events/rpc", {"src": self.topic, "method": "NotifyStatus", "params": params}),
        ]


KINDS = (Zigbee2Mqtt, Tasmota, Shelly)
Kind = Zigbee2Mqtt | Tasmota | Shelly


class Relay:
    """A relay of some kind on the broker: it may not obey, or not answer."""

    def __init__(self, bus: Bus, kind: Kind) -> None:
        self._bus = bus
        self._kind = kind
        self.on = False
        self.obeys = True
        self.answers = True
        self.told: list[bool] = []
        for topic_filter in kind.filters:
            bus.subscribe(topic_filter, self._hear)

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, port: int, kind: Kind) -> AsyncIterator["Relay"]:
        """Connected to the broker on `port`."""
        async with Bus(f"mqtt://127.0.0.1:{port}", "relay") as bus:
            relay = cls(bus, kind)
            await until(lambda: bus.connected and bus.deaf is None, what="the relay")
            yield relay

    def _hear(self, topic: str, payload: bytes) -> None:
        wanted = self._kind.told(topic, payload)
        if wanted is not None:
            self.told.append(wanted)
            if self.obeys:
                self.on = wanted
        if self.answers:
            for place, said in self._kind.says(self.on if wanted is None else wanted, asked=wanted is None):
                self._bus.publish(place, said if isinstance(said, bytes) else json.dumps(said).encode())


def site(kind: Kind) -> Site:
    """With the relay as a siren's."""
    return site_of([mqtt_device("relay", kind.profile, kind.topic, ", outputs: {state: {kind: siren, safe: 0}}")])


@pytest.mark.parametrize("kind", [kind() for kind in KINDS], ids=lambda kind: type(kind).__name__)
async def test_a_command_is_carried_out_and_what_the_device_says_is_the_read_back(
    mosquitto: Broker, tmp_path: Path, kind: Kind
) -> None:
    async with (
        Operator.connected(mosquitto.port) as operator,
        Relay.running(mosquitto.port, kind) as relay,
        running_gateway(site(kind), gateway_settings(mosquitto.port, tmp_path / "data")),
    ):
        await operator.online()
        done = await operator.command("c1", "relay.state", 1)
        assert (done["outcome"], done["read_back"], relay.told) == ("done", 1.0, [True])
        assert await operator.command("c1", "relay.state", 0) == done, "the same id: nothing is said again"
        assert relay.told == [True]
        again = await operator.command("c2", "relay.state", 1)
        assert (again["outcome"], again["read_back"]) == ("done", 1.0)
        relay.obeys = False
        stuck = await operator.command("c3", "relay.state", 0)
        assert (stuck["outcome"], stuck["read_back"]) == ("failed", 1.0), "it was said to be off, and is not"


async def test_a_device_that_says_nothing_has_not_obeyed(mosquitto: Broker, tmp_path: Path) -> None:
    async with (
        Operator.connected(mosquitto.port) as operator,
        Relay.running(mosquitto.port, Shelly()) as relay,
        running_gateway(site(Shelly()), gateway_settings(mosquitto.port, tmp_path / "data")),
    ):
        await operator.online()
        relay.answers = False
        silent = await operator.command("c1", "relay.state", 1)
        assert silent["outcome"] == "expired", "before it could be told again"
        assert "relay has not said its state in time" in silent["reason"]
