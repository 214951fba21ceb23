"""The database takes nothing, and it burns: judging goes on, people are told, and afterwards it is on record."""

import asyncio
import contextlib
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backbone.database.alarms import list_alarms
from community.alarms import Alarm
from community.site.profile import Family, Lane
from community.site.site import Site
from rules.service import run
from rules.settings import RulesSettings
from tests.receivers import Receiver, receiver
from tests.rules_rig import demo_site, edge, now_ms, open_database
from tests.servers import ROOT, Broker, Process
from tests.waiting import until

SMOKE_A, SMOKE_B = "smoke-b3-f1-a.smoke", "smoke-b3-f1-b.smoke"
FIRST, LAST = "call-point-b2.call-point", "call-point-b1.call-point"
PEOPLE = ("wang-wei", "li-na", "zhang-min", "chen-gang", "liu-yang", "zhao-lei")
UNSAVED = "平台目前无法保存数据"
MOST = 1_000


@pytest.fixture(scope="module")
def site() -> Site:
    return demo_site()


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiver() as running:
        monkeypatch.setenv("ANJU_SMS_URL", f"json://127.0.0.1:{running.port}/sms/{{to}}")
        for person in PEOPLE:
            monkeypatch.setenv(f"{person.replace('-', '_').upper()}_PHONE", person)
        yield running


@contextlib.asynccontextmanager
async def rules(broker: Broker, site: Site, folder: Path) -> AsyncIterator[None]:
    settings = RulesSettings(mqtt_url=broker.url, data_dir=folder, owed_readings=MOST)
    stop, database = asyncio.Event(), open_database(folder)
    task = asyncio.create_task(run(settings, site, database, stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await task
        database.close()


@contextlib.contextmanager
def hanging(folder: Path) -> Iterator[None]:
    """Whoever wants to write waits."""
    with contextlib.closing(sqlite3.connect(folder / "anju.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def told(hook: Receiver, words: str) -> set[str]:
    return {person for person in PEOPLE if any(words in text and UNSAVED in text for text in hook.to(person))}


def alarms(folder: Path, site: Site) -> dict[tuple[str, str], Alarm]:
    """By rule and scope, each once; of fire."""
    with contextlib.closing(open_database(folder)) as database, database.read() as c:
        found = [alarm for alarm in list_alarms(c, site.id) if alarm.rule in {"smoke", "fire-confirmed"}]
    by_scope = {(alarm.rule, alarm.scope): alarm for alarm in found}
    assert len(by_scope) == len(found)
    return by_scope


async def test_people_are_told_of_a_fire_that_cannot_be_recorded(
    mosquitto: Broker, site: Site, tmp_path: Path, hook: Receiver
) -> None:
    async with edge(mosquitto.url, site, "gw-east") as east, rules(mosquitto, site, tmp_path):
        east.send((SMOKE_A, 0.0), (SMOKE_B, 0.0))
        await until(lambda: east.all_committed, "the first frame")
        with hanging(tmp_path):
            first = now_ms()
            east.send((SMOKE_A, 1.0), at=first)
            await until(lambda: told(hook, "烟雾报警"), "somebody to be told of the smoke")
            second = now_ms()
            east.send((SMOKE_B, 1.0), at=second)
            await until(lambda: len(told(hook, "火情确认")) >= 2, "several to be told of the fire")
            assert not east.of("alarm", "raised"), "nothing is told as recorded that is not"
        await until(lambda: east.of("plan", "step-done"), "the plan")
        await until(lambda: east.all_committed, "the frames")
    found = alarms(tmp_path, site)
    assert {key: alarm.raised_at for key, alarm in found.items()} == {
        ("smoke", SMOKE_A): first,
        ("smoke", SMOKE_B): second,
        ("fire-confirmed", "b3-f1"): second,
    }
    assert found["fire-confirmed", "b3-f1"].activation is not None


async def test_however_much_was_judged_meanwhile_all_of_it_is_kept(
    mosquitto: Broker, site: Site, tmp_path: Path, hook: Receiver
) -> None:
    """So many readings that their record would fill the memory; a restart knows what was judged before them."""
    points = [p.id for p in site.points.values() if p.gateway == "gw-east" and not p.output and p.family != Family.FIRE]
    async with edge(mosquitto.url, site, "gw-east") as east:
        async with rules(mosquitto, site, tmp_path):
            east.send((SMOKE_A, 0.0), (SMOKE_B, 0.0))
            await until(lambda: east.all_committed, "the first frame")
            with hanging(tmp_path):
                east.send((FIRST, 1.0))
                await until(lambda: told(hook, "2号楼"), "somebody to be told")
                east.send((SMOKE_A, 1.0))
                for _ in range(2 * MOST // len(points)):
                    east.send(*[(point, 0.0) for point in points], lane=Lane.BULK)
                east.send((LAST, 1.0))
                await until(lambda: told(hook, "1号楼"), "somebody to be told of what came after them")
            await until(lambda: east.all_committed, "all of it")
        async with rules(mosquitto, site, tmp_path):
            east.send((SMOKE_B, 1.0))
            await until(lambda: ("fire-confirmed", "b3-f1") in alarms(tmp_path, site), "both to agree")


def _environment(broker: Broker, folder: Path) -> dict[str, str]:
    """Of a service that runs by itself."""
    kept = {"ANJU_SITE": str(ROOT / "sites" / "jinxiu.yaml"), "ANJU_DATA_DIR": str(folder), "ANJU_MQTT_URL": broker.url}
    return {**os.environ, **kept, "ANJU_DATABASE_URL": f"sqlite:///{folder}/state/anju.db"}


async def test_a_service_that_finds_no_database_judges_all_the_same(
    mosquitto: Broker, site: Site, tmp_path: Path, hook: Receiver
) -> None:
    """Where the database is to be, a file stands in the way; then somebody takes it away."""
    in_the_way = tmp_path / "state"
    in_the_way.touch()
    command = [sys.executable, "-m", "anju", "rules"]
    service = Process("rules", command, tmp_path, env=_environment(mosquitto, tmp_path))
    async with edge(mosquitto.url, site, "gw-east") as east:
        service.start()
        try:
            east.send((SMOKE_A, 1.0), (SMOKE_B, 1.0))  # an edge sends again what nobody committed
            await until(lambda: len(told(hook, "火情确认")) >= 2, "several to be told of the fire")
            in_the_way.unlink()
            await until(lambda: east.of("plan", "step-done"), "the plan")
        finally:
            service.stop()
    assert len(alarms(in_the_way, site)) == 3
