"""`anju up`: the whole platform on this machine."""

import asyncio
import fcntl
import json
import os
import secrets
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from urllib.request import Request, urlopen

from pydantic import Field
from rich.console import Console

from anju.supervisor import Service, Supervisor
from backbone.last_site import read_site_or_last
from backbone.settings import Settings
from community.site.site import Site

READY_S = 60.0


class UpError(Exception):
    """Why the platform cannot start here; the message says what to do."""


class UpSettings(Settings):
    """What `anju up` needs to know."""

    http_host: str = Field(default="127.0.0.1", description="address the page is served on")
    http_port: int = Field(default=8000, ge=1, le=65535, description="port of the page and the API")
    simulate: bool = Field(default=True, description="run the simulator beside the services")


def services(settings: UpSettings, site: Site, first: "FirstPassword | None" = None) -> list[Service]:
    """The processes of this installation, in the order a person reads them."""
    shared = settings.history_file is not None
    broker = [] if settings.mqtt_url else [Service("broker", ("broker",), outlives=True)]
    gateways = [Service(f"gateway {name}", ("gateway",), {"ANJU_GATEWAY": name}) for name in site.gateways]
    api_environment = {"ANJU_ADMIN_PASSWORD": first.secret} if first else {}
    history = (
        [Service("ingest+api", ("api", "--with-ingest"), api_environment)]
        if shared
        else [Service("ingest", ("ingest",)), Service("api", ("api",), api_environment)]
    )
    simulator = [Service("simulator", ("simulate",))] if settings.simulate else []
    return [*broker, *history, Service("rules", ("rules",)), *gateways, *simulator]


async def up(console: Console) -> None:
    """Start, say where to look, and keep everything running until Ctrl-C."""
    began = time.monotonic()
    settings = UpSettings()
    site, _ = read_site_or_last(settings, lambda problems: _say_refused(console, problems))
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with _only_one(settings.data_dir):
        _check_ports(settings)
        console.print(
            f"[bold]安居 Anju[/]  {site.file.site.name.zh} ({site.file.site.name.in_language('en')}): "
            f"{len(site.devices)} devices, {len(site.points)} points"
        )
        first = FirstPassword.make(settings)
        running = services(settings, site, first)
        console.print(f"starting {', '.join(s.name for s in running)}")
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        supervisor = Supervisor(settings.data_dir, running, lambda text: console.print(f"[yellow]{text}[/]"))
        async with asyncio.TaskGroup() as group:
            group.create_task(supervisor.run(stop), name="supervisor")
            group.create_task(_announce(console, settings, first, began, stop), name="announce")
        console.print("stopped")


def _say_refused(console: Console, problems: list[str]) -> None:
    console.print("[bold red]the site file is refused; the one that was last in force is run[/]")
    for problem in problems:
        console.print(problem, style="red", markup=False)


async def _announce(
    console: Console, settings: UpSettings, first: "FirstPassword | None", began: float, stop: asyncio.Event
) -> None:
    url = f"http://{settings.http_host}:{settings.http_port}"
    while not stop.is_set() and not await asyncio.to_thread(_ready, f"{url}/readyz"):
        if time.monotonic() - began > READY_S:
            console.print(f"[red]not ready after {READY_S:g} s: see {settings.data_dir / 'logs'}[/]")
            return
        await asyncio.sleep(0.1)
    if stop.is_set():
        return
    console.print(f"ready in {time.monotonic() - began:.1f} s\n\n  [bold green]{url}[/]")
    if first is not None and await asyncio.to_thread(first.opens, url):
        console.print(f"  user [bold]admin[/]  password [bold]{first.secret}[/]   (shown this once)")
    console.print("\n  Ctrl-C stops everything; logs are in " + str(settings.data_dir / "logs"))
    console.print("  try: .venv/bin/anju simulate --scenario corridor-fire\n")


@dataclass(frozen=True, slots=True)
class FirstPassword:
    """A password we made up for the first administrator, should there be none yet."""

    secret: str
    tried: Path
    """Left once it was tried, so that later starts do not try again."""

    @classmethod
    def make(cls, settings: UpSettings) -> "FirstPassword | None":
        """None when one is set, or when it was tried before."""
        tried = settings.data_dir / "first-password-shown"
        if "ANJU_ADMIN_PASSWORD" in os.environ or tried.exists():
            return None
        return cls(secrets.token_urlsafe(15), tried)

    def opens(self, url: str) -> bool:
        """Whether it is the administrator's: on an older database it is not."""
        body = json.dumps({"username": "admin", "password": self.secret}).encode()
        request = Request(f"{url}/api/v1/session", body, {"Content-Type": "application/json"})  # noqa: S310
        try:
            with urlopen(request, timeout=10):  # noqa: S310  (our own address)
                found = True
        except OSError:
            found = False
        self.tried.touch()
        return found


def _only_one(data_dir: Path) -> TextIO:
    lock = (data_dir / "up.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise UpError(
            f"another `anju up` already runs on {data_dir}; stop it, or set ANJU_DATA_DIR to another folder"
        ) from error
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _check_ports(settings: UpSettings) -> None:
    wanted = [("ANJU_HTTP_PORT", settings.http_host, settings.http_port)]
    if settings.mqtt_url is None:
        wanted.append(("ANJU_MQTT_PORT", "127.0.0.1", settings.mqtt_port))
    for name, host, port in wanted:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise UpError(f"{host}:{port} is in use by another program; set {name} to a free port") from error


def _ready(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as response:  # noqa: S310  (our own address)
            return int(response.status) == 200
    except OSError:
        return False
