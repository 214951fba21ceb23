"""A thousand detectors report in the same second: until each has its alarm and its ticket, and people were told.

Run `python -m benchmarks.alarm_storm`. The rules service runs in this process over an embedded broker and SQLite, with
one crew member on duty whose phone is an HTTP server on the same machine. A person may get the first message at once
and one more when the grouping's window ends; all alarms are in them.
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
PEOPLE = {"chen-gang": Role.CREW, "zhang-min": Role.MANAGER}
LOOK_EVERY_S = 0.05
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
    alarms: int
    tickets: int
    messages: Mapping[str, int]
    """By person."""


def write_site(folder: Path, n: int) -> Site:
    """A community of `n` detectors."""
    devices = "\n".join(
        f"      - {{id: smoke-{i}, profile: zigbee2mqtt-smoke, zone: f{i % 40}, mqtt: {{topic: z2m/smoke-{i}}}}}"
        for i in range(n)
    )
    zones = ", ".join(f"{{id: f{i}, name: {{zh: {i}层}}, kind: corridor}}" for i in range(40))
    people = ", ".join(
        f'{{id: {name}, name: {name}, roles: [{role.value}], contacts: [{{channel: sms, to: "env:STORM_PHONE"}}]}}'
        for name, role in PEOPLE.items()
    )
    text = f"""
site: {{id: storm, name: {{zh: 报警风暴}}}}
zones: [{{id: b, name: {{zh: 楼}}, kind: building, zones: [{zones}]}}]
people: [{people}]
notifications:
  channels: {{sms: {{url: "env:STORM_URL"}}}}
  levels: {{medium: [{{after: 0s, all: [crew]}}]}}
  grouping: {{window: {WINDOW_S}s, digest: 10m}}
gateways:
  - id: gw
    devices:
{devices}
rules:
  - {{id: smoke, select: {{measure: smoke}}, when: {{equals: 1}}, risk: medium, message: {{zh: 烟雾报警}}}}
"""
    path = folder / "storm.yaml"
    path.write_text(text, encoding="utf-8")
    return read_site(Settings(site=path))


async def storm(folder: Path, n: int) -> Storm:
    """Have `n` detectors report at once."""
    site, database = write_site(folder, n), open_database(folder)
    with database.begin() as c:
        for name, role in PEOPLE.items():
            insert_user(
                c,
                User(username=name, name=name, password_hash="-", roles=frozenset({role}), disabled=False, created=0),
            )
    with receiver() as hook, _environment(hook), embedded_broker(folder / "broker") as broker:
        async with _rules(broker.url, site, database) as gateway:
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
            await asyncio.sleep(max(0.0, AIM_S - told_s))  # whatever else would come within the aim
            with database.read() as c:
                alarms = len(list_alarms(c, site.id, limit=10 * n))
            made = len(_tickets(database))
            messages = Counter(path.rpartition("/")[2] for path, _ in hook.got)
    database.close()
    return Storm(raised_s, assigned_s, told_s, alarms, made, messages)


def _tickets(database: Database) -> list[TicketState]:
    with database.read() as c:
        return [t.state for t in list_tickets(c, "storm", limit=10 * N) if t.source.startswith("rule:smoke:")]


def _told(database: Database) -> int:
    with database.read() as c:
        told = list_notifications(c, "storm", limit=10 * N)
    return sum(notification.state is NotificationState.HANDED_OVER for notification in told)


@contextlib.contextmanager
def _environment(hook: Receiver) -> Iterator[None]:
    os.environ |= {"STORM_URL": f"json://127.0.0.1:{hook.port}/sms/{{to}}", "STORM_PHONE": "13800000000"}
    try:
        yield
    finally:
        del os.environ["STORM_URL"], os.environ["STORM_PHONE"]


@contextlib.asynccontextmanager
async def _rules(url: str, site: Site, database: Database) -> AsyncIterator[Edge]:
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
        Figure("storm.messages_a_person", most, "messages", N, MOST_MESSAGES, lower=True),
    ]


if __name__ == "__main__":
    for figure in figures():
        print(json.dumps(figure.row()))
