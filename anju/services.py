"""The composition of each service: settings in, stores opened, the site read, and off it goes."""

import asyncio
from contextlib import ExitStack, closing

from backbone.settings import Settings
from backbone.site_files import read_site
from community.site.site import Site


async def gateway(stop: asyncio.Event) -> None:
    """The edge gateway named by `ANJU_GATEWAY`."""
    from backbone.site_watch import SiteWatch
    from gateway.clock import now_ms
    from gateway.service import run
    from gateway.settings import GatewaySettings, gateway_of

    settings = GatewaySettings()
    site = read_site(settings)
    # several gateways may share a data directory: each says of itself which site file it runs
    service = f"gateway-{gateway_of(settings, site).id}"
    await run(settings, site, stop, watch_site=SiteWatch(settings, site, service, now_ms))


async def rules(stop: asyncio.Event) -> None:
    """Detection and response."""
    from backbone.database.database import Database
    from backbone.site_watch import SiteWatch
    from rules.service import run, unix_ms
    from rules.settings import RulesSettings

    settings = RulesSettings()
    site = read_site(settings)
    with closing(Database.open(settings.state_url)) as database:
        await run(settings, site, database, stop, watch_site=SiteWatch(settings, site, "rules", unix_ms))


async def history_and_api(stop: asyncio.Event, *, with_ingest: bool, with_api: bool) -> None:
    """The historian's consumer and the HTTP API; with the embedded historian they share one process."""
    from api.service import now_ms
    from api.service import run as run_api
    from api.settings import ApiSettings
    from backbone.database.database import Database
    from backbone.historian.open import open_historian
    from backbone.site_watch import SiteWatch, Take
    from ingest.service import run as run_ingest
    from ingest.settings import IngestSettings

    settings = Settings()
    site = read_site(settings)
    with ExitStack() as stack:
        database = stack.enter_context(closing(Database.open(settings.state_url)))
        historian = stack.enter_context(closing(open_historian(settings.history_url, settings.data_dir, site)))
        takers: list[Take] = []

        async def take(changed: Site) -> None:
            for each in takers:
                await each(changed)

        services = []
        if with_ingest:
            ingest = run_ingest(IngestSettings(), site, historian, database, stop, follow=takers.append)
            services.append(("ingest", ingest))
        if with_api:
            api = run_api(ApiSettings(), site, historian, database, stop, follow=takers.append)
            services.append(("api", api))
        watch = SiteWatch(settings, site, "+".join(name for name, _ in services), now_ms)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch.run(take), name="site file")
            running = [group.create_task(service, name=name) for name, service in services]
            await asyncio.wait(running)
            watching.cancel()


async def simulator(stop: asyncio.Event, *, seed: int) -> None:
    """Stand-ins for the community's devices, on the devices' own protocols."""
    from firmware_sim.service import run

    settings = Settings()
    site = read_site(settings)
    await run(
        site,
        broker_url=settings.broker_url,
        seed=seed,
        stop=stop,
        data_dir=settings.data_dir,
        ca=settings.mqtt_ca,
    )
