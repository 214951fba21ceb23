"""The command line. Every command's `--help` ends with an example."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from anju.commands.history import history
from anju.commands.quarantine import quarantine
from anju.commands.rules import rules
from anju.commands.terminal import PRINTED_WIDTH, Username, asks, err, fail, out, saying
from anju.commands.users import user
from anju.exits import BAD_INPUT
from anju.partition import Partition, take_share
from backbone.settings import Settings
from community.site.problems import SiteErrors

cli = typer.Typer(
    help="安居 Anju: smart-community monitoring, alarms and emergency response.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
cli.add_typer(user, name="user")
cli.add_typer(history, name="history")
cli.add_typer(rules, name="rules")
cli.add_typer(quarantine, name="quarantine")


def _run(*arguments: str) -> None:
    from anju.services import RUN

    with saying(SiteErrors):
        RUN[arguments]()


@cli.command(epilog="Example: ANJU_SITE=sites/jinxiu.yaml anju up")
def up() -> None:
    """Run everything on this machine: broker, gateways, ingest and API, rules, simulator."""
    from anju.up import UpError
    from anju.up import up as run_up

    with saying(UpError, SiteErrors):
        asyncio.run(run_up(out))


@cli.command(epilog="Example: ANJU_MQTT_PORT=1884 anju broker")
def broker() -> None:
    """Run the embedded MQTT broker alone, on loopback."""
    _run("broker")


@cli.command(epilog="Example: ANJU_GATEWAY=gw-east ANJU_MQTT_URL=mqtts://gw-east:secret@broker:8883 anju gateway")
def gateway() -> None:
    """Run one edge gateway: read its devices, keep frames until they are safe upstream, carry out commands."""
    _run("gateway")


@cli.command(epilog="Example: ANJU_HISTORIAN_URL=influxdb+http://token@influxdb:8086/anju anju ingest")
def ingest(partition: Partition = None) -> None:
    """Run the historian's consumer alone."""
    take_share(partition)
    _run("ingest")


@cli.command(epilog="Example: anju api --with-ingest")
def api(
    with_ingest: Annotated[
        bool, typer.Option(help="also run ingest here; the embedded historian admits one process")
    ] = False,
) -> None:
    """Run the HTTP API and the web page."""
    _run("api", *["--with-ingest"] * with_ingest)


@cli.command(epilog="Example: anju simulate --scenario corridor-fire --zone b3-f1")
def simulate(
    scenario: Annotated[
        str | None, typer.Option(help="make this happen in the simulator that runs; `normal` ends it")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="where; the scenario's own place if unset")] = None,
    seed: Annotated[int, typer.Option(help="the same seed repeats a run")] = 1,
) -> None:
    """Run the simulator; with --scenario, make something happen in the one that runs already."""
    if scenario is None:
        from anju import services

        with saying(SiteErrors):
            services.as_process("simulator", lambda stop: services.simulator(stop, seed=seed))
        return
    from backbone.site_files import read_site
    from firmware_sim.scenarios import SCENARIOS
    from firmware_sim.service import send_scenario

    known = ("normal", *sorted(SCENARIOS))
    if scenario not in known:
        raise fail(f"no scenario '{scenario}'; there are: {', '.join(known)}")
    settings = Settings()
    site = read_site(settings)
    if zone is not None and zone not in site.zones:
        raise fail(f"no zone '{zone}' in {settings.site}")
    try:
        asyncio.run(send_scenario(settings.broker_url, site.id, scenario, zone, ca=settings.mqtt_ca))
    except OSError as error:
        raise fail(f"no broker answers at {settings.broker_url} ({error}); is `anju up` running?") from error
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
    from backbone.site_files import review_file

    reviews = [review_file(file, profiles) for file in files]
    problems = [problem for found, _ in reviews for problem in found]
    for problem in problems:
        out.print(str(problem), markup=False)
    advice = [said for _, found in reviews for said in found]
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

    with saying(SiteErrors):
        known = read_profiles(profiles)
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

    logs.configure("found", "ERROR")  # what is printed is YAML
    settings = Settings()
    with saying(SiteErrors, FoundLookupError, FoundError, BusUrlError, OSError):
        site = read_site(settings)
        if zone is not None and zone not in site.zones:
            raise fail(f"no zone '{zone}' in {settings.site}")
        told = asyncio.run(lists(settings, site))
        saved = save_drafts(told, site, drafts) if drafts is not None else []
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

    with saying(OSError, ValueError):
        if show:
            out.print(f"admin  {first_password(folder)}", markup=False)
            return
        made = make(folder, read_site(Settings()).gateways, Hosts(broker_host, database_host, historian_host))
    out.print(f"made secrets in {folder}" if made else f"{folder} has its secrets already")


@cli.command(epilog="Example: anju backup --username admin")
def backup(
    username: Username = "admin",
) -> None:
    """Save history, state and site file into a new folder of the data folder's `backups`; the platform may run."""
    from anju.backups import backup as make
    from anju.running import RunningError
    from backbone.backup import BackupError
    from backbone.database.errors import DatabaseError
    from backbone.historian.port import HistorianError

    with saying(RunningError, BackupError, HistorianError, DatabaseError, SiteErrors), out.status("saving") as status:
        made, elsewhere = make(asks(username, status))
    out.print(f"saved in {made}")
    for store in elsewhere:
        out.print(f"not in it: the {store}, which a server keeps; save it with that server's tools")


@cli.command(epilog="Example: anju restore data/backups/2026-11-23T10-00-00Z")
def restore(folder: Annotated[Path, typer.Argument(help="a backup", exists=True, file_okay=False)]) -> None:
    """Put a backup back, while the platform is stopped. What is there now is moved aside, not deleted."""
    from anju.backups import restore as put_back
    from backbone.backup import BackupError

    with saying(BackupError), out.status("restoring"):
        manifest, aside = put_back(folder)
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(manifest.made_at / 1000))
    out.print(f"{manifest.site} is as of {made}; what was there before is in {aside}")
