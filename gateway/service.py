"""The gateway: reads its devices, keeps frames until they are safe upstream, carries out commands."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from backbone.site_watch import SiteWatch
from backbone.steady import wall_ms
from backbone.turn import FileTurn, wait_for
from community.site.devices import Gateway
from community.site.site import Site
from gateway.clock import GatewayClock
from gateway.connections import Connections
from gateway.parts import Parts
from gateway.pseudonyms import Pseudonyms
from gateway.settings import GatewaySettings, gateway_of, sensor_broker
from gateway.spool import Spool
from gateway.status import offline

_NOBODY = contextlib.nullcontext()


async def run(
    settings: GatewaySettings,
    site: Site,
    stop: asyncio.Event,
    *,
    machine_ms: Callable[[], int] = wall_ms,
    watch_site: SiteWatch | None = None,
    watchdog: contextlib.AbstractAsyncContextManager[object] = _NOBODY,
    settled: Callable[[], None] = lambda: None,
) -> None:
    """Run the gateway `settings.gateway` of the site until `stop`; `machine_ms` is the machine's clock (Unix ms).

    One process at a time works in a gateway's folder; a second stands by.

    With `watch_site` a changed site file comes into force meanwhile. `watchdog` is entered once interlocks are at
    work, and must end the process when the loop stands still from then on. `settled` is called when what will stay is
    built, at start and after a reload: the moment to clean up.

    Raises:
        GatewaySettingsError: settings and site file do not fit.
        PseudonymKeyError, OSError: data_dir cannot be used.
    """
    row = gateway_of(settings, site)
    folder = settings.data_dir / "gateway" / row.id
    turn = FileTurn(folder / "lock")
    try:
        if await wait_for(turn, f"gateway {row.id}", stop):
            await _run(settings, site, row, folder, stop, machine_ms, watch_site, watchdog, settled)
    finally:
        turn.release()


async def _run(
    settings: GatewaySettings,
    site: Site,
    row: Gateway,
    folder: Path,
    stop: asyncio.Event,
    machine_ms: Callable[[], int],
    watch_site: SiteWatch | None,
    watchdog: contextlib.AbstractAsyncContextManager[object],
    settled: Callable[[], None],
) -> None:
    sensors_url = sensor_broker(row)
    pseudonyms = Pseudonyms.open(settings.pseudonym_key or settings.data_dir / "pseudonym.key")
    now = GatewayClock(machine_ms)
    began = now()
    spool = Spool.open(
        folder,
        max_bytes=settings.spool_bytes,
        max_age_ms=int(settings.spool_age_s * 1000),
        now=began,
    )
    try:
        last_word = offline(site.id, row.id, spool.epoch, began)
        connections = Connections.planned(settings, site.id, row.id, sensors_url, last_word)
        parts = Parts(
            settings,
            site,
            row,
            now=now,
            spool=spool,
            pseudonyms=pseudonyms,
            connections=connections,
            watch_site=watch_site,
            settled=settled,
        )
        settled()
        async with connections.opened():
            await parts.run(stop, watchdog)
    finally:
        spool.close(now())
