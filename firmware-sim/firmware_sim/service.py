"""The simulator's process: devices that publish, Modbus servers that answer, scenarios on demand."""

import asyncio
import contextlib
import json
import random
import ssl
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import gmqtt
import structlog
from gmqtt.mqtt.constants import MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError

from community.site.site import Site
from firmware_sim.messages import Speaker, speaker
from firmware_sim.modbus import buses
from firmware_sim.scenarios import SCENARIOS, begin, end
from firmware_sim.world import World

TICK_S = 0.25
log = structlog.get_logger()


def scenario_topic(site: str) -> str:
    """Where scenarios are asked for: `{"name": "corridor-fire", "zone": "b3-f1"}`."""
    return f"firmware-sim/{site}/scenario"


def drill_topic(site: str) -> str:
    """Where the platform says what becomes of drills: with `play` their scenario begins, on their devices alone."""
    return f"anju/v1/{site}/events/drill"


async def run(
    site: Site, *, broker_url: str, seed: int, stop: asyncio.Event, data_dir: Path, ca: Path | None = None
) -> None:
    """Simulate the site's devices until `stop`."""
    del data_dir  # nothing is kept: a restarted simulator starts the same day anew
    world = World(site, seed)
    speakers = [
        found
        for device in site.devices.values()
        if (found := speaker(device, site.profiles[device.profile], random.Random(f"{seed}:{device.id}")))  # noqa: S311
    ]
    servers = buses(world)
    async with AsyncExitStack() as stack:
        for server in servers:
            await stack.enter_async_context(server)
        voice = await stack.enter_async_context(Voice(broker_url, ca, on_connect=lambda: _announce(speakers)))
        voice.listen(scenario_topic(site.id), lambda payload: _scenario(world, payload))
        voice.listen(drill_topic(site.id), lambda payload: _drill(world, payload))
        log.info("simulating", devices=len(site.devices), publishing=len(speakers), modbus=len(servers))
        while not stop.is_set():
            _tick(world, speakers, voice, time.time())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await stop.wait()


def _tick(world: World, speakers: list[Speaker], voice: "Voice", now: float) -> None:
    if not voice.connected:
        return
    for one in speakers:
        if world.is_silent(one.device, now):
            continue
        try:
            for message in one.say(world, now):
                voice.publish(message.topic, message.payload, retain=message.retain)
        except Exception:
            # One device's fault must not silence the others.
            log.exception("a device failed", device=one.device.id)


def _announce(speakers: list[Speaker]) -> None:
    """After a reconnect: an embedded broker has forgotten what it was to keep."""
    for one in speakers:
        one.announce()


def _scenario(world: World, payload: bytes) -> None:
    try:
        wish = json.loads(payload)
        name, zone = str(wish["name"]), wish.get("zone")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("no scenario", payload=payload[:200].decode("utf-8", "replace"), error=repr(error))
        return
    if (name != "normal" and name not in SCENARIOS) or (zone is not None and zone not in world.site.zones):
        log.warning("no such scenario or zone", name=name, zone=zone)
        return
    log.info("scenario", name=name, zone=zone, devices=begin(world, name, zone, time.time()))


def _drill(world: World, payload: bytes) -> None:
    try:
        event = json.loads(payload)
        change, name, zone, devices = (event.get(key) for key in ("change", "scenario", "zone", "devices"))
    except (ValueError, AttributeError):
        log.warning("not a drill's event", payload=payload[:200].decode("utf-8", "replace"))
        return
    if change == "stop":
        end(world, devices or [])
        log.info("the drill's scenario is over", name=name)
    elif change == "play" and name in SCENARIOS:
        place = zone if zone in world.site.zones else None
        log.info("scenario of a drill", name=name, devices=begin(world, name, place, time.time(), devices))
    elif change == "play":
        log.warning("no such scenario for a drill", name=name)


async def send_scenario(broker_url: str, site_id: str, name: str, zone: str | None, *, ca: Path | None = None) -> None:
    """Ask the running simulator for a scenario.

    Raises:
        OSError: no broker answers.
    """
    async with Voice(broker_url, ca, patient=False) as voice:
        body = {"name": name, **({"zone": zone} if zone else {})}
        voice.publish(scenario_topic(site_id), json.dumps(body).encode())
        await voice.drained()


class Voice:
    """The devices' MQTT connection; reconnects by itself unless it is not `patient`."""

    def __init__(
        self,
        url: str,
        ca: Path | None = None,
        *,
        patient: bool = True,
        on_connect: Callable[[], None] = lambda: None,
    ) -> None:
        self._url = urlsplit(url)
        self._ca = ca
        self._patient = patient
        self._announce = on_connect
        self._client: Any = gmqtt.Client(f"firmware-sim-{random.randrange(1 << 32):08x}")  # noqa: S311
        self._listening: dict[str, Any] = {}
        self.connected = False

    async def __aenter__(self) -> "Voice":
        client = self._client
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.set_config({"reconnect_retries": -1 if self._patient else -2, "reconnect_delay": 0.5})
        if self._url.username:
            client.set_auth_credentials(unquote(self._url.username), unquote(self._url.password or ""))
        while True:
            try:
                async with asyncio.timeout(5):
                    await client.connect(
                        self._url.hostname, self._url.port or 1883, ssl=self._tls(), version=MQTTv311, keepalive=15
                    )
            except (OSError, MQTTConnectError) as error:
                if not self._patient:
                    raise ConnectionError(str(error) or "no answer") from error
                await asyncio.sleep(0.5)
            else:
                return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1):
                await self._client.disconnect()

    def _tls(self) -> Any:
        if self._url.scheme != "mqtts":
            return False
        return ssl.create_default_context(cafile=str(self._ca) if self._ca else None)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """QoS 1; what the broker has not acknowledged is sent again after a reconnect."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def listen(self, topic: str, handler: Any) -> None:
        """Call `handler(payload)` for a topic."""
        self._listening[topic] = handler
        if self.connected:
            self._client.subscribe(topic, qos=1)

    async def drained(self) -> None:
        """Wait until the broker has acknowledged everything."""
        async with asyncio.timeout(5):
            await self._client._persistent_storage.wait_empty()

    def _on_connect(self, *_: object) -> None:
        self.connected = True
        for topic in self._listening:
            self._client.subscribe(topic, qos=1)
        self._announce()

    def _on_disconnect(self, *_: object) -> None:
        self.connected = False

    def _on_message(self, _client: object, topic: str, payload: bytes, _qos: int, _properties: object) -> int:
        if topic in self._listening:
            self._listening[topic](payload)
        return 0
