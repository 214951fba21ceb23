"""A thousand detectors report in the same second: until each has its alarm and its ticket, and people were told.

Run `python -m benchmarks.alarm_storm`. The rules service runs in this process over an embedded broker and SQLite, with
one crew member on duty whose phone is an HTTP server on the same machine. In two rooms two detectors agree, so that two
emergency plans come into force in the middle of it. Of what is not high a person may get the first message at once and
one more when the grouping's window ends; all alarms are in them. What is high, and a plan's step, is told by itself.
"""

import asyncio
import contextlib
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from backbone.database.activations import list_activations
from backbone.database.alarms import list_alarms
from backbone.database.database import Database
from backbone.database.notifications import list_notifications
from backbone.database.tickets import list_tickets
from backbone.database.users import User, insert_user
from backbone.settings import Settings
from backbone.site_files import read_site
from benchmarks.figures import Figure
from community.notifications import NotificationState
from community.people import Role
from community.site.profile import Lane
from community.site.site import Site
from community.tickets import TicketState
from rules.service import run
from rules.settings import RulesSettings
from tests.receivers import Receiver, receiver
from tests.rules_rig import Edge, edge, open_database
from tests.servers import embedded_broker

N = 1_000
AIM_S = 10.0
WINDOW_S = 5
MOST_MESSAGES = 2
"""To a person, of what is not high."""
FIRES = ("f0", "g0")
"""Rooms in two buildings where two detectors agree; each activates the plan of its building."""
MOST_HIGH = {"chen-gang": len(FIRES), "zhang-min": len(FIRES)}
"""By person: the crew hears of each confirmed fire, the manager of each plan's step."""
PEOPLE = {"chen-gang": Role.CREW, "zhang-min": Role.MANAGER}
LOOK_EVERY_S = 0.05
SAID = "cause: {zh: 有烟, en: Smoke}, consequence: {zh: 起火, en: Fire}, action: {zh: 查看, en: Look}"
"""What a high rule has to say."""
MOST_S = 120.0


@dataclass(frozen=True, slots=True)
class Storm:
    """What came of it; times from when the frame was sent."""

    raised_s: float
    """Until every detector has its alarm and its one ticket."""
    assigned_s: float
    """Until every ticket has been given to somebody."""
    told_s: float
    """Until whoever is on duty was told of every one of them."""
    in_force_s: float
    """Until both plans are in force and their people were told."""
    alarms: int
    tickets: int
    messages: Mapping[str, int]
    """By person, of what is not high."""
    high: Mapping[str, int]
    """By person, of confirmed fires and of steps of a plan."""
    activations: int


def write_site(folder: Path, n: int, smoke: str = "risk: medium") -> Site:
    """A community of `n` detectors; `smoke` says what smoke at one of them is."""
    devices = "\n".join(
        f"      - {{id: smoke-{i}, profile: zigbee2mqtt-smoke, zone: {_room(i)}, mqtt: {{topic: z2m/smoke-{i}}}}}"
        for i in range(n)
    )
    buildings = "\n".join(
        f"  - {{id: {b}, name: {{zh: {b}楼}}, kind: building, zones: ["
        + ", ".join(f"{{id: {b}{i}, name: {{zh: {i}层}}, kind: corridor}}" for i in range(20))
        + "]}"
        for b in ("f", "g")
    )
    people = ", ".join(
        f"{{id: {name}, name: {name}, roles: [{role.value}], contacts: [{{channel: sms, to: {name}}}]}}"
        for name, role in PEOPLE.items()
    )
    text = f"""
site: {{id: storm, name: {{zh: 报警风暴}}}}
zones:
{buildings}
people: [{people}]
notifications:
  channels: {{sms: {{url: "env:STORM_URL"}}}}
  levels: {{medium: [{{after: 0s, all: [crew]}}], high: [{{after: 0s, all: [crew]}}]}}
  grouping: {{window: {WINDOW_S}s, digest: 10m}}
gateways:
  - id: gw
    devices:
{devices}
rules:
  - {{id: smoke, select: {{measure: smoke}}, when: {{equals: 1}}, {smoke}, message: {{zh: 烟雾报警, en: Smoke}}}}
  - id: fire
    select: {{measure: smoke, zone: [{", ".join(FIRES)}]}}
    when: {{vote: {{at_least: 2, within: 60s, per: zone}}}}
    risk: high
    plan: fire
    message: {{zh: 火情确认, en: Fire confirmed}}
    cause: {{zh: 有烟, en: Smoke}}
    consequence: {{zh: 起火, en: Fire}}
    action: {{zh: 查看, en: Look}}
plans:
  - id: fire
    name: {{zh: 火灾预案}}
    kind: fire
    version: 1
    approved: {{by: zhang-min, on: 2026-01-01}}
    next_revision: 2099-01-01
    organisation: {{commander: manager}}
    levels: {{high: {{steps: [{{id: call, name: {{zh: 通知指挥}}, notify: [commander], within: 1h}}]}}}}
"""
    path = folder / "storm.yaml"
    path.write_text(text, encoding="utf-8")
    return read_site(Settings(site=path))


def _room(i: int) -> str:
    return f"{'fg'[i // 20 % 2]}{i % 20}"


async def storm(folder: Path, n: int, database: Database | None = None) -> Storm:
    """Have `n` detectors report at once; into a SQLite file, or another database that is empty."""
    site, database = write_site(folder, n), database or open_database(folder)
    with database.begin() as c:
        for name, role in PEOPLE.items():
            insert_user(
                c,
                User(username=name, name=name, password_hash="-", roles=frozenset({role}), disabled=False, created=0),
            )
    with receiver() as hook, phones(hook), embedded_broker(folder / "broker") as broker:
        async with rules_service(broker.url, site, database) as gateway:
            gateway.say_online(True)
            gateway.send(*((f"smoke-{i}.smoke", 0.0) for i in range(n)))
            await _until(lambda: gateway.all_committed)
            began = time.monotonic()
            gateway.send(*((f"smoke-{i}.smoke", 1.0) for i in range(n)), lane=Lane.URGENT)
            await _until(lambda: len(_tickets(database)) >= n)
            raised_s = time.monotonic() - began
            await _until(lambda: Counter(_tickets(database))[TicketState.ASSIGNED] >= n)
            assigned_s = time.monotonic() - began
            await _until(lambda: _told(database) >= n)
            told_s = time.monotonic() - began
            await _until(lambda: _in_force(database) >= len(FIRES) and sum(_high(hook).values()) >= 2 * len(FIRES))
            in_force_s = time.monotonic() - began
            await asyncio.sleep(max(0.0, AIM_S - told_s))  # whatever else would come within the aim
            with database.read() as c:
                alarms = len(list_alarms(c, site.id, limit=10 * n))
            made = len(_tickets(database))
            high, activations = _high(hook), _in_force(database)
            messages = Counter(path.rpartition("/")[2] for path, body in list(hook.got) if not _is_high(body))
    database.close()
    return Storm(raised_s, assigned_s, told_s, in_force_s, alarms, made, messages, high, activations)


def _high(hook: Receiver) -> Counter[str]:
    return Counter(path.rpartition("/")[2] for path, body in list(hook.got) if _is_high(body))


def _is_high(body: Mapping[str, str]) -> bool:
    return body["message"].startswith(("高风险报警", "应急预案", "请您担任总指挥"))


def _in_force(database: Database) -> int:
    with database.read() as c:
        return len(list_activations(c, "storm", limit=10))


def _tickets(database: Database) -> list[TicketState]:
    with database.read() as c:
        return [t.state for t in list_tickets(c, "storm", limit=10 * N) if t.source.startswith("rule:smoke:")]


def _told(database: Database) -> int:
    with database.read() as c:
        told = list_notifications(c, "storm", limit=10 * N)
    return sum(notification.state is NotificationState.HANDED_OVER for notification in told)


@contextlib.contextmanager
def phones(hook: Receiver) -> Iterator[None]:
    """Messages to people go to this receiver, each at the path of the person."""
    os.environ["STORM_URL"] = f"json://127.0.0.1:{hook.port}/sms/{{to}}"
    try:
        yield
    finally:
        del os.environ["STORM_URL"]


@contextlib.asynccontextmanager
async def rules_service(url: str, site: Site, database: Database) -> AsyncIterator[Edge]:
    """The rules service at work, and a gateway that speaks to it."""
    stop = asyncio.Event()
    task = asyncio.create_task(
        run(RulesSettings(mqtt_url=url, public_url="https://anju.example"), site, database, stop)
    )
    try:
        async with edge(url, site, "gw") as gateway:
            yield gateway
    finally:
        stop.set()
        await task


async def _until(condition: object) -> None:
    assert callable(condition)
    end = time.monotonic() + MOST_S
    while not await asyncio.to_thread(condition):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {MOST_S:g} s")
        await asyncio.sleep(LOOK_EVERY_S)


def figures() -> list[Figure]:
    """How long a thousand take, and how many messages a person gets."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(storm(Path(folder), N))
    most = max(found.messages.values(), default=0)
    more = {"alarms": found.alarms, "tickets": found.tickets}
    return [
        Figure("storm.raised_s", found.raised_s, "s", N, AIM_S, lower=True, more=more),
        Figure("storm.assigned_s", found.assigned_s, "s", N, AIM_S, lower=True),
        Figure("storm.told_s", found.told_s, "s", N, AIM_S, lower=True),
        Figure("storm.in_force_s", found.in_force_s, "s", len(FIRES), AIM_S, lower=True),
        Figure("storm.messages_a_person", most, "messages", N, MOST_MESSAGES, lower=True, more={"high": found.high}),
    ]


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
