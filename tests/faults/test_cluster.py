"""Beyond one machine: a NATS cluster of three as broker, PostgreSQL, two workers each of ingest and rules.

A node, the database, or a worker of each kind that has a stand-by dies by kill -9 while two gateways pass readings and
alarms of two sites on: no reading is missing, none is there twice, and who went off has an alarm, on time, nobody else.
"""

import asyncio
import contextlib
import json
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy.exc import SQLAlchemyError

from backbone import topics
from backbone.bus import Bus
from backbone.database.alarm_journal import rows
from backbone.database.database import Database
from backbone.historian.duckdb import DuckDBHistorian
from backbone.settings import Settings
from backbone.site_files import read_site
from community.alarms import alarm_id
from gateway.service import run as run_gateway
from gateway.settings import GatewaySettings
from tests.faults.numbered import Careful, NumberedSensor, nothing_lost_or_doubled, now_ms, stamp, stored
from tests.servers import (
    ROOT,
    Broker,
    Postgres,
    Process,
    answers,
    free_port,
    installed,
    listening,
    mortal_postgres,
    mosquitto,
    wait_until,
)
from tests.waiting import until

SHARES = {"east": "1/2", "court": "2/2"}
"""The sites, and the share each falls to."""
STAND_BY = ("ingest-east", "rules-court")
"""Beside these a second worker waits. It goes on for good: who died does not come back."""
DETECTORS = 400
"""Of each site, as many as may be needed; each goes off once."""
EVERY_S = 0.4
PATIENCE_S = 60.0


class Death(NamedTuple):
    """Who dies, and how much later than usual an alarm of a detector that goes off then or afterwards may be."""

    who: str
    on_time_ms: int


NOBODY = Death("nobody", 0)
DEATHS = (
    NOBODY,
    Death("node-0", 10_000),
    Death("rules-court", 15_000),
    Death("ingest-east", 10_000),
    Death("postgres", 15_000),
    Death("node-2", 10_000),
)
"""Before them nobody dies: that is usual here and now. docs/scaling.md says what is on a machine with little to do."""
BESIDE = 5
"""Detectors of each site that go off, and are seen, while a node is away: its absence is borne, not only its death."""
SITE = """
site: {{id: {name}, name: {{zh: 院}}}}
zones: [{{id: hall, name: {{zh: 大厅}}, kind: lobby}}]
gateways:
  - id: gw-{name}
    mqtt: {{url: "mqtt://127.0.0.1:{sensors}"}}
    devices:
      - {{id: climate-{name}, profile: zigbee2mqtt-climate, zone: hall, mqtt: {{topic: zigbee2mqtt/climate-{name}}}}}
{detectors}
rules:
  - {{id: smoke, select: {{measure: smoke}}, when: {{equals: 1}}, risk: medium, message: {{zh: 烟雾}}}}
"""


class Cluster:
    """Three NATS nodes with the configuration file that ships."""

    def __init__(self, folder: Path) -> None:
        self.mqtt = [free_port() for _ in range(3)]
        self.health = [free_port() for _ in range(3)]
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
            command = [installed("nats-server"), "-c", "nats.conf", "-m", str(self.health[number])]
            self.nodes.append(Process(f"node-{number}", command, home, env=environment))

    def url(self, first: int = 0) -> str:
        """All of them, beginning with one."""
        ports = self.mqtt[first:] + self.mqtt[:first]
        return ",".join(f"mqtt://127.0.0.1:{port}" for port in ports)

    def start(self, number: int) -> None:
        """Started, and up to date: until then it is not there for the others."""
        self.nodes[number].start(lambda: answers(f"http://127.0.0.1:{self.health[number]}/healthz?js-server-only=true"))


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
    """`anju ingest` and `anju rules`, a share of the sites each, and who stands by."""

    def __init__(self, folder: Path, sites: Path, broker: Cluster, database: str) -> None:
        self.all: dict[str, Process] = {}
        for number, (site, share) in enumerate(SHARES.items()):
            environment = {
                "ANJU_SITE": str(sites),
                "ANJU_DATA_DIR": str(folder / site),
                "ANJU_DATABASE_URL": database,
                "ANJU_MQTT_URL": broker.url(number),
                "PYTHONPATH": str(ROOT),
            }
            for name in ("ingest", "rules"):
                command = [sys.executable, "-m", "anju", name, "--partition", share]
                for worker in (f"{name}-{site}", f"{name}-{site}-again"):
                    if worker.removesuffix("-again") in {worker, *STAND_BY}:
                        self.all[worker] = Process(worker, command, folder, env=environment)

    def __enter__(self) -> "Workers":
        for name, worker in self.all.items():
            if not name.endswith("-again"):
                worker.start()
        return self

    def stand_by(self) -> None:
        """The second ones, once the first have their turn."""
        for name in STAND_BY:
            self.all[f"{name}-again"].start()
        for name in STAND_BY:
            worker = self.all[f"{name}-again"]
            wait_until(lambda worker=worker: "standing by" in worker.output(), what=f"{worker.name} to stand by")  # type: ignore[misc]

    def __exit__(self, *_: object) -> None:
        for worker in self.all.values():
            worker.stop()


class Detectors:
    """Those of a site: one after the other goes off."""

    def __init__(self, port: int, site: str) -> None:
        self._site = site
        self._line = Careful(port, f"detectors-{site}")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_off, name=f"detectors {site}")
        self.went_off: dict[str, int] = {}
        """When (Unix ms), by the alarm that is to come of it."""

    def __enter__(self) -> "Detectors":
        self._line.__enter__()
        self._thread.start()
        return self

    def rest(self) -> None:
        self._stop.set()
        self._thread.join()

    def __exit__(self, *_: object) -> None:
        self.rest()
        self._line.__exit__()

    def _go_off(self) -> None:
        for number in range(DETECTORS):
            if self._stop.wait(EVERY_S):
                return
            name, at = f"smoke-{self._site}-{number}", now_ms()
            self.went_off[alarm_id(self._site, "smoke", f"{name}.smoke", at)] = at
            self._line.say(f"zigbee2mqtt/{name}", f'{{"smoke":true,"last_seen":"{stamp(at)}"}}', at)


class Watch:
    """When each alarm was seen in the database, the way people and screens learn of it (Unix ms)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.seen: dict[str, int] = {}
        self.raised: list[str] = []

    async def run(self) -> None:
        with closing(Database.open(self._url)) as database:
            while True:
                with contextlib.suppress(SQLAlchemyError):
                    self.raised = await asyncio.to_thread(_raised, database)
                for alarm in self.raised:
                    self.seen.setdefault(alarm, now_ms())
                await asyncio.sleep(0.05)


def _raised(database: Database) -> list[str]:
    with database.read() as c:
        return [row.alarm for site in SHARES for row in rows(c, site, changes=["raised"], limit=1000)]


@contextlib.asynccontextmanager
async def _gateways(broker: Cluster, sites: Path, folder: Path) -> AsyncIterator[None]:
    """As `anju gateway` runs them."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for number, name in enumerate(SHARES):
            file = sites / f"{name}.yaml"
            settings = GatewaySettings(
                site=file,
                mqtt_url=broker.url(2 - number),
                data_dir=folder / f"gw-{name}",
                gateway=f"gw-{name}",
                status_s=0.5,
            )
            group.create_task(run_gateway(settings, read_site(Settings(site=file)), stop), name=f"gw-{name}")
        try:
            yield
        finally:
            stop.set()


def _write_sites(folder: Path, sensors: int) -> None:
    folder.mkdir()
    for name in SHARES:
        detectors = "\n".join(
            f"      - {{id: smoke-{name}-{n}, profile: zigbee2mqtt-smoke, zone: hall,"
            f" mqtt: {{topic: zigbee2mqtt/smoke-{name}-{n}}}}}"
            for n in range(DETECTORS)
        )
        text = SITE.format(name=name, sensors=sensors, detectors=detectors)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.mark.timeout(240)
async def test_any_node_or_worker_or_the_database_may_die(tmp_path: Path) -> None:
    with mosquitto(tmp_path / "sensors") as near, mortal_postgres(tmp_path / "postgres") as state:
        _write_sites(tmp_path / "sites", near.port)
        await _die_in_turn(tmp_path, near, state)


async def _die_in_turn(folder: Path, near: Broker, state: Postgres) -> None:
    watch = Watch(state.url)
    with (
        cluster(folder / "nats") as broker,
        Workers(folder / "workers", folder / "sites", broker, state.url) as workers,
        contextlib.ExitStack() as stack,
    ):
        watching = asyncio.create_task(watch.run(), name="watch")
        async with _gateways(broker, folder / "sites", folder), Bus(broker.url(), "watch") as bus:
            said = _statuses(bus)
            await until(lambda: _listen(said), lambda: f"the gateways: {said}")
            sensors = {n: stack.enter_context(NumberedSensor(near.port, f"climate-{n}", rate_hz=40)) for n in SHARES}
            detectors = {n: stack.enter_context(Detectors(near.port, n)) for n in SHARES}
            await until(lambda: {a.split(":")[0] for a in watch.raised} == {*SHARES}, lambda: "alarms of both sites")
            await asyncio.to_thread(workers.stand_by)
            began: list[tuple[Death, int]] = []
            for death in DEATHS:
                began.append((death, now_ms()))
                await asyncio.to_thread(_kill_and_start, death, broker, workers, state, _Beside(watch, detectors))
                await _all_seen(watch, detectors)
            for sensor in sensors.values():
                sensor.rest()
            for one in detectors.values():
                one.rest()
            await _all_seen(watch, detectors)
            rested = now_ms()
            await until(lambda: _have_given(said, rested), lambda: f"all frames: {said}")
        watching.cancel()
    went_off = {alarm: at for one in detectors.values() for alarm, at in one.went_off.items()}
    assert sorted(watch.raised) == sorted(went_off), "each has its alarm, once, and nobody else has"
    late = _latest(began, went_off, watch.seen)
    print({death.who: ms for death, ms in late.items()})
    assert not {death.who: ms for death, ms in late.items() if ms - late[NOBODY] > death.on_time_ms}
    for name, sensor in sensors.items():
        path = folder / "workers" / name / "history.duckdb"
        with closing(DuckDBHistorian(path, name).open()) as history:
            nothing_lost_or_doubled(sensor.readings, stored(history, name, [sensor.point]))


def _statuses(bus: Bus) -> dict[str, dict[str, Any]]:
    """What each gateway said last of itself."""
    said: dict[str, dict[str, Any]] = {}
    for name in SHARES:
        bus.subscribe(
            topics.status(name, f"gw-{name}"), lambda topic, payload: said.update({topic: json.loads(payload)})
        )
    return said


def _listen(said: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether both gateways hear their sensors."""
    heard = [row for row in said.values() if row["online"] and "cannot be heard" not in (row["problem"] or "")]
    return len(heard) == len(SHARES)


def _have_given(said: Mapping[str, Mapping[str, Any]], since: int) -> bool:
    """Whether both have said since then that nobody lacks a frame of theirs."""
    return all(row.get("at", 0) > since and not row["spooled"] for row in said.values())


async def _all_seen(watch: Watch, detectors: Mapping[str, Detectors]) -> None:
    """Whoever went off by now has an alarm."""
    wanted = {alarm for one in detectors.values() for alarm in tuple(one.went_off)}
    await until(lambda: wanted <= watch.seen.keys(), lambda: f"alarms of {sorted(wanted - watch.seen.keys())[:5]}")


def _latest(began: list[tuple[Death, int]], went_off: Mapping[str, int], seen: Mapping[str, int]) -> dict[Death, int]:
    """By death: how late the latest alarm was of those that were seen from then to the next (ms).

    What went off just before somebody died and was still on its way then, is late because of that death.
    """
    ends = [at for _, at in began[1:]] + [2**62]
    return {
        death: max(seen[alarm] - at for alarm, at in went_off.items() if begin <= seen[alarm] < end)
        for (death, begin), end in zip(began, ends, strict=True)
    }


class _Beside:
    """What goes on while somebody is away."""

    def __init__(self, watch: Watch, detectors: Mapping[str, Detectors]) -> None:
        self._watch = watch
        self._detectors = detectors

    def go_off(self, number: int, *, seen: bool) -> None:
        """So many more of each site, whose alarms are seen meanwhile."""
        for one in self._detectors.values():
            before = set(one.went_off)

            def gone(one: Detectors = one, before: set[str] = before) -> bool:
                more = [alarm for alarm in tuple(one.went_off) if alarm not in before]
                return len(more) >= number and (not seen or self._watch.seen.keys() >= {*more[:number]})

            wait_until(gone, PATIENCE_S, f"{number} detectors")


def _kill_and_start(death: Death, broker: Cluster, workers: Workers, state: Postgres, beside: _Beside) -> None:
    """Returns when what was lost is made good: the next death is one again, not a second."""
    if death is NOBODY:
        beside.go_off(BESIDE, seen=True)
    elif death.who == "postgres":
        state.kill()
        beside.go_off(2, seen=False)
        state.start()
    elif death.who.startswith("node"):
        number = int(death.who[-1])
        broker.nodes[number].kill()
        beside.go_off(BESIDE, seen=True)
        broker.start(number)
    else:
        workers.all[death.who].kill()
        beside.go_off(2, seen=False)
