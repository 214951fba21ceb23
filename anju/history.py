"""`anju history`: readings out to a file and in from one; whether the stored history is sound, and its repair."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from backbone.historian import exchange
from backbone.historian.duckdb_repair import Repaired
from backbone.historian.duckdb_repair import repair as mend
from backbone.historian.open import open_historian
from backbone.historian.port import Historian, HistorianRefused, HistorianUnavailable
from backbone.settings import Settings
from backbone.site_files import read_site
from community.site.site import Site

_DAY_MS = 86_400_000
MOST_UNKNOWN = 100
"""Points of a file that the site file does not have: on a server each is a series for good, and its index is memory."""
RUNNING = "stop the platform first, or use the copy in a backup (`anju backup`, then ANJU_HISTORIAN_URL=duckdb:…)"


def export(path: Path, points: list[str], start: str | None, end: str | None, said: Callable[[int], None]) -> int:
    """Write readings to a file; how many.

    Raises:
        ExchangeError, HistorianError, SiteErrors, OSError: why not; the message says what to do.
    """
    with opened() as (historian, site):
        unknown = [point for point in points if point not in site.points]
        if unknown:
            raise exchange.ExchangeError(f"the site file has no point {', '.join(unknown)}")
        until = exchange.moment(end) if end else time.time_ns() // 1_000_000 + _DAY_MS
        since = exchange.moment(start) if start else 0
        return exchange.write(historian.scan(site.id, points or None, since, until), path, site, said)


def bring_in(path: Path, said: Callable[[int], None]) -> tuple[int, list[str]]:
    """Write a file's readings to the historian; how many, and which points the site file does not have.

    Raises:
        ExchangeError, HistorianError, SiteErrors, OSError: why not; what came before it is written.
    """
    written, unknown = 0, set[str]()
    on_server = not Settings().history_url.startswith("duckdb:")
    with opened() as (historian, site):
        for batch in exchange.read(path, site.id):
            unknown |= set(batch.points) - set(site.points)
            if on_server and len(unknown) > MOST_UNKNOWN:
                raise exchange.ExchangeError(
                    f"{path.name} has more than {MOST_UNKNOWN} points the site file does not have ({min(unknown)}, …): "
                    "on a server each would be a series for good. Is it the file of another site? If not, add them"
                )
            historian.write([batch], [], {})
            written += batch.t.size
            said(written)
        while not on_server and historian.tidy(time.time_ns() // 1_000_000):
            said(written)
    return written, sorted(unknown)


def check(said: Callable[[int], None]) -> list[str]:
    """Read everything there is; what is wrong with it, a sentence each.

    Raises:
        HistorianCorrupt: what cannot be read, and what to do.
        HistorianError, SiteErrors: it cannot be read now.
    """
    with opened() as (historian, _):
        return list(historian.check(said))


def repair(said: Callable[[str], None]) -> Repaired:
    """Bring what is readable of a damaged DuckDB history into a new file; the damaged one is kept beside it.

    Raises:
        HistorianRefused: the history is a server's.
        HistorianUnavailable: the platform has it, or the disk refuses.
        SiteErrors: there is no site to tell the time zone.
    """
    settings = Settings()
    zone = ZoneInfo(read_site(settings).file.site.timezone)
    if not settings.history_url.startswith("duckdb:"):
        raise HistorianRefused("the history is on a server: repair and restore it with the server's own tools")
    path = Path(settings.history_url.removeprefix("duckdb:").removeprefix("//"))
    return mend(path, zone, time.time_ns() // 1_000_000, said)


@contextmanager
def opened() -> Iterator[tuple[Historian, Site]]:
    """The historian in force and its site.

    Raises:
        HistorianError, SiteErrors: it cannot be opened; the message says what to do.
    """
    settings = Settings()
    site = read_site(settings)
    try:
        historian = open_historian(settings.history_url, settings.data_dir, site)
    except HistorianUnavailable as error:
        if "another process" in str(error):
            raise HistorianUnavailable(f"the platform runs and has the history: {RUNNING}") from error
        raise
    with closing(historian):
        yield historian, site
