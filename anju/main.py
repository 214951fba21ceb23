"""The command line. Every command's `--help` ends with an example."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status
from rich.table import Column, Table

from anju import process
from anju.partition import Partition, take_share
from anju.rule_commands import rules
from anju.start import BAD_INPUT
from backbone.settings import Settings
from backbone.steady import wall_ms

cli = typer.Typer(
    help="安居 Anju: smart-community monitoring, alarms and emergency response.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
user = typer.Typer(help="People who may sign in.", no_args_is_help=True)
cli.add_typer(user, name="user")
history = typer.Typer(help="Readings out to a file and in from one.", no_args_is_help=True)
cli.add_typer(history, name="history")
cli.add_typer(rules, name="rules")
quarantine = typer.Typer(help="What was refused, and trying it again.", no_args_is_help=True)
cli.add_typer(quarantine, name="quarantine")
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

PRINTED_WIDTH = 240
"""Of a table that goes to a file or another program."""


def _fail(message: str) -> typer.Exit:
    err.print(message, markup=False)
    return typer.Exit(BAD_INPUT)


def _service(name: str, service: process.ServiceMain) -> None:
    from community.site.load import SiteErrors

    settings = Settings()
    try:
        process.run(name, settings, service)
    except SiteErrors as error:
        raise _fail(str(error)) from error


@cli.command(epilog="Example: ANJU_SITE=sites/jinxiu.yaml anju up")
def up() -> None:
    """Run everything on this machine: broker, gateways, ingest and API, rules, simulator."""
    from anju.up import UpError
    from anju.up import up as run_up
    from community.site.load import SiteErrors

    try:
        asyncio.run(run_up(out))
    except (UpError, SiteErrors) as error:
        raise _fail(str(error)) from error


@cli.command(epilog="Example: ANJU_MQTT_PORT=1884 anju broker")
def broker() -> None:
    """Run the embedded MQTT broker alone, on loopback."""
    from backbone.broker import run

    settings = Settings()
    if os.environ.get(process.SUPERVISED):
        process.follow_parent()
    run(settings.mqtt_port, settings.data_dir)


@cli.command(epilog="Example: ANJU_GATEWAY=gw-east ANJU_MQTT_URL=mqtts://gw-east:secret@broker:8883 anju gateway")
def gateway() -> None:
    """Run one edge gateway: read its devices, keep frames until they are safe upstream, carry out commands."""
    from anju import services

    _service("gateway", services.gateway)


@cli.command(epilog="Example: ANJU_HISTORIAN_URL=influxdb+http://token@influxdb:8086/anju anju ingest")
def ingest(partition: Partition = None) -> None:
    """Run the historian's consumer alone."""
    from anju import services

    take_share(partition)

    _service("ingest", lambda stop: services.history_and_api(stop, with_ingest=True, with_api=False))


@cli.command(epilog="Example: anju api --with-ingest")
def api(
    with_ingest: Annotated[
        bool, typer.Option(help="also run ingest here; the embedded historian admits one process")
    ] = False,
) -> None:
    """Run the HTTP API and the web page."""
    from anju import services

    _service(
        "ingest+api" if with_ingest else "api",
        lambda stop: services.history_and_api(stop, with_ingest=with_ingest, with_api=True),
    )


@cli.command(epilog="Example: anju simulate --scenario corridor-fire --zone b3-f1")
def simulate(
    scenario: Annotated[
        str | None, typer.Option(help="make this happen in the simulator that runs; `normal` ends it")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="where; the scenario's own place if unset")] = None,
    seed: Annotated[int, typer.Option(help="the same seed repeats a run")] = 1,
) -> None:
    """Run the simulator; with --scenario, make something happen in the one that runs already."""
    from anju import services

    if scenario is None:
        _service("simulator", lambda stop: services.simulator(stop, seed=seed))
        return
    from backbone.site_files import read_site
    from firmware_sim.scenarios import SCENARIOS
    from firmware_sim.service import send_scenario

    known = ("normal", *sorted(SCENARIOS))
    if scenario not in known:
        raise _fail(f"no scenario '{scenario}'; there are: {', '.join(known)}")
    settings = Settings()
    site = read_site(settings)
    if zone is not None and zone not in site.zones:
        raise _fail(f"no zone '{zone}' in {settings.site}")
    try:
        asyncio.run(send_scenario(settings.broker_url, site.id, scenario, zone, ca=settings.mqtt_ca))
    except OSError as error:
        raise _fail(f"no broker answers at {settings.broker_url} ({error}); is `anju up` running?") from error
    out.print(f"sent {scenario}{f' to {zone}' if zone else ''}")


@cli.command(epilog="Example: anju check sites/jinxiu.yaml")
def check(
    files: Annotated[list[Path], typer.Argument(help="site files", exists=True, dir_okay=False)],
    profiles: Annotated[Path | None, typer.Option(help="an installer's own profile folder")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="exit 1 on advice too: for files whose every decision is to be on record")
    ] = False,
) -> None:
    """Check site files; every problem is printed with file:line:column. Exit 0 when there are none, else 1.

    Advice is printed beside them: what nobody has decided yet, such as a rule graded otherwise than its risk. The
    file runs as it is; each piece of advice says what to write once it is decided.
    """
    from backbone.site_files import advise_file, check_file

    problems = [problem for file in files for problem in check_file(file, profiles)]
    for problem in problems:
        out.print(str(problem), markup=False)
    advice = [said for file in files for said in advise_file(file, profiles)]
    for said in advice:
        out.print(f"{said.file}:{said.line}:{said.column}: advice: {said.message}", markup=False)
    if problems or (advice and strict):
        raise typer.Exit(BAD_INPUT)
    out.print(f"{', '.join(str(f) for f in files)}: no problems")


@cli.command("profiles", epilog="Example: anju profiles --profiles ./our-profiles")
def list_profiles(
    profiles: Annotated[Path | None, typer.Option(help="an installer's own profile folder")] = None,
) -> None:
    """List the device profiles: what a site file may name, what each reads and how, and where its figures are from."""
    from anju.profile_list import rows
    from backbone.site_files import read_profiles
    from community.site.load import SiteErrors

    try:
        known = read_profiles(profiles)
    except SiteErrors as error:
        raise _fail(str(error)) from error
    wide = Console(highlight=False, width=None if out.is_terminal else PRINTED_WIDTH)
    source = Column("source", overflow="fold")  # an address that is cut off leads nowhere
    table = Table("profile", "product", "decoder", "family", "lane", "measures", source)
    for row in rows(known.values()):
        table.add_row(*row)
    wide.print(table, markup=False)


@cli.command(epilog="Example: anju found --zone pump-room >> adopt.yaml")
def found(
    zone: Annotated[str | None, typer.Option(help="where the devices are; a guess, and said so, if unset")] = None,
    drafts: Annotated[Path | None, typer.Option(help="save drafted profiles in this folder", file_okay=False)] = None,
) -> None:
    """Print devices that announced themselves and are not in the site file, as YAML to paste. Nothing is adopted."""
    from anju.found import FoundLookupError, lines, lists, save_drafts
    from backbone import logs
    from backbone.broker_address import BusUrlError
    from backbone.found import FoundError
    from backbone.site_files import read_site
    from community.site.load import SiteErrors

    logs.configure("found", "ERROR")  # what is printed is YAML
    settings = Settings()
    try:
        site = read_site(settings)
        if zone is not None and zone not in site.zones:
            raise _fail(f"no zone '{zone}' in {settings.site}")
        told = asyncio.run(lists(settings, site))
        saved = save_drafts(told, site, drafts) if drafts is not None else []
    except (SiteErrors, FoundLookupError, FoundError, BusUrlError, OSError) as error:
        raise _fail(str(error)) from error
    for line in lines(told, site, zone):
        out.print(line, markup=False)
    for path in saved:
        err.print(f"saved {path}", markup=False)


@cli.command(epilog="Example: anju secrets ./secrets --broker-host broker; anju secrets ./secrets --show")
def secrets(
    folder: Annotated[Path, typer.Argument(help="where the folders of the services are made")],
    broker_host: Annotated[str, typer.Option(help="host the broker is reached by")] = "broker",
    database_host: Annotated[str, typer.Option(help="host of PostgreSQL")] = "database",
    historian_host: Annotated[str, typer.Option(help="host of InfluxDB")] = "historian",
    show: Annotated[bool, typer.Option("--show", help="print the first administrator's password and end")] = False,
) -> None:
    """Make the certificates, passwords and tokens of a deployment, once."""
    from anju.secrets import Hosts, first_password, make
    from backbone.site_files import read_site

    try:
        if show:
            out.print(f"admin  {first_password(folder)}", markup=False)
            return
        made = make(folder, read_site(Settings()).gateways, Hosts(broker_host, database_host, historian_host))
    except (OSError, ValueError) as error:
        raise _fail(str(error)) from error
    out.print(f"made secrets in {folder}" if made else f"{folder} has its secrets already")


@cli.command(epilog="Example: anju backup --username admin")
def backup(
    username: Annotated[str, typer.Option(help="an administrator, should the platform run")] = "admin",
) -> None:
    """Save history, state and site file into a new folder of the data folder's `backups`; the platform may run."""
    from anju.backups import backup as make
    from backbone.backup import BackupError
    from backbone.database.errors import DatabaseError
    from backbone.historian.port import HistorianError
    from community.site.load import SiteErrors

    def ask() -> tuple[str, str]:
        known = os.environ.get("ANJU_PASSWORD")
        return username, known or typer.prompt(f"password of {username}", hide_input=True)

    try:
        with out.status("saving"):
            made, elsewhere = make(ask)
    except (BackupError, HistorianError, DatabaseError, SiteErrors) as error:
        raise _fail(str(error)) from error
    out.print(f"saved in {made}")
    for store in elsewhere:
        out.print(f"not in it: the {store}, which a server keeps; save it with that server's tools")


@cli.command(epilog="Example: anju restore data/backups/2026-11-23T10-00-00Z")
def restore(folder: Annotated[Path, typer.Argument(help="a backup", exists=True, file_okay=False)]) -> None:
    """Put a backup back, while the platform is stopped. What is there now is moved aside, not deleted."""
    from anju.backups import restore as put_back
    from backbone.backup import BackupError

    try:
        with out.status("restoring"):
            manifest, aside = put_back(folder)
    except BackupError as error:
        raise _fail(str(error)) from error
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(manifest.made_at / 1000))
    out.print(f"{manifest.site} is as of {made}; what was there before is in {aside}")


Username = Annotated[str, typer.Option(help="whose password is asked for, should the platform run ($ANJU_PASSWORD)")]


def _asked(username: str, status: Status) -> Callable[[], tuple[str, str]]:
    def ask() -> tuple[str, str]:
        known = os.environ.get("ANJU_PASSWORD")
        if not known:
            status.stop()
        return username, known or typer.prompt(f"password of {username}", hide_input=True)

    return ask


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

    with _history_errors(), err.status("") as status:
        written = export(file, point or [], start, end, _asked(username, status), status.update)
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

    with _history_errors(), err.status("") as status:
        done = bring_in(file, _asked(username, status), status.update)
    out.print(f"{done.readings} readings from {file}")
    if done.unknown:
        more = " …" if len(done.unknown) > 10 else ""
        out.print(f"the site file has no {', '.join(done.unknown[:10])}{more}", markup=False)
    for bad in done.lines:
        err.print(f"{file.name}:{bad.line}: {bad.reason}" if bad.line else bad.reason, markup=False)
    if done.refused:
        raise _fail(f"{done.refused} lines are no readings; all others are stored")


@history.command("check", epilog="Example: anju history check")
def history_check() -> None:
    """Read everything that is stored and compare roll-ups, keys, events and positions; exit 1 when it is not sound."""
    from anju.history import check as read_all

    looked = 0

    def count(number: int) -> None:
        nonlocal looked
        looked = number
        said(number)

    with _history_errors(), _progress() as said:
        faults = read_all(count)
    for fault in faults:
        out.print(fault, markup=False)
    if faults:
        raise _fail(
            "`anju history repair` makes roll-ups again and saves what is readable; it says if the platform must stop"
        )
    out.print(f"{looked} readings, all of them readable, and nothing is out of order")


@history.command("repair", epilog="Example: anju history repair")
def history_repair() -> None:
    """Save a damaged history aside, bring what is readable into a new file, and say what is gone.

    Of a history on a server only the roll-ups: where they are not what the readings say, ingest makes them again.
    """
    from anju.history import repair, repair_roll_ups

    with _history_errors(), _progress() as said:
        again = repair_roll_ups(said)
    if again is not None:
        out.print(f"the roll-ups of {again} hours are made again by ingest" if again else "nothing is out of order")
        out.print("files of a server are checked and restored with its own tools (influx_inspect, influxd restore)")
        return

    with _history_errors(), err.status("") as status:
        done = repair(status.update)
    for table, rows in done.saved.items():
        out.print(f"{table}: {rows} rows saved")
    for line in done.gone:
        out.print(f"gone: {line}", markup=False)
    if not done.gone:
        out.print("nothing is gone")
    out.print(f"the damaged files are in {done.aside}", markup=False)


@quarantine.command("list", epilog="Example: anju quarantine list --most 20")
def quarantine_list(most: Annotated[int, typer.Option(min=1, help="entries, the latest first")] = 100) -> None:
    """What was refused: by whom, of what, why, how often, how much of it is set aside, and one of them."""
    from anju.quarantine import entries

    with _history_errors():
        found = entries(most)
    table = Table("by", "source", "reason", "count", "set aside", "last", "sample")
    for one in found:
        last = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(one.last / 1000))
        table.add_row(one.consumer, one.source, one.reason, str(one.count), str(one.kept), last, one.sample[:80])
    out.print(table if found else "the quarantine is empty")


@quarantine.command("retry", epilog="Example: anju quarantine retry")
def quarantine_retry(wait: Annotated[float, typer.Option(min=0, help="seconds to wait for the outcome")] = 30) -> None:
    """Have what is set aside stored now, as after the site file or a clock was mended; ingest does it."""
    from anju.quarantine import retry

    with _history_errors(), out.status("trying again"):
        asked, left = retry(wall_ms(), wait)
    if left is None:
        raise _fail(f"{asked} entries are to be tried again, but nobody has done so yet: does ingest run?")
    if asked:
        out.print(f"{asked} entries tried again; {left} readings and events are still refused")
    else:
        out.print("nothing is set aside")


@contextmanager
def _history_errors() -> Iterator[None]:
    from backbone.historian.exchange_read import ExchangeError
    from backbone.historian.port import HistorianError
    from community.site.load import SiteErrors

    try:
        yield
    except (ExchangeError, HistorianError, SiteErrors, ValueError, OSError) as error:
        raise _fail(str(error)) from error


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    with err.status("") as status:
        yield lambda number: status.update(f"{number:,} readings")


@user.command("add", epilog="Example: anju user add wang-wei --name 王伟 --role safety-officer")
def user_add(
    username: str,
    role: Annotated[list[str], typer.Option(help="manager, crew, safety-officer, supervisor or administrator")],
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="ANJU_NEW_PASSWORD")
    ],
    name: Annotated[str, typer.Option(help="the name others see")] = "",
) -> None:
    """Let somebody sign in."""
    from anju.accounts import add_user

    try:
        add_user(username, name or username, role, password, wall_ms())
    except ValueError as error:
        raise _fail(str(error)) from error
    out.print(f"{username} may sign in")


@user.command("password", epilog="Example: anju user password admin")
def user_password(
    username: str,
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="ANJU_NEW_PASSWORD")
    ],
) -> None:
    """Give somebody a new password; all their sessions end."""
    from anju.accounts import set_password

    try:
        set_password(username, password, wall_ms())
    except ValueError as error:
        raise _fail(str(error)) from error
    out.print(f"{username} has a new password; open sessions were ended")
