"""A node of the cluster dies as a fire is detected, then two of three: the escape doors open all the same, once.

Alarm, command and reply meet no election: it would take longer than they may.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

from backbone import topics
from backbone.bus import Bus
from backbone.database.activations import list_activations
from backbone.database.commands import get_reply, pending_commands
from backbone.database.database import Database
from backbone.settings import Settings
from backbone.site_files import read_site
from community.activations import Activation, StepState
from community.commands import Outcome
from community.site.site import Site
from gateway.service import run as run_gateway
from gateway.settings import GatewaySettings
from rules.service import run as run_rules
from rules.settings import RulesSettings
from tests.faults.numbered import now_ms
from tests.faults.test_cluster import Cluster, cluster
from tests.servers import mosquitto
from tests.waiting import until

BUILDINGS = range(4)
IN_TIME_MS = 3_000
"""From the detector to the door, and to the reply on record: less than the quickest election (4 s)."""
SITE = """
site: {id: court, name: {zh: 院}}
zones:
%(zones)s
parties: [{id: committee, name: {zh: 居委会}, kind: committee}]
people: [{id: li, name: 李, roles: [safety-officer], party: committee}]
gateways:
  - id: gw
    mqtt: {url: "mqtt://127.0.0.1:%(port)s"}
    devices:
%(devices)s
rules:
  - id: smoke
    select: {measure: smoke}
    when: {equals: 1}
    risk: high
    plan: fire
    message: &say {zh: 烟雾, en: Smoke}
    cause: *say
    consequence: *say
    action: *say
plans:
  - id: fire
    name: {zh: 火灾应急预案}
    kind: fire
    version: 1
    approved: {by: li, on: 2026-09-01}
    next_revision: 2027-09-01
    organisation: {commander: safety-officer}
    levels:
      high:
        steps:
          - {id: release, name: {zh: 开门}, do: {set: egress-lock, to: safe}, within: 10s}
          - {id: call, name: {zh: 通知}, notify: [commander], within: 15s}
"""
ZONE = "  - {id: b%d, name: {zh: 楼}, kind: building}"
DEVICES = """\
      - {id: smoke-%(n)d, profile: zigbee2mqtt-smoke, zone: b%(n)d, mqtt: {topic: zigbee2mqtt/smoke-%(n)d}}
      - id: lock-%(n)d
        profile: sonoff-basicr2
        zone: b%(n)d
        mqtt: {topic: tele/lock-%(n)d}
        outputs: {state: {kind: egress-lock, safe: 0}}"""


class Doors:
    """Locks on Tasmota relays, and the detectors beside them."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.opened: dict[str, list[int]] = {}
        """By lock: when it was told to open (Unix ms)."""
        bus.subscribe("cmnd/+/POWER", self._told)

    def _told(self, topic: str, payload: bytes) -> None:
        lock = topic.split("/")[1]
        if payload:
            assert payload == b"OFF"
            self.opened.setdefault(lock, []).append(now_ms())
        state = "OFF" if lock in self.opened else "ON"
        self._bus.publish(f"stat/{lock}/RESULT", json.dumps({"POWER": state}).encode())

    def detect(self, building: int) -> int:
        """Smoke there; when (Unix ms)."""
        at = now_ms()
        self._bus.publish(f"zigbee2mqtt/smoke-{building}", b'{"smoke":true,"battery":90}')
        return at


@contextlib.asynccontextmanager
async def _platform(broker: Cluster, file: Path, site: Site, database: Database, folder: Path) -> AsyncIterator[None]:
    """Rules and a gateway, each first at another node."""
    stop = asyncio.Event()
    rules = RulesSettings(site=file, mqtt_url=broker.url(1), data_dir=folder / "rules")
    gateway = GatewaySettings(
        site=file, mqtt_url=broker.url(0), data_dir=folder / "gw", gateway="gw", status_s=0.5, consumers=["rules"]
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(run_rules(rules, site, database, stop), name="rules")
        group.create_task(run_gateway(gateway, site, stop), name="gateway")
        try:
            yield
        finally:
            stop.set()


@pytest.mark.timeout(150)
async def test_escape_doors_open_once_whichever_nodes_die(tmp_path: Path) -> None:
    file = tmp_path / "court.yaml"
    with mosquitto(tmp_path / "sensors") as near, cluster(tmp_path / "nats") as broker:
        zones = "\n".join(ZONE % n for n in BUILDINGS)
        devices = "\n".join(DEVICES % {"n": n} for n in BUILDINGS)
        file.write_text(SITE % {"zones": zones, "devices": devices, "port": near.port}, encoding="utf-8")
        site = read_site(Settings(site=file))
        with closing(Database.open(f"sqlite:///{tmp_path / 'anju.db'}")) as database:
            async with (
                Bus(near.url, "doors") as bus,
                Bus(broker.url(1), "watch") as watch,
                _platform(broker, file, site, database, tmp_path),
            ):
                await _die(broker, Doors(bus), watch, site, database)


async def _die(broker: Cluster, doors: Doors, watch: Bus, site: Site, database: Database) -> None:
    said: list[dict[str, object]] = []
    watch.subscribe(topics.status(site.id, "gw"), lambda _topic, body: said.append(json.loads(body)))

    def all_given(since: int) -> bool:
        """Whether the gateway has said since then that nobody lacks a frame of its."""
        return bool(said) and int(str(said[-1].get("at", 0))) > since and said[-1]["spooled"] == 0

    def ended(building: int) -> Activation | None:
        """The response in that building, once the reply of its lock is on record."""
        with database.read() as c:
            found = [one for one in list_activations(c, site.id, limit=10) if one.zone == f"b{building}"]
        return next((one for one in found if one.steps[0].state is StepState.DONE), None)

    took: dict[str, tuple[int, int]] = {}

    async def fire(building: int, dead: str) -> None:
        at, lock = doors.detect(building), f"lock-{building}"
        await until(lambda: doors.opened.get(lock), f"{lock} to be told, {dead} dead")
        await until(lambda: ended(building), f"the reply of {lock}, {dead} dead")
        took[dead] = doors.opened[lock][0] - at, now_ms() - at

    for node in range(3):
        await _all_ways(broker, node)
    await until(lambda: all_given(0), "the gateway")
    broker.nodes[1].kill()
    await fire(0, "the node of the rules")
    await asyncio.to_thread(broker.start, 1)
    await _all_ways(broker, 1)
    broker.nodes[0].kill()
    await fire(1, "the node of the gateway")
    broker.nodes[2].kill()
    await fire(2, "two of three")
    for node in (0, 2):
        broker.nodes[node].start()
    since = now_ms()
    await until(lambda: all_given(since), "what waited for the cluster to arrive")
    await fire(3, "nobody")
    print(took)
    assert all(max(times) < IN_TIME_MS for times in took.values()), took
    assert {lock: len(times) for lock, times in doors.opened.items()} == {f"lock-{n}": 1 for n in BUILDINGS}
    with database.read() as c:
        assert pending_commands(c, site.id) == []
    for building in BUILDINGS:
        activation = ended(building)
        assert activation is not None
        [action] = activation.steps[0].actions
        with database.read() as c:
            reply = get_reply(c, action.command)
        assert reply is not None
        assert reply.outcome is Outcome.DONE


async def _all_ways(broker: Cluster, node: int) -> None:
    """Rules and gateway hear by their ways to a node."""

    def listen() -> bool:
        with urlopen(f"http://127.0.0.1:{broker.health[node]}/connz?subs=1", timeout=2) as answer:
            clients = json.load(answer)["connections"]
        hearing = {one.get("mqtt_client", "") for one in clients if "anju.v1" in str(one.get("subscriptions_list"))}
        return {"rules", "gateway"} <= {part for name in hearing if "-way-" in name for part in name.split("-")}

    end = time.monotonic() + 30
    while not await asyncio.to_thread(listen):
        assert time.monotonic() < end, f"waited 30 s for the ways to node {node}"
        await asyncio.sleep(0.05)
