"""Outputs that speak MQTT: commanded through their bridge, and believed only by their own word."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backbone.bus import Bus
from backbone.steady import wall_ms
from community.site.site import Site
from tests.gateway_rig import Operator, gateway_settings, running_gateway
from tests.gateway_site import mqtt_device, site_of
from tests.servers import Broker
from tests.waiting import until

Messages = list[tuple[str, object]]


class Zigbee2Mqtt:
    """As much of the bridge as a relay needs: it says at once what it was told, done or not; asked, what is so."""

    profile, topic, filters = "aqara-ssm-u01", "zigbee2mqtt/hall/relay", ("zigbee2mqtt/hall/relay/+",)

    def hear(self, topic: str, payload: bytes, relay: "Relay") -> Messages:
        """Sets and asks, by the last level of the topic."""
        place, wanted = topic.removeprefix(f"{self.topic}/"), json.loads(payload)
        assert list(wanted) == ["state"]
        if place == "get":
            assert wanted["state"] == ""
            return [self._state("ON" if relay.on else "OFF")]
        assert place == "set"
        relay.switch({"ON": True, "OFF": False}[wanted["state"]])
        return [self._state(wanted["state"])]

    def _state(self, word: str) -> tuple[str, object]:
        return self.topic, {"state": word, "power": 0, "linkquality": 120}


class Tasmota:
    """A relay on Tasmota: it answers what it was told or asked on `stat/…`, once as JSON and once as a word."""

    profile, topic, filters = "sonoff-basicr2", "tele/hall/relay", ("cmnd/hall/relay/+",)

    def hear(self, topic: str, payload: bytes, relay: "Relay") -> Messages:
        """A word sets, nothing asks."""
        assert topic == "cmnd/hall/relay/POWER"
        if payload:
            relay.switch({b"ON": True, b"OFF": False}[payload])
        word = "ON" if relay.on else "OFF"
        return [("stat/hall/relay/RESULT", {"POWER": word}), ("stat/hall/relay/POWER", word.encode())]


class Shelly:
    """A relay of the second generation: calls on `<device>/rpc`, answered to who calls, by the number of the call.

    A change is notified; being told what it is already is none.
    """

    profile, topic, filters = "shelly-plus-1", "shellyplus1-a8032abe54dc", ("shellyplus1-a8032abe54dc/rpc",)

    def hear(self, topic: str, payload: bytes, relay: "Relay") -> Messages:
        """Two calls of one component."""
        call = json.loads(payload)
        assert isinstance(call["id"], int)
        assert call["params"].pop("id") == 0
        answer = {"id": call["id"], "src": self.topic, "dst": call["src"]}
        if call["method"] == "Switch.GetStatus":
            assert not call["params"]
            status = {"id": 0, "source": "MQTT", "output": relay.on, "temperature": {"tC": 23.5, "tF": 74.4}}
            return [(f"{call['src']}/rpc", {**answer, "result": status})]
        assert call["method"] == "Switch.Set"
        assert [type(on) for on in call["params"].values()] == [bool]
        was_on = relay.on
        relay.switch(call["params"]["on"])
        said: Messages = [(f"{call['src']}/rpc", {**answer, "result": {"was_on": was_on}})]
        if relay.on is not was_on:
            params = {"ts": wall_ms() / 1000, "switch:0": {"id": 0, "output": relay.on, "source": "MQTT"}}
            events = f"{self.topic}/events"
            said.append(
                (f"{events}/rpc", {"src": self.topic, "dst": events, "method": "NotifyStatus", "params": params})
            )
        return said


KINDS = (Zigbee2Mqtt, Tasmota, Shelly)
Kind = Zigbee2Mqtt | Tasmota | Shelly


class Relay:
    """A relay of some kind on the broker: it may not obey, or not answer; what it does not know it does not do."""

    def __init__(self, bus: Bus, kind: Kind) -> None:
        self._bus = bus
        self._kind = kind
        self.on = False
        self.obeys = True
        self.answers = True
        self.told: list[bool] = []
        self.strange: list[tuple[str, bytes]] = []
        for topic_filter in kind.filters:
            bus.subscribe(topic_filter, self._hear)

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, port: int, kind: Kind) -> AsyncIterator["Relay"]:
        """Connected to the broker on `port`; at the end everything it was told was what such a device takes."""
        async with Bus(f"mqtt://127.0.0.1:{port}", "relay") as bus:
            relay = cls(bus, kind)
            await until(lambda: bus.connected and bus.deaf is None, "the relay")
            yield relay
            assert relay.strange == []

    def switch(self, wanted: bool) -> None:
        """It is told."""
        self.told.append(wanted)
        if self.obeys:
            self.on = wanted

    def _hear(self, topic: str, payload: bytes) -> None:
        try:
            said = self._kind.hear(topic, payload, self)
        except (AssertionError, KeyError, TypeError, ValueError):
            self.strange.append((topic, payload))
            return
        if self.answers:
            for place, one in said:
                self._bus.publish(place, one if isinstance(one, bytes) else json.dumps(one).encode())


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
