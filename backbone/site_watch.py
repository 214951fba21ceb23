"""The site file, watched: a changed one is read and handed on; a bad one is refused and the old one stays in force.

For any service: one task, `SiteWatch(settings, site, "rules", now).run(take)`. The file is looked at once a second,
which works on every file system and with mounted volumes, and at once on SIGHUP. A change is taken when it has stood
still for a look: half a file, as a slow copy leaves it, may well be valid YAML with fewer rules.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
import structlog
from prometheus_client import Counter, Gauge

from backbone.last_site import keep_last
from backbone.settings import Settings
from backbone.site_files import read_site, site_digest, source_files
from community.site.problems import Problem, SiteErrors
from community.site.site import Site

LOOK_EVERY_S = 1.0
MOST_TOLD = 20
"""Problems kept for the page; the log and `anju check` have all."""
log = structlog.get_logger()

reloads = Counter("anju_site_reloads", "Changed site files and what became of them", ["service", "outcome"])
refusing = Gauge("anju_site_refused", "1 while the site file is refused and an older one runs", ["service"])

Take = Callable[[Site], Awaitable[None]]
"""Builds everything new for a changed site and swaps; if it raises, it has left the old one running."""
_Stamp = tuple[tuple[str, int, int, int], ...]


class SiteRefused(Exception):  # noqa: N818  (what happened, said to the person who changed the file)
    """A service cannot go on with a changed file; the message says why and what to do."""


class SiteState(msgspec.Struct, frozen=True):
    """Which version is in force, and why the file that stands there is not. Kept in `site-{service}.json`."""

    digest: str
    """Of the text in force."""
    since: int
    """When it came into force (Unix ms)."""
    problems: tuple[str, ...] = ()
    """Why the file as it stands is refused; empty: it is what is in force."""


def state_file(data_dir: Path, service: str) -> Path:
    """Where a service says which site file it runs."""
    return data_dir / f"site-{service}.json"


def told_states(data_dir: Path) -> dict[str, SiteState]:
    """What the services of this machine say of their site file, by service; one that cannot be read is left out."""
    prefix, suffix = "site-", ".json"
    found: dict[str, SiteState] = {}
    for path in sorted(data_dir.glob(f"{prefix}*{suffix}")):
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            name = path.name.removeprefix(prefix).removesuffix(suffix)
            found[name] = msgspec.json.decode(path.read_bytes(), type=SiteState)
    return found


class SiteWatch:
    """Watches the settings' site file and profiles for one service, which began with `site`.

    With `problems` that is not what stands in the file, and this is why.
    """

    def __init__(
        self, settings: Settings, site: Site, service: str, now: Callable[[], int], problems: Sequence[str] = ()
    ) -> None:
        self._settings = settings
        self.site = site
        """In force."""
        self._service = service
        self._now = now
        self._asked = asyncio.Event()
        self.state = SiteState(site.digest, now(), tuple(problems[:MOST_TOLD]))

    def look_now(self) -> None:
        """Look at once, and take a changed file without waiting for it to stand still."""
        self._asked.set()

    async def run(self, take: Take) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):  # no signals off the main thread
            loop.add_signal_handler(signal.SIGHUP, self.look_now)
        await self._set(self.state)
        taken = before = (
            () if self.state.problems else await asyncio.to_thread(_stamp_of_same, self._settings, self.site)
        )
        while True:
            stamp = await asyncio.to_thread(_stamp, self._settings)
            asked = self._asked.is_set()
            self._asked.clear()
            if (stamp != taken and stamp == before) or asked:
                taken = stamp
                await self._look(take, even_if_same=asked)
            before = stamp
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()

    async def _look(self, take: Take, *, even_if_same: bool) -> None:
        try:
            site = await asyncio.to_thread(_read, self._settings, self.site)
            if _same(site, self.site) and not even_if_same:
                if self.state.problems:
                    await self._set(SiteState(site.digest, self.state.since))
                return
            await take(site)
        except SiteErrors as errors:
            await self._refuse([str(problem) for problem in errors.problems])
        except SiteRefused as refused:
            await self._refuse([str(refused)])
        except Exception as error:
            log.exception("the changed site file could not be taken", service=self._service)
            await self._refuse([f"{type(error).__name__}: {error}"])
        else:
            self.site = site
            reloads.labels(self._service, "taken").inc()
            log.info("the changed site file is in force", service=self._service, digest=site.digest[:12])
            await self._set(SiteState(site.digest, self._now()))

    async def _refuse(self, problems: list[str]) -> None:
        reloads.labels(self._service, "refused").inc()
        log.error("the site file is refused; the one before stays in force", service=self._service, problems=problems)
        await self._set(SiteState(self.state.digest, self.state.since, tuple(problems[:MOST_TOLD])))

    async def _set(self, state: SiteState) -> None:
        self.state = state
        refusing.labels(self._service).set(bool(state.problems))
        try:
            await asyncio.to_thread(_write, state_file(self._settings.data_dir, self._service), state)
            if not state.problems:
                await asyncio.to_thread(keep_last, self._settings, self.site)
        except OSError as error:
            log.warning("the state of the site file cannot be written", error=str(error))


def _same(one: Site, other: Site) -> bool:
    return one.digest == other.digest and one.profiles == other.profiles


def _read(settings: Settings, runs: Site) -> Site:
    site = read_site(settings)
    zone, before = site.file.site.timezone, runs.file.site.timezone
    if site.id != runs.id:
        problem = f"this is another site ('{site.id}') than the one that runs ('{runs.id}'); start the service again"
    elif zone != before:
        # days that are folded already ended by the old clock
        problem = f"the time zone changed from {before} to {zone}; start all services again"
    else:
        return site
    raise SiteErrors([Problem(str(settings.site), 1, 1, problem)])


def _stamp_of_same(settings: Settings, site: Site) -> _Stamp:
    """The stamp of the files the service was started with; nothing when they have changed since."""
    stamp = _stamp(settings)
    return stamp if site_digest(settings) == site.digest else ()


def _stamp(settings: Settings) -> _Stamp:
    """Tells one state of the files from another; what cannot be read is told by reading."""
    rows = []
    for path in source_files(settings):
        try:
            stat = path.stat()
        except OSError:
            continue
        rows.append((str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return tuple(rows)


def _write(path: Path, state: SiteState) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(msgspec.json.encode(state))
    partial.replace(path)
