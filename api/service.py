"""The API as a service: the application on a socket, the news on the bus, and an end within seconds."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import structlog
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.live.database import DatabaseWatch
from api.live.disk import DiskWatch
from api.live.feed import Feed
from api.live.history import HistoryWatch
from api.platform import Platform
from api.settings import ApiSettings
from api.site_versions.keeping import note_in_force
from api.users.accounts import first_administrator
from api.writing import WRITER
from backbone.bus import Bus
from backbone.database import outbox
from backbone.database.database import Database
from backbone.database.outbox import Relay
from backbone.historian.port import Historian
from backbone.room import Room
from backbone.site_watch import Take
from backbone.steady import wall_ms
from backbone.ways import Ways
from community.site.site import Site
from dashboards import WEB_DIST

STOP_S = 2
CLEAN_EVERY_S = 3_600.0
SESSIONS_EVERY_S = 2.0
WRITE_DOWN_EVERY_S = 5.0
log = structlog.get_logger()


class PortTaken(Exception):  # noqa: N818 - what happened, said to the person who starts it
    """The page's port cannot be had; the message says what to set."""


async def run(
    settings: ApiSettings,
    site: Site,
    historian: Historian,
    database: Database,
    stop: asyncio.Event,
    *,
    follow: Callable[[Take], None] | None = None,
) -> None:
    """Serve until `stop`. `follow` is given what takes a changed site file.

    Raises:
        PortTaken: another program has the port.
    """
    with listener(settings) as listening:
        await asyncio.to_thread(first_administrator, database, settings, wall_ms())
        loop = asyncio.get_running_loop()
        ways = Ways.of_platform(settings, "anju-api")
        async with Bus.of_platform(settings, "anju-api") as bus, ways:
            relay = Relay(database, bus, WRITER)
            app = create_app(
                settings,
                site,
                historian,
                database,
                now=wall_ms,
                web_dist=WEB_DIST,
                wake_relay=relay.wake,
                on_loop=lambda call: _on_loop(loop, call),
                bus_connected=lambda: bus.connected,
            )
            platform: Platform = app.state.platform
            feed = Feed(
                site,
                database,
                platform.hub,
                platform.latest,
                platform.gateways,
                platform.services,
                platform.found,
                platform.unrecorded,
                wall_ms,
            )
            history = HistoryWatch(
                historian, site.id, platform.latest, platform.services, wall_ms, platform.hub.readings_arrived
            )
            answers = DatabaseWatch(database, platform.services, wall_ms)
            disk = DiskWatch(Room.of_state(settings), platform.services, wall_ms)
            disk.look()
            await _remember(platform, history)
            await _note_version(platform)
            feed.subscribe(bus, ways)
            history.listening()
            bus.on_connect(history.listening)
            if follow is not None:
                follow(lambda changed: _use(app, feed, history, changed))
            server = _Server(_config(app, settings))
            async with asyncio.TaskGroup() as group:
                background = [
                    group.create_task(relay.run(stop), name="api relay"),
                    group.create_task(platform.hub.send_readings(), name="api readings"),
                    group.create_task(feed.read_missed(), name="api missed events"),
                    group.create_task(platform.services.watch(feed.services_changed), name="api services"),
                    group.create_task(history.watch(feed.services_changed), name="api history"),
                    group.create_task(platform.unrecorded.watch(feed.unrecorded_changed), name="api unrecorded"),
                    group.create_task(answers.watch(feed.services_changed), name="api database"),
                    group.create_task(disk.watch(feed.services_changed), name="api disk"),
                    group.create_task(_end_pages(platform), name="api sessions"),
                    group.create_task(_write_down_sessions(platform), name="api sessions used"),
                    group.create_task(_forget_old(platform), name="api old rows"),
                ]
                group.create_task(_stop(stop, server, platform), name="api stop")
                log.info("serving", url=f"http://{settings.http_host}:{listening.getsockname()[1]}")
                await server.serve(sockets=[listening])
                for task in background:
                    task.cancel()


@contextlib.contextmanager
def listener(settings: ApiSettings) -> Iterator[socket.socket]:
    """The listening socket, taken before anything else is begun."""
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits 40 ms for an ACK.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((settings.http_host, settings.http_port))
            listening.listen(512)
        except OSError as error:
            raise PortTaken(
                f"{settings.http_host}:{settings.http_port} cannot be had ({error.strerror}); "
                "set ANJU_HTTP_PORT to a free port"
            ) from error
        listening.setblocking(False)
        yield listening


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's: `anju.process` turns them into `stop`."""
        yield


def _config(app: FastAPI, settings: ApiSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=16_384,
        # Each page would compress the same message again.
        ws_per_message_deflate=False,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_graceful_shutdown=STOP_S,
        timeout_keep_alive=65,
        limit_concurrency=2_000,
    )


async def _remember(platform: Platform, history: HistoryWatch) -> None:
    """What was known before this process began: latest values, the newest event, the services."""
    platform.services.look()
    platform.hub.last_event = await asyncio.to_thread(_last_event, platform)
    await history.look()
    platform.latest.take_changes()


async def _use(app: FastAPI, feed: Feed, history: HistoryWatch, site: Site) -> None:
    """A request that began works with the site it began with; open pages load everything again."""
    platform: Platform = app.state.platform
    platform.latest.use(site)
    platform.gateways.use(site.gateways)
    history.site_changed()
    feed.use(site)
    app.state.platform = replace(platform, site=site)
    platform.hub.resync()
    await _note_version(app.state.platform)


async def _note_version(platform: Platform) -> None:
    """A version that cannot be recorded keeps nobody from working with it."""
    try:
        now = platform.now()
        await asyncio.to_thread(note_in_force, platform.database, platform.settings, platform.site, now)
    except Exception:
        log.exception("the version of the site file cannot be recorded")


def _last_event(platform: Platform) -> int:
    with platform.database.read() as connection:
        return outbox.last_event(connection, platform.site.id)


async def _stop(stop: asyncio.Event, server: uvicorn.Server, platform: Platform) -> None:
    await stop.wait()
    platform.hub.end_all("the server stops")
    await asyncio.sleep(0)
    server.should_exit = True


async def _end_pages(platform: Platform) -> None:
    """Close the pages whose session has ended, also where another process ended it."""
    while True:
        await asyncio.sleep(SESSIONS_EVERY_S)
        try:
            open_ = platform.hub.sessions
            ended = await asyncio.to_thread(platform.sessions.ended, open_, platform.now()) if open_ else []
        except Exception:
            log.exception("whether sessions go on cannot be told")
            continue
        for session in ended:
            platform.hub.end_pages("signed out", session=session)


async def _write_down_sessions(platform: Platform) -> None:
    said = False
    while True:
        await asyncio.sleep(WRITE_DOWN_EVERY_S)
        try:
            await asyncio.to_thread(platform.sessions.write_down)
            said = False
        except Exception:
            if not said:
                log.exception("which sessions are used cannot be written yet")
            said = True


async def _forget_old(platform: Platform) -> None:
    while True:
        try:
            await asyncio.to_thread(platform.sessions.forget_old, platform.now())
        except Exception:
            log.exception("old sessions and keys cannot be removed")
        await asyncio.sleep(CLEAN_EVERY_S)


def _on_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended, and with it the need
        loop.call_soon_threadsafe(call)
