"""Nonsense on the topics a gateway obeys: it is counted and refused, and what is meant works on."""

import json
import random
from pathlib import Path

from backbone import topics
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import GATEWAY, modbus_device, mqtt_device, site_of
from tests.modbus_server import ModbusServer, Unit
from tests.servers import Broker
from tests.waiting import until

ODD: list[object] = [
    None,
    True,
    -1,
    0,
    1,
    2**31,
    2**52,
    2**53,
    2**63,
    2**64,
    1e308,
    "",
    "1",
    "\x00",
    "a" * 5000,
    [],
    [[]],
    {},
    {"a": 1},
]
KEYS = {
    "committed": ("epoch", "urgent", "bulk", "resend", "at"),
    "commands": ("point", "value", "expires", "cause", "drill"),
}
POINTS = ["doors.relay-1", "climate.temperature", "interlock:", "interlock:x", "mode:", "mode:climate", "mode:doors"]


def nonsense(chance: random.Random, kind: str) -> bytes:
    """Bytes, JSON of another shape, or the right shape with odd values."""
    shape = chance.randrange(4)
    if shape == 0:
        return chance.randbytes(chance.randint(1, 200))
    if shape == 1:
        return json.dumps(chance.choice(ODD)).encode()
    body = {key: chance.choice(ODD) for key in KEYS[kind] if chance.random() < 0.9}
    if shape == 3 and kind == "commands":
        body |= {"point": chance.choice(POINTS), "cause": "person:x", "drill": False, "expires": 2**52}
    if shape == 3 and kind == "committed":
        body = {key: chance.choice([-1, 0, 1, 2**31, 2**52, 2**53, 2**63 - 1]) for key in ("epoch", "urgent", "bulk")}
    return json.dumps(body).encode()


async def test_nonsense_in_commands_and_positions_disturbs_nothing(mosquitto: Broker, tmp_path: Path) -> None:
    chance, rules = random.Random(5), Consumer("rules")
    async with ModbusServer.running({9: Unit(coils=dict.fromkeys(range(8), True))}) as server:
        outputs = ", outputs: {relay-1: {kind: egress-lock, safe: 0}}"
        site = site_of(
            [
                mqtt_device("climate", "zigbee2mqtt-climate", "zigbee2mqtt/climate"),
                modbus_device("doors", "waveshare-relay-8", server.port, 9, outputs),
            ]
        )
        settings = gateway_settings(mosquitto.port, tmp_path / "data", consumers=("rules",), status_s=0.3)
        async with Operator.connected(mosquitto.port) as operator, running_gateway(site, settings):
            await operator.online()
            for number in range(400):
                kind = chance.choice(tuple(KEYS))
                last = "rules" if kind == "committed" else f"odd-{number}"
                topic = topics.committed("test", GATEWAY, last)
                if kind == "commands":
                    topic = topics.command("test", GATEWAY, last)
                operator.publish(topic, nonsense(chance, kind))
            assert (await operator.command("open", "doors.relay-1", 0))["outcome"] == "done"
            assert (await operator.command("normal", "mode:climate", 0, cause="person:w"))["outcome"] == "done"
            async with rules.running(mosquitto.port):
                operator.publish("zigbee2mqtt/climate", {"temperature": 21.5})
                await until(lambda: rules.values("climate.temperature"), "a reading")
                await until(lambda: operator.status.get("spooled") == 0, "frames to be committed and forgotten")
            assert operator.refusals()[topics.committed("test", GATEWAY, "rules"), "no position"] > 10
            assert not [problem for problem in operator.status["problems"] if "started again" in problem]
