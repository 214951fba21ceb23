"""`anju up`: the whole platform on this machine."""

import asyncio
import fcntl
import os
import secrets
import signal
import socket
import time
from pathlib import Path
from typing import TextIO
from urllib.request import urlopen

from pydantic import Field
from rich.console import Console

from anju.supervisor import Service, Supervisor
from api.settings import ApiSettings
from backbone.database.database import Database
from backbone.site_files import read_site
from community.site.site import Site

READY_S = 60.0


class UpError(Exception):
    """Why the platform cannot start here; the message says what to do."""


class UpSettings(ApiSettings):
    """What `anju up` needs to know."""

    simulate: bool = Field(default=True, description="run the simulator beside the services")


def services(settings: UpSettings, site: Site) -> list[Service]:
    """The processes of this installation, in the order a person reads them."""
    shared = settings.history_url.startswith("duckdb:")
    broker = [] if settings.mqtt_url else [Service("broker", ("broker",))]
    gateways = [Service(f"gateway {name}", ("gateway",), {"ANJU_GATEWAY": name}) for name in site.gateways]
    history = (
        [Service("ingest+api", ("api", "--with-ingest"))]
        if shared
        else [Service("ingest", ("ingest",)), Service("api", ("api",))]
    )
    simulator = [Service("simulator", ("simulate",))] if settings.simulate else []
    return [*broker, *history, Service("rules", ("rules",)), *gateways, *simulator]


async def up(console: Console) -> None:
    """Start, say where to look, and keep everything running until Ctrl-C."""
    began = time.monotonic()
    settings = UpSettings()
    site = read_site(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with _only_one(settings.data_dir):
        _check_ports(settings)
        console.print(
            f"[bold]安居 Anju[/]  {site.file.site.name.zh} ({site.file.site.name.in_language('en')}): "
            f"{len(site.devices)} devices, {len(site.points)} points"
        )
        password = first_administrator(settings)
        running = services(settings, site)
        console.print(f"starting {', '.join(s.name for s in running)}")
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        supervisor = Supervisor(settings.data_dir, running, lambda text: console.print(f"[yellow]{text}[/]"))
        async with asyncio.TaskGroup() as group:
            group.create_task(supervisor.run(stop), name="supervisor")
            group.create_task(_announce(console, settings, password, began, stop), name="announce")
        console.print("stopped")


async def _announce(
    console: Console, settings: UpSettings, password: str | None, began: float, stop: asyncio.Event
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
    if password is not None:
        console.print(f"  user [bold]admin[/]  password [bold]{password}[/]   (shown this once)")
    console.print("\n  Ctrl-C stops everything; logs are in " + str(settings.data_dir / "logs"))
    console.print("  try: .venv/bin/anju simulate --scenario corridor-fire\n")


def first_administrator(settings: ApiSettings) -> str | None:
    """Make the first administrator when nobody may sign in yet; the password to show, if we made it up."""
    from api.users.accounts import ensure_administrator

    database = Database.open(settings.state_url)
    try:
        made_up = None if settings.admin_password else secrets.token_urlsafe(15)
        secret = settings.admin_password.get_secret_value() if settings.admin_password else made_up
        assert secret is not None
        return made_up if ensure_administrator(database, secret, time.time_ns() // 1_000_000) else None
    finally:
        database.close()


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
