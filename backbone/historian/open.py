"""The historian a URL names."""

from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from backbone.historian.port import Historian, HistorianError, HistorianRefused
from community.site.site import Site

log = structlog.get_logger()


def open_historian(url: str, data_dir: Path, site: Site, *, patient: bool = False) -> Historian:
    """Open the historian: `duckdb:PATH`, or `influxdb+http(s)://…` (see `InfluxAddress`).

    Positions of a historian without transactions are kept in `data_dir`. A server that is away is no error here: what
    is asked of it then is. `patient`: nor is a DuckDB file that is damaged or held by another process; it is opened
    once it can be.

    Raises:
        HistorianRefused: a URL that names no historian.
        HistorianUnavailable, HistorianCorrupt: a DuckDB file that cannot be opened.
    """
    # Each brings libraries that the other has no use for.
    if url.startswith("duckdb:"):
        from backbone.historian.duckdb import DuckDBHistorian  # noqa: PLC0415

        path = Path(url.removeprefix("duckdb:").removeprefix("//"))
        if path.name in {"", "."}:
            raise HistorianRefused(f"'{url}' names no file: write duckdb:/var/lib/anju/history.duckdb")
        historian = DuckDBHistorian(path, site.id, ZoneInfo(site.file.site.timezone))
        try:
            return historian.open()
        except HistorianError as error:
            if not patient:
                raise
            log.error("the history cannot be opened; all else goes on", reason=str(error))  # noqa: TRY400
            return historian
    if url.startswith("influxdb+"):
        from backbone.historian.influx_address import InfluxAddress  # noqa: PLC0415
        from backbone.historian.influxdb import InfluxHistorian  # noqa: PLC0415

        return InfluxHistorian(InfluxAddress.parse(url), data_dir, site)
    raise HistorianRefused(
        f"'{url.partition(':')[0]}:' is no historian: write duckdb:PATH or influxdb+http://token@host:8086/bucket?org=name"
    )
