"""`anju history`: readings out to a file and in from one; whether the stored history is sound, and its repair.

With the embedded history nobody but the running platform can open the file: then it is asked to do it.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from anju import history_remote
from anju.running import Password, Running
from anju.up import UpSettings
from backbone.historian import bringing_in, exchange
from backbone.historian.bringing_in import Brought
from backbone.historian.duckdb_repair import Repaired
from backbone.historian.duckdb_repair import repair as mend
from backbone.historian.exchange_read import ExchangeError
from backbone.historian.open import open_historian
from backbone.historian.port import Historian, HistorianRefused, HistorianUnavailable
from backbone.settings import Settings
from backbone.site_files import read_site
from backbone.steady import wall_ms
from community.site.site import Site

_DAY_MS = 86_400_000
RUNNING = "stop the platform first, or use the copy in a backup (`anju backup`, then ANJU_HISTORIAN_URL=duckdb:…)"


def export(
    path: Path, points: list[str], start: str | None, end: str | None, password: Password, said: Callable[[str], None]
) -> int:
    """Write readings to a file; how many. Days are those of the site's clock.

    Raises:
        ExchangeError, RunningError, HistorianError, SiteErrors, OSError: why not; the message says what to do.
    """
    exchange.format_of(path)
    zone = ZoneInfo(read_site(Settings()).file.site.timezone)
    until = exchange.moment(end, zone) if end else wall_ms() + _DAY_MS
    since = exchange.moment(start, zone) if start else 0
    if (running := _running(password)) is not None:
        span = [("start", exchange.written(since)), ("end", exchange.written(until))]
        each = [[*span, ("point", point)] for point in points] or [span]
        total = sum(history_remote.count(running, one) for one in each)
        history_remote.export(running, path, [*span, *(("point", point) for point in points)], said)
        return total
    with opened() as (historian, site):
        unknown = [point for point in points if point not in site.points]
        if unknown:
            raise ExchangeError(f"the site file has no point {', '.join(unknown)}")
        batches = historian.scan(site.id, points or None, since, until)
        return exchange.write(batches, path, site, lambda number: said(f"{number:,} readings"))


def bring_in(path: Path, password: Password, said: Callable[[str], None]) -> Brought:
    """Write a file's readings to the historian; lines that are none are told, all others are stored.

    Raises:
        ExchangeError, RunningError, HistorianError, SiteErrors, OSError: why not; what came before it is written.
    """
    if (running := _running(password)) is not None:
        return history_remote.bring_in(running, path, said)
    kind, on_server = exchange.format_of(path), Settings().history_file is None
    with opened() as (historian, site):
        done = bringing_in.bring_in(
            path, kind, site, historian, wall_ms(), lambda so_far: said(f"{so_far.readings:,} readings")
        )
        while not on_server and historian.tidy(wall_ms()):
            said("putting in order")
    return done


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
    if settings.history_file is None:
        raise HistorianRefused("the history is on a server")
    return mend(settings.history_file, zone, wall_ms(), said)


def repair_roll_ups(said: Callable[[int], None]) -> int | None:
    """Have a server's roll-ups made again where they are not what the readings say; how many hours. None: no server's.

    Raises:
        HistorianError, SiteErrors: it cannot be read now.
    """
    if Settings().history_file is not None:
        return None
    from backbone.historian.influxdb import InfluxHistorian

    with opened() as (historian, _):
        assert isinstance(historian, InfluxHistorian)
        return historian.repair(said)


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


def _running(password: Password) -> Running | None:
    """The platform, when it runs and its history is a file that only it can open."""
    settings = UpSettings()
    return None if settings.history_file is None else Running.find(settings, password)
