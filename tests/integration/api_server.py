"""The API as it runs: real socket, real database, real historian, real broker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from api.service import run
from api.settings import ApiSettings
from backbone.database import users
from backbone.database.alarms import save_alarm
from backbone.database.database import Database
from backbone.database.documents import plain
from backbone.database.outbox import append, events_since
from backbone.historian.open import open_historian
from backbone.historian.port import Historian
from backbone.settings import Settings
from backbone.site_files import read_site
from backbone.steady import wall_ms
from community.alarms import Alarm, raise_alarm
from community.people import Role
from community.site.site import Site
from tests.servers import ROOT, answers, free_port, wait_until

PASSWORD = "a-password-for-tests"  # pragma: allowlist secret


class ApiServer:
    """A running API and the stores behind it."""

    def __init__(self, settings: ApiSettings, site: Site, database: Database, historian: Historian) -> None:
        self.settings, self.site, self.database, self.historian = settings, site, database, historian
        self.ready = "/readyz"
        self.stop = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.http_port}"

    async def start(self) -> None:
        """Run it; returns once it answers."""
        self.stop.clear()
        self.task = asyncio.create_task(
            run(self.settings, self.site, self.historian, self.database, self.stop), name="api under test"
        )
        await asyncio.to_thread(wait_until, self._ended_or_ready, what="the API to be ready")
        if self.task.done():
            self.task.result()

    def _ended_or_ready(self) -> bool:
        assert self.task is not None
        return self.task.done() or answers(f"{self.url}{self.ready}")

    async def end(self) -> float:
        """Stop it; how long that took."""
        assert self.task is not None
        began = time.monotonic()
        self.stop.set()
        await self.task
        return time.monotonic() - began

    def add_user(self, role: Role) -> None:
        """The user who has the role, named like it."""
        admin = self._user("admin")
        user = users.User(
            username=role.value,
            name=role.value,
            password_hash=admin.password_hash,
            roles=frozenset({role}),
            disabled=False,
            created=wall_ms(),
        )
        with self.database.begin() as connection:
            users.insert_user(connection, user)

    def _user(self, username: str) -> users.User:
        with self.database.read() as connection:
            user = users.get_user(connection, username)
        assert user is not None
        return user

    @contextlib.asynccontextmanager
    async def client(self, username: str = "admin", password: str = PASSWORD) -> AsyncIterator[httpx.AsyncClient]:
        """Signed in."""
        async with httpx.AsyncClient(base_url=f"{self.url}/api/v1", timeout=10) as client:
            answer = await client.post("/session", json={"username": username, "password": password})
            assert answer.status_code == 201, answer.text
            client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
            client.cookies.clear()
            yield client

    @contextlib.asynccontextmanager
    async def page(self, client: httpx.AsyncClient, since: int | None = None) -> AsyncIterator[Page]:
        """An open page of the client's user, after its hello."""
        query = "" if since is None else f"?since={since}"
        url = f"ws://127.0.0.1:{self.settings.http_port}/api/v1/live{query}"
        headers = {"Authorization": client.headers["Authorization"]}
        async with connect(url, additional_headers=headers, max_size=10_000_000) as socket:
            page = Page(socket)
            page.hello = await page.message("hello")
            yield page

    def raise_alarm(self, scope: str, at: int) -> Alarm:
        """As rules store one: with its event, which their relay would publish."""
        rule = next(row for row in self.site.file.rules if row.id == "smoke")
        alarm = raise_alarm(site=self.site.id, rule=rule, scope=scope, zone="b3-f1", at=at, value=1.0, points=(scope,))
        with self.database.begin() as connection:
            save_alarm(connection, alarm)
            append(connection, "rules", self.site.id, "alarm", "raised", alarm.id, alarm, at)
        return alarm

    def payload(self, alarm: Alarm) -> str:
        """What rules publish of an alarm that was just stored."""
        with self.database.read() as connection:
            number = events_since(connection, self.site.id, 0, 100_000)[-1].id
        return json.dumps({**plain(alarm), "event": number, "change": "raised", "at": alarm.raised_at})


class Page:
    """What an open page hears."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.hello: dict[str, Any] = {}

    async def message(self, kind: str, timeout_s: float = 10) -> dict[str, Any]:
        """The next message of a kind; others are passed over."""
        async with asyncio.timeout(timeout_s):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                if message["type"] == kind:
                    return message

    async def closed(self, timeout_s: float = 10) -> str:
        """Wait for the server to close it; the reason."""
        async with asyncio.timeout(timeout_s):
            await self.socket.wait_closed()
        return self.socket.close_reason or ""


@contextlib.asynccontextmanager
async def api_server(
    folder: Path,
    broker_url: str,
    database_url: str | None = None,
    *,
    ready: str = "/readyz",
    site_file: Path = ROOT / "sites" / "jinxiu.yaml",
) -> AsyncIterator[ApiServer]:
    """The API of a site, the demo community if unset, on a free port, started once `ready` answers; its users are
    `admin` and one of every role."""
    settings = ApiSettings(
        site=site_file,
        data_dir=folder,
        http_port=free_port(),
        mqtt_url=broker_url,
        database_url=database_url,
        admin_password=PASSWORD,
    )
    site = read_site(Settings(site=settings.site))
    database = Database.open(settings.state_url)
    historian = open_historian(settings.history_url, folder, site, patient=True)
    server = ApiServer(settings, site, database, historian)
    server.ready = ready
    try:
        await server.start()
        for role in Role:
            server.add_user(role)
        yield server
    finally:
        if server.task is not None and not server.task.done():
            await server.end()
        historian.close()
        database.close()
