"""Beyond one machine: a NATS cluster of three as broker, PostgreSQL, two workers each of ingest and rules.

Any one of them dies by kill -9 while readings and alarms of two sites flow; nothing is missing, nothing twice.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

from backbone.database.alarm_journal import rows
from backbone.database.database import Database
from backbone.historian.duckdb import DuckDBHistorian
from backbone.settings import Settings
from backbone.site_files import read_site
from tests.history import EVER, NEVER, frame
from tests.ingest_rig import Sender, sending
from tests.rules_rig import Edge, edge, now_ms
from tests.servers import ROOT, Process, free_port, installed, listening, wait_until

SHARES = {"east": "1/2", "court": "2/2"}
"""The sites, and the share each falls to."""
DETECTORS = 12
PATIENCE_S = 120.0
ON_TIME_MS = 90_000
"""A worker that is started again needs seconds on a busy machine, and so does a cluster that elects a leader."""
VICTIMS = (["node-0"], ["ingest-east", "rules-court"], ["node-2"], ["ingest-court", "rules-east"])
SITE = """
site: {{id: {name}, name: {{zh: 院}}}}
zones: [{{id: hall, name: {{zh: 大厅}}, kind: lobby}}]
gateways:
  - id: gw-{name}
    devices:
      - {{id: climate, profile: zigbee2mqtt-climate, zone: hall, mqtt: {{topic: zigbee2mqtt/climate}}}}
{detectors}
rules:
  - {{id: smoke, select: {{measure: smoke}}, when: {{equals: 1}}, risk: medium, message: {{zh: 烟雾}}}}
"""


class Cluster:
    """Three NATS nodes with the configuration file that ships."""

    def __init__(self, folder: Path) -> None:
        self.mqtt = [free_port() for _ in range(3)]
        routes = [free_port() for _ in range(3)]
        self.nodes = []
        for number in range(3):
            home = folder / f"node-{number}"
            home.mkdir(parents=True)
            (home / "nats.conf").write_text((ROOT / "deploy" / "nats" / "nats.conf").read_text(encoding="utf-8"))
            (home / "routes.conf").write_text(f"routes: [{', '.join(f'nats://127.0.0.1:{port}' for port in routes)}]\n")
            environment = {
                "NATS_NODE": f"node-{number}",
                "NATS_STORE": str(home / "store"),
                "NATS_LISTEN": f"127.0.0.1:{free_port()}",
                "NATS_CLUSTER": f"127.0.0.1:{routes[number]}",
                "NATS_MQTT": f"127.0.0.1:{self.mqtt[number]}",
            }
            self.nodes.append(
                Process(f"node-{number}", [installed("nats-server"), "-c", "nats.conf"], home, env=environment)
            )

    def url(self, first: int = 0) -> str:
        """All of them, beginning with one."""
        ports = self.mqtt[first:] + self.mqtt[:first]
        return ",".join(f"mqtt://127.0.0.1:{port}" for port in ports)

    def start(self, number: int) -> None:
        self.nodes[number].start(lambda: listening(self.mqtt[number]))


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    found = Cluster(folder)
    try:
        for node in found.nodes:
            node.start()
        for port in found.mqtt:
            wait_until(lambda port=port: listening(port), what="the cluster")  # type: ignore[misc]
        yield found
    finally:
        for node in found.nodes:
            node.stop()


class Workers:
    """`anju ingest` and `anju rules`, a share of the sites each."""

    def __init__(self, folder: Path, sites: Path, broker: Cluster, database: str) -> None:
        self.all: dict[str, Process] = {}
        self.folder = folder
        for number, (site, share) in enumerate(SHARES.items()):
            for name in ("ingest", "rules"):
                environment = {
                    "ANJU_SITE": str(sites),
                    "ANJU_DATA_DIR": str(folder / site),
                    "ANJU_DATABASE_URL": database,
                    "ANJU_MQTT_URL": broker.url(number),
                    "PYTHONPATH": str(ROOT),
                }
                command = [sys.executable, "-m", "anju", name, "--partition", share]
                self.all[f"{name}-{site}"] = Process(f"{name}-{site}", command, folder, env=environment)

    def __enter__(self) -> "Workers":
        for worker in self.all.values():
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.all.values():
            worker.stop()


async def _flow(sender: Sender, gateway: Edge, stop: asyncio.Event) -> dict[str, int]:
    """Numbered readings, and now and then a detector that goes off; when each did."""
    went_off: dict[str, int] = {}
    count = 0
    while not stop.is_set() or len(went_off) < DETECTORS:
        count += 1
        begin = now_ms()
        sender.send(frame([("climate.temperature", begin + n, float(count)) for n in range(10)], seq=sender.next()))
        if count % 20 == 0 and len(went_off) < DETECTORS:
            detector = f"smoke-{len(went_off)}.smoke"
            went_off[detector] = begin
            gateway.send((detector, 1.0), at=begin)
        await asyncio.sleep(0.1)
    return went_off


@contextlib.asynccontextmanager
async def _gateways(broker: Cluster, sites: Path) -> AsyncIterator[dict[str, tuple[Sender, Edge]]]:
    async with contextlib.AsyncExitStack() as stack:
        found = {}
        for number, name in enumerate(SHARES):
            site = read_site(Settings(site=sites / f"{name}.yaml"))
            url = broker.url(2 - number)
            sender = await stack.enter_async_context(sending(url, name, f"gw-{name}"))
            found[name] = sender, await stack.enter_async_context(edge(url, site, f"gw-{name}"))
        yield found


async def _until(condition: object, what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, f"waited {PATIENCE_S} s for {what}"
        await asyncio.sleep(0.05)


async def test_any_node_or_worker_may_die(tmp_path: Path, postgres_url: str) -> None:
    sites = tmp_path / "sites"
    sites.mkdir()
    detectors = "\n".join(
        f"      - {{id: smoke-{n}, profile: zigbee2mqtt-smoke, zone: hall, mqtt: {{topic: zigbee2mqtt/smoke-{n}}}}}"
        for n in range(DETECTORS)
    )
    for name in SHARES:
        (sites / f"{name}.yaml").write_text(SITE.format(name=name, detectors=detectors), encoding="utf-8")
    with closing(Database.open(postgres_url)) as database:
        await _die_in_turn(tmp_path, sites, postgres_url, database)


async def _die_in_turn(tmp_path: Path, sites: Path, postgres_url: str, database: Database) -> None:
    with cluster(tmp_path / "nats") as broker, Workers(tmp_path / "workers", sites, broker, postgres_url) as workers:
        async with _gateways(broker, sites) as gateways:
            await _until(lambda: all(s.heard for s, _ in gateways.values()), "ingest of both sites")
            stop = asyncio.Event()
            flows = {name: asyncio.create_task(_flow(*pair, stop)) for name, pair in gateways.items()}
            for victims in VICTIMS:
                await asyncio.sleep(2)
                await asyncio.to_thread(_kill_and_start, broker, workers, victims)
            stop.set()
            went_off = {name: await flow for name, flow in flows.items()}
            for name, (sender, gateway) in gateways.items():
                await _until(lambda sender=sender: sender.done, f"all readings of {name}")
                await _until(lambda gateway=gateway: gateway.all_committed, f"all frames of {name}")
                await _until(
                    lambda name=name: len(_raised(database, name)) >= DETECTORS,
                    f"every alarm of {name}",
                )
    for name, (sender, _) in gateways.items():
        raised = _raised(database, name)
        assert sorted(alarm for alarm, _ in raised) == sorted(
            f"{name}:smoke:{p}:{at}" for p, at in went_off[name].items()
        )
        assert max(late for _, late in raised) < ON_TIME_MS, raised
        with closing(DuckDBHistorian(tmp_path / "workers" / name / "history.duckdb", name).open()) as history:
            assert history.count(name, "climate.temperature", NEVER, EVER) == 10 * (sender.next() - 1)


def _raised(database: Database, site: str) -> list[tuple[str, int]]:
    """The alarms that were raised, and how long after the reading (ms)."""
    with database.read() as c:
        found = rows(c, site, changes=["raised"], limit=1000)
    return [(row.alarm, row.at - int(row.alarm.rpartition(":")[2])) for row in found]


def _kill_and_start(broker: Cluster, workers: Workers, victims: list[str]) -> None:
    for victim in victims:
        (broker.nodes[int(victim[-1])] if victim.startswith("node") else workers.all[victim]).kill()
    time.sleep(1)
    for victim in victims:
        if victim.startswith("node"):
            broker.start(int(victim[-1]))
        else:
            workers.all[victim].start()
