"""The composition of each service: settings in, stores opened, the site read, and off it goes."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, closing
from typing import TYPE_CHECKING, TypeVar

import structlog

from backbone.building import building
from backbone.last_site import read_site_or_last
from backbone.settings import Settings
from backbone.site_files import own_sites
from community.site.problems import Problem, SiteErrors
from community.site.site import Site

if TYPE_CHECKING:
    from anju.process import ServiceMain
    from backbone.database.database import Database

T = TypeVar("T", bound=Settings)
OPEN_AGAIN_S = 2.0


async def gateway(stop: asyncio.Event) -> None:
    """The edge gateway named by `ANJU_GATEWAY`."""
    with building():
        from anju.exits import UnusableSettings
        from anju.process import return_memory
        from anju.watchdog import Watchdog
        from backbone.broker_address import BusUrlError
        from backbone.site_watch import SiteWatch
        from backbone.steady import wall_ms
        from gateway.pseudonyms import PseudonymKeyError
        from gateway.service import run
        from gateway.settings import GatewaySettings, GatewaySettingsError, gateway_of

    settings = GatewaySettings()
    site, problems = read_site_or_last(settings)
    try:
        # several gateways may share a data directory: each says of itself which site file it runs
        service = f"gateway-{gateway_of(settings, site).id}"
        watch = SiteWatch(settings, site, service, wall_ms, problems)
        watchdog = Watchdog(settings.stall_s)
        await run(settings, site, stop, watch_site=watch, watchdog=watchdog, settled=return_memory)
    except (GatewaySettingsError, PseudonymKeyError, BusUrlError) as error:
        raise UnusableSettings(str(error)) from error


async def rules(stop: asyncio.Event) -> None:
    """Detection and response, for each site of this worker; a second worker stands by."""
    with building():
        from anju.process import return_memory
        from backbone.database.sole import alone
        from backbone.site_watch import SiteWatch
        from backbone.steady import wall_ms
        from rules.bare_watch import bare_watch
        from rules.service import run
        from rules.settings import RulesSettings

    settings = RulesSettings()
    sites = [(own, *read_site_or_last(own)) for own in _each_site(settings)]
    database = await _opened(settings.state_url, [bare_watch(own, site) for own, site, _ in sites], stop)
    if database is None:
        return
    with closing(database):

        async def serve(own: RulesSettings, site: Site, problems: list[str]) -> None:
            watch = SiteWatch(own, site, "rules", wall_ms, problems)
            folder = settings.data_dir / "locks"
            await alone(
                database,
                folder,
                f"rules-{site.id}",
                stop,
                lambda: run(own, site, database, stop, watch_site=watch, settled=return_memory),
            )

        await _side_by_side([serve(*one) for one in sites], stop)


async def _opened(
    url: str, meanwhile: Sequence[AbstractAsyncContextManager[None]], stop: asyncio.Event
) -> "Database | None":
    """The database as soon as it can be opened, with something going on until then; None: told to stop first.

    Raises:
        DatabaseError: no waiting will open it.
    """
    from backbone.database.database import Database
    from backbone.database.errors import DatabaseError

    async with AsyncExitStack() as stack:
        for each in meanwhile:
            await stack.enter_async_context(each)
        while not stop.is_set():
            try:
                return await asyncio.to_thread(Database.open, url)
            except DatabaseError as error:
                if not error.may_pass:
                    raise
                structlog.get_logger().error("waiting for the database", reason=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), OPEN_AGAIN_S)
    return None


async def history_and_api(stop: asyncio.Event, *, with_ingest: bool, with_api: bool) -> None:
    """The historian's consumer and the HTTP API; with the embedded historian they share one process."""
    from backbone.database.database import Database

    settings = Settings()
    own = [settings] if with_api else _each_site(settings)
    with closing(Database.open(settings.state_url)) as database:
        serving = [_history_and_api(one, database, stop, with_ingest=with_ingest, with_api=with_api) for one in own]
        await _side_by_side(serving, stop)


async def _history_and_api(
    settings: Settings, database: "Database", stop: asyncio.Event, *, with_ingest: bool, with_api: bool
) -> None:
    with building():
        from anju.turns import give_way
        from api.service import run as run_api
        from api.settings import ApiSettings
        from backbone.database.sole import alone
        from backbone.historian.open import open_historian
        from backbone.site_watch import SiteWatch, Take
        from backbone.steady import wall_ms
        from ingest.service import run as run_ingest
        from ingest.settings import IngestSettings

    site, problems = read_site_or_last(settings)
    own = {"site": settings.site, "data_dir": settings.data_dir}
    takers: list[Take] = []

    async def take(changed: Site) -> None:
        for each in takers:
            await each(changed)

    with closing(open_historian(settings.history_url, settings.data_dir, site, patient=True)) as historian:
        if with_ingest:
            give_way()
        name = "+".join(["ingest"] * with_ingest + ["api"] * with_api)
        watch = SiteWatch(settings, site, name, wall_ms, problems)  # one for both: a changed file is read once
        services: list[tuple[str, Awaitable[None]]] = []
        if with_ingest:
            ingest_settings = IngestSettings().model_copy(update=own)
            ingest = alone(
                database,
                settings.data_dir / "locks",
                f"ingest-{site.id}",
                stop,
                # whoever stood by begins with what is in force by then
                lambda: run_ingest(ingest_settings, watch.site, historian, database, stop, follow=takers.append),
            )
            services.append(("ingest", ingest))
        if with_api:
            api = run_api(ApiSettings(), site, historian, database, stop, follow=takers.append)
            services.append(("api", api))
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch.run(take), name="site file")
            await asyncio.wait([group.create_task(_awaited(work), name=each) for each, work in services])
            watching.cancel()


def _each_site(settings: T) -> list[T]:
    """The settings of each site this worker serves. Several keep their files apart, in folders of the data folder.

    Raises:
        SiteErrors: there is no site, or several where the stores take one.
    """
    files = own_sites(settings)
    if len(files) == 1:
        return [settings.model_copy(update={"site": files[0]})]
    if files and (settings.database_url is None or settings.historian_url is None):
        sentence = (
            f"{len(files)} site files for one worker: several sites need ANJU_DATABASE_URL (PostgreSQL) and "
            "ANJU_HISTORIAN_URL (InfluxDB); or name one file in ANJU_SITE, or take a share with ANJU_PARTITION"
        )
        raise SiteErrors([Problem(str(settings.site), 1, 1, sentence)])
    return [settings.model_copy(update={"site": file, "data_dir": settings.data_dir / file.stem}) for file in files]


async def _side_by_side(serving: Sequence[Awaitable[None]], stop: asyncio.Event) -> None:
    if not serving:
        structlog.get_logger().warning("no site falls to this worker's share; waiting for nothing")
        await stop.wait()
        return
    async with asyncio.TaskGroup() as group:
        for one in serving:
            group.create_task(_awaited(one))


async def _awaited(work: Awaitable[None]) -> None:
    await work


async def simulator(stop: asyncio.Event, *, seed: int) -> None:
    """Stand-ins for the community's devices, on the devices' own protocols."""
    from firmware_sim.service import run

    settings = Settings()
    site, _ = read_site_or_last(settings)
    await run(
        site,
        broker_url=settings.broker_url,
        seed=seed,
        stop=stop,
        data_dir=settings.data_dir,
        ca=settings.mqtt_ca,
    )


def broker() -> None:
    """The embedded MQTT broker alone."""
    from anju.process import SUPERVISED, follow_parent
    from backbone.broker import run

    settings = Settings()
    if os.environ.get(SUPERVISED):
        follow_parent()
    run(settings.mqtt_port, settings.data_dir)


def as_process(name: str, service: "ServiceMain") -> None:
    """One of these as the whole process; what it raises is what `anju.process.run` does."""
    from anju.process import run

    run(name, Settings(), service)


RUN: Mapping[tuple[str, ...], Callable[[], None]] = {
    ("broker",): broker,
    ("gateway",): lambda: as_process("gateway", gateway),
    ("rules",): lambda: as_process("rules", rules),
    ("ingest",): lambda: as_process("ingest", lambda stop: history_and_api(stop, with_ingest=True, with_api=False)),
    ("api",): lambda: as_process("api", lambda stop: history_and_api(stop, with_ingest=False, with_api=True)),
    ("api", "--with-ingest"): lambda: as_process(
        "ingest+api", lambda stop: history_and_api(stop, with_ingest=True, with_api=True)
    ),
    ("simulate",): lambda: as_process("simulator", lambda stop: simulator(stop, seed=1)),
}
"""By the arguments of `anju`."""
