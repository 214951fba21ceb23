"""`anju history`: readings out to a file and in from one; whether what is stored is sound, and its repair."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from anju.commands.terminal import Username, asks, err, fail, out, saying
from community.site.problems import SiteErrors

history = typer.Typer(help="Readings out to a file and in from one.", no_args_is_help=True)


@history.command("export", epilog="Example: anju history export week.parquet --from 2026-11-16 --point env-1.co2")
def history_export(
    file: Annotated[Path, typer.Argument(help="ends in .csv, .parquet or .lp (InfluxDB's line protocol)")],
    point: Annotated[list[str] | None, typer.Option(help="may be given several times; all points if unset")] = None,
    start: Annotated[str | None, typer.Option("--from", help="2026-11-16 or 2026-11-16T08:00+08:00")] = None,
    end: Annotated[str | None, typer.Option("--to", help="not included")] = None,
    username: Username = "admin",
) -> None:
    """Write readings to a file; by the platform, when it runs and its history is embedded."""
    from anju.history import export

    with history_faults(), err.status("") as status:
        written = export(file, point or [], start, end, asks(username, status), status.update)
    out.print(f"{written} readings in {file}")


@history.command("import", epilog="Example: anju history import old-system.csv")
def history_import(
    file: Annotated[Path, typer.Argument(help="columns time, point, value, quality", exists=True, dir_okay=False)],
    username: Username = "admin",
) -> None:
    """Write a file's readings to the history; what is there already is replaced. Alarms are not raised.

    By the platform, when it runs and its history is embedded. Lines that are no readings are told, and make it exit 1.
    """
    from anju.history import bring_in

    with history_faults(), err.status("") as status:
        done = bring_in(file, asks(username, status), status.update)
    out.print(f"{done.readings} readings from {file}")
    if done.unknown:
        more = " …" if len(done.unknown) > 10 else ""
        out.print(f"the site file has no {', '.join(done.unknown[:10])}{more}", markup=False)
    for bad in done.lines:
        err.print(f"{file.name}:{bad.line}: {bad.reason}" if bad.line else bad.reason, markup=False)
    if done.refused:
        raise fail(f"{done.refused} lines are no readings; all others are stored")


@history.command("check", epilog="Example: anju history check")
def history_check() -> None:
    """Read everything that is stored and compare roll-ups, keys, events and positions; exit 1 when it is not sound."""
    from anju.history import check as read_all

    looked = 0

    def count(number: int) -> None:
        nonlocal looked
        looked = number
        said(number)

    with history_faults(), _progress() as said:
        faults = read_all(count)
    for fault in faults:
        out.print(fault, markup=False)
    if faults:
        raise fail(
            "`anju history repair` makes roll-ups again and saves what is readable; it says if the platform must stop"
        )
    out.print(f"{looked} readings, all of them readable, and nothing is out of order")


@history.command("repair", epilog="Example: anju history repair")
def history_repair() -> None:
    """Save a damaged history aside, bring what is readable into a new file, and say what is gone.

    Of a history on a server only the roll-ups: where they are not what the readings say, ingest makes them again.
    """
    from anju.history import repair, repair_roll_ups

    with history_faults(), _progress() as said:
        again = repair_roll_ups(said)
    if again is not None:
        out.print(f"the roll-ups of {again} hours are made again by ingest" if again else "nothing is out of order")
        out.print("files of a server are checked and restored with its own tools (influx_inspect, influxd restore)")
        return

    with history_faults(), err.status("") as status:
        done = repair(status.update)
    for table, rows in done.saved.items():
        out.print(f"{table}: {rows} rows saved")
    for line in done.gone:
        out.print(f"gone: {line}", markup=False)
    if not done.gone:
        out.print("nothing is gone")
    out.print(f"the damaged files are in {done.aside}", markup=False)


@contextmanager
def history_faults() -> Iterator[None]:
    """Whatever keeps readings from being read or written, said as a sentence."""
    from anju.running import RunningError
    from backbone.historian.exchange_read import ExchangeError
    from backbone.historian.port import HistorianError

    with saying(RunningError, ExchangeError, HistorianError, SiteErrors, ValueError, OSError):
        yield


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    with err.status("") as status:
        yield lambda number: status.update(f"{number:,} readings")
