"""The site file, watched: a changed one is read and handed on; a bad one leaves the old one running, and is told."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import structlog

from backbone.settings import Settings
from backbone.site_files import SHIPPED_PROFILES, read_site
from community.site.load import SiteErrors
from community.site.site import Site

LOOK_EVERY_S = 1.0

log = structlog.get_logger()

_Stamp = tuple[tuple[str, int, int], ...]


class SiteState(NamedTuple):
    """Why the file as it stands is refused; no problems: it is what is in force."""

    problems: tuple[str, ...] = ()


class SiteWatch:
    """Looks at the settings' site file and profiles once a second, and at once on SIGHUP."""

    def __init__(self, settings: Settings, site: Site) -> None:
        self._settings = settings
        self._site = site
        self._asked = asyncio.Event()
        self.state = SiteState()

    async def run(self, take: Callable[[Site], Awaitable[None]]) -> None:
        """Watch until cancelled. `take` builds everything new and swaps; if it raises, the old one runs on."""
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):  # no signals off the main thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._asked.set)
        taken = before = await asyncio.to_thread(_stamp, self._settings)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()
            stamp = await asyncio.to_thread(_stamp, self._settings)
            # Half a file, as a slow copy leaves it, may well be valid: a change has to stand still for one look.
            if self._asked.is_set() or (stamp != taken and stamp == before):
                self._asked.clear()
                taken = stamp
                await self._look(take)
            before = stamp

    async def _look(self, take: Callable[[Site], Awaitable[None]]) -> None:
        try:
            site = await asyncio.to_thread(read_site, self._settings)
            if site.id != self._site.id:
                self._refuse(f"this is another site ('{site.id}') than the one that runs; start the gateway again")
                return
            await take(site)
        except SiteErrors as errors:
            self._refuse(*(str(problem) for problem in errors.problems))
        except Exception as error:
            log.exception("the changed site file could not be taken")
            self._refuse(str(error) or type(error).__name__)
        else:
            self._site = site
            self.state = SiteState()
            log.info("the changed site file is in force")

    def _refuse(self, *problems: str) -> None:
        log.error("the site file is refused; the one before stays in force", problems=problems)
        self.state = SiteState(problems)


def _stamp(settings: Settings) -> _Stamp:
    """Tells one state of the files from another; what cannot be read is told by reading."""
    rows = []
    for path in _files(settings):
        with contextlib.suppress(OSError):
            stat = path.stat()
            rows.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(rows)


def _files(settings: Settings) -> list[Path]:
    folders = [SHIPPED_PROFILES, *([settings.profiles] if settings.profiles else [])]
    sites = sorted(settings.site.glob("*.y*ml")) if settings.site.is_dir() else [settings.site]
    return sites + [path for folder in folders for path in sorted(folder.glob("*.yaml"))]
