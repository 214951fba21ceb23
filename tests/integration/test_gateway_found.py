"""Devices announced over a real broker: listed for adoption, taken up by pasting, and read; nothing before that."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from backbone.site_files import read_site
from backbone.site_watch import SiteWatch
from backbone.steady import wall_ms
from tests.gateway_rig import Consumer, Operator, gateway_settings, running_gateway
from tests.gateway_site import GATEWAY, data, mqtt_device, site_text
from tests.integration.api_server import api_server
from tests.mosquitto_pub import mosquitto_pub
from tests.servers import Broker, mosquitto
from tests.unit.gateway.announced import CASES, messages_of
from tests.unit.gateway.samples import payload_of
from tests.waiting import until

NODE, ROOM_1, ROOM_9 = "spBv1.0/plant/{}/edge-1", "spBv1.0/plant/{}/edge-1/room-1", "spBv1.0/plant/{}/edge-1/room-9"
KNOWN = [
    mqtt_device("climate", "zigbee2mqtt-climate", "zigbee2mqtt/known"),
    mqtt_device("room-1", "sparkplug-room", ROOM_1.format("+")),
]
ANNOUNCED = (
    "zigbee2mqtt-bridge",
    "home-assistant-whole-device",
    "tasmota-bme280",
    "chirpstack-join-of-a-bin",
    "things-stack-uplink",
    "shelly-online",
)
EXPECTED = {row["topic"] for name in ANNOUNCED for row in CASES[name]["found"]}
EXPECTED |= {NODE.format("+"), ROOM_9.format("+")}
SPOKEN = {
    "zigbee2mqtt/机房/climate": ({"temperature": 21.5, "humidity": 40, "battery": 90}, "climate-2.temperature", 21.5),
    "sensorBedroom/state": ({"temperature": 19.5, "humidity": 40}, "kitchen.temperature", 19.5),
    "tele/SONOFF_B1/SENSOR": ({"BME280": {"Temperature": 18.1}, "TempUnit": "C"}, "sonoff-b1.temperature", 18.1),
    "v3/app1@ttn/devices/em320-th-1/up": (
        CASES["things-stack-uplink"]["messages"][0]["payload"],
        "em320-th-1.temperature",
        13.1,
    ),
}


def recorded(sample: str) -> bytes:
    return payload_of(json.loads(data("decoders", "sparkplug_b", f"{sample}.json").read_text()))


async def births(port: int) -> None:
    """The edge node the site knows is born, with the device it knows and one it does not."""
    second = recorded("device-birth")
    assert second.endswith(b"\x18\x01"), "its number is the last field"
    await mosquitto_pub(port, NODE.format("NBIRTH"), recorded("node-birth"))
    await mosquitto_pub(port, ROOM_1.format("DBIRTH"), second)
    await mosquitto_pub(port, ROOM_9.format("DBIRTH"), second[:-1] + b"\x02")


def anju(*command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The program, as an installer runs it."""
    return subprocess.run(
        [sys.executable, "-m", "anju", *command],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def found(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """By topic."""
    answer = await client.get(f"/gateways/{GATEWAY}/found", params={"zone": "hall"})
    assert answer.status_code == 200, answer.text
    return {row["topic"]: row for row in answer.json()["items"]}


async def listed(client: httpx.AsyncClient, topics: set[str]) -> dict[str, dict[str, Any]]:
    """Once the list is this."""
    rows: dict[str, dict[str, Any]] = {}
    for _ in range(400):
        rows = await found(client)
        if rows.keys() == topics:
            return rows
        await asyncio.sleep(0.05)
    raise AssertionError(f"{sorted(rows)} are found instead of {sorted(topics)}")


async def test_what_is_announced_is_listed_and_read_once_its_lines_are_pasted(
    mosquitto: Broker, tmp_path: Path
) -> None:
    file, own = tmp_path / "site.yaml", tmp_path / "profiles"
    own.mkdir()
    file.write_text(site_text(KNOWN))
    settings = gateway_settings(
        mosquitto.port, tmp_path / "data", consumers=("rules",), site=file, profiles=own, status_s=0.5
    )
    environment = {"ANJU_SITE": str(file), "ANJU_MQTT_URL": mosquitto.url, "ANJU_PROFILES": str(own)}
    site, rules = read_site(settings), Consumer("rules")
    # What is retained was said before the gateway came.
    for name in ANNOUNCED:
        for topic, payload in messages_of(CASES[name]):
            if not topic.endswith(("/join", "/up")):
                await mosquitto_pub(mosquitto.port, topic, payload, retain=True)
    async with (
        api_server(tmp_path / "api", mosquitto.url, site_file=file, ready="/healthz") as api,
        api.client() as client,
        Operator.connected(mosquitto.port) as operator,
        rules.running(mosquitto.port),
        running_gateway(site, settings, watch_site=SiteWatch(settings, site, "gateway", wall_ms)),
    ):
        await operator.online()
        for name in ANNOUNCED:
            for topic, payload in messages_of(CASES[name]):
                if topic.endswith(("/join", "/up")):
                    await mosquitto_pub(mosquitto.port, topic, payload)
        await births(mosquitto.port)
        await listed(client, EXPECTED)
        await until(lambda: rules.values("room-1.smoke") == [0.0], "the device that is known")
        refused = (ROOM_9.format("+"), "unknown device")
        await until(lambda: refused in operator.refusals(), "the stranger behind a known node to be counted")
        assert operator.status["counters"]["readings_lost"] == 0, "no birth came twice"
        assert operator.status["problem"] is None
        assert {name.partition(".")[0] for name, *_ in rules.readings} == {"room-1"}, "nothing is adopted silently"

        printed = await asyncio.to_thread(anju, "found", "--zone", "hall", "--drafts", str(own), env=environment)
        assert printed.returncode == 0, printed.stderr
        assert len(list(own.iterdir())) == 4, "plug, kitchen, EM320 and node have no profile of ours"
        file.write_text(site_text(KNOWN) + printed.stdout)
        checked = await asyncio.to_thread(anju, "check", str(file), "--profiles", str(own), env=environment)
        assert checked.returncode == 0, checked.stdout
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: len(operator.status["devices"]) == 2 + len(EXPECTED) - 1, "the new devices")
        for topic, (payload, _, _) in SPOKEN.items():
            await mosquitto_pub(mosquitto.port, topic, json.dumps(payload).encode())
        await births(mosquitto.port)
        for _, point, value in SPOKEN.values():
            await until(lambda p=point, v=value: v in rules.values(p), point)  # type: ignore[misc]
        await until(lambda: rules.values("room-9.temperature")[-1:] == [-12.0], "the device behind the node")


BROKER_REFUSES = """
plugin {plugin}
plugin_opt_config_file {config}
"""
PLUGIN = next(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"))


async def test_a_broker_that_refuses_announcements_costs_no_reading_and_is_told(tmp_path: Path) -> None:
    """Mosquitto's dynamic security plugin refuses subscriptions, as EMQX's rules do."""
    config = tmp_path / "security.json"
    allow = [
        {"acltype": kind, "topic": topic, "priority": 0, "allow": True}
        for topic in ("anju/#", "zigbee2mqtt/#", "spBv1.0/#", "+/bridge/devices")
        for kind in ("subscribePattern", "publishClientReceive", "publishClientSend")
    ]
    config.write_text(
        json.dumps(
            {
                "defaultACLAccess": dict.fromkeys(
                    ("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe"), False
                ),
                "anonymousGroup": "all",
                "groups": [{"groupname": "all", "roles": [{"rolename": "gateway"}]}],
                "roles": [{"rolename": "gateway", "acls": allow}],
            }
        )
    )
    more = BROKER_REFUSES.format(plugin=PLUGIN, config=config)
    rules = Consumer("rules")
    with mosquitto(tmp_path / "broker", more=more) as broker:
        file = tmp_path / "site.yaml"
        file.write_text(site_text(KNOWN))
        settings = gateway_settings(broker.port, tmp_path / "data", consumers=("rules",), site=file, status_s=0.5)
        async with (
            Operator.connected(broker.port) as operator,
            rules.running(broker.port),
            running_gateway(read_site(settings), settings),
        ):
            await operator.online()
            await until(lambda: "homeassistant/+/+/config" in (operator.status["discovery"] or ""), "the refusal")
            assert "zigbee2mqtt" not in operator.status["discovery"]
            assert operator.status["problem"] is None, "it costs no reading"
            operator.publish("zigbee2mqtt/known", {"temperature": 21.5})
            await until(lambda: rules.values("climate.temperature") == [21.5], "the reading")
