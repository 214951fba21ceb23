"""`anju rules`: alone it runs the service; its commands say what the rules of a site file do."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from anju import process
from anju.partition import Partition, take_share
from community.site.problems import suggestion
from community.site.site import Site

rules = typer.Typer(
    help="Detection and response, and what the rules of a site do.", epilog="Example: anju rules coverage"
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@rules.callback(invoke_without_command=True)
def serve(context: typer.Context, partition: Partition = None) -> None:
    """Without a command: run detection and response (alarms, tickets, plans)."""
    if context.invoked_subcommand is not None:
        return
    take_share(partition)
    from anju import services
    from backbone.settings import Settings
    from community.site.load import SiteErrors

    try:
        process.run("rules", Settings(), services.rules)
    except SiteErrors as error:
        err.print(str(error), markup=False)
        raise typer.Exit(1) from error


@rules.command(epilog="Example: anju rules explain env-b1-f1.temperature")
def explain(
    point: Annotated[str, typer.Argument(help="device.measure")],
    site: Annotated[Path | None, typer.Option(help="site file; ANJU_SITE if unset")] = None,
) -> None:
    """Show which rules watch a point: limits after overrides, delays, calendar, risk and plan."""
    from community.site.explain import rules_of

    found = _site(site)
    if point not in found.points:
        near = suggestion(point, found.points)
        err.print(f"there is no point '{point}' in this site{near}", markup=False)
        raise typer.Exit(1)
    row = found.points[point]
    place = " / ".join(found.zones[zone].name.zh for zone in reversed(found.zone_path(row.zone)))
    out.print(f"{point}  {row.name.zh}  {place}", markup=False)
    watched = rules_of(found, point)
    if not watched:
        out.print("no rule watches this point")
        return
    for by in watched:
        rule = by.rule
        parts = [
            by.condition,
            f"for {_duration(rule.for_)}" if rule.for_ else "",
            f"clears after {_duration(rule.clear_after)}" if rule.clear_after else "",
            f"during {' or '.join(rule.during)}" if rule.during else "",
            f"risk {rule.risk.value}",
            f"plan {rule.plan}" if rule.plan else "",
            "latched" if rule.latch else "",
            f"unacknowledged again after {_duration(rule.re_alarm)}" if rule.re_alarm else "",
            f"judged at {by.scope}" if by.scope != point else "",
            f"overrides {', '.join(str(number) for number in by.overrides)} hold here" if by.overrides else "",
        ]
        out.print(f"{rule.id}: {'; '.join(part for part in parts if part)}", markup=False)


@rules.command(epilog="Example: anju rules coverage sites/jinxiu.yaml")
def coverage(
    site: Annotated[Path | None, typer.Argument(help="site file; ANJU_SITE if unset")] = None,
) -> None:
    """List the points of a site no rule watches; exit 0 also when there are some."""
    from community.site.explain import coverage as coverage_of

    found = _site(site)
    covered = coverage_of(found)
    for point in covered.unwatched:
        out.print(f"{point.id}  {point.name.zh}  {found.zones[point.zone].name.zh}", markup=False)
    watched = covered.points - len(covered.unwatched) - len(covered.unwatched_outputs)
    out.print(
        f"{watched} of {covered.points} points are watched, {len(covered.unwatched)} are not, "
        f"{len(covered.unwatched_outputs)} more are outputs"
    )


@rules.command("test", epilog="Example: anju rules test changed.yaml --from 2026-11-16 --to 2026-11-23")
def try_rules(
    site: Annotated[Path | None, typer.Argument(help="the site file with the rules to try; ANJU_SITE if unset")] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", help="2026-11-16, or with a time, by the site's clock; unset: a week ago, or all of a file"
        ),
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="unset: now, or the end of a file")] = None,
    csv: Annotated[
        Path | None, typer.Option(help="readings of a file (.csv, .parquet, .lp), not of the history")
    ] = None,
    events: Annotated[Path | None, typer.Option(help="events beside that file's readings (JSON lines)")] = None,
    against: Annotated[Path | None, typer.Option(help="compare with this site file; ANJU_SITE if unset")] = None,
    cases: Annotated[Path | None, typer.Option(help="try the cases of this file instead")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for other programs")] = False,
    language: Annotated[str | None, typer.Option(help="zh or en; as the terminal is set if unset")] = None,
) -> None:
    """Try rules before they are trusted: on recorded readings, or on cases. Nothing is alarmed."""
    from anju import trial_report, trials
    from backbone.historian.exchange_read import ExchangeError
    from backbone.historian.port import HistorianError
    from community.site.problems import SiteErrors

    new = _site(site)
    report = trial_report.Report(out, language or _language())
    try:
        if cases is not None:
            verdicts = trials.on_cases(new, cases)
            if as_json:
                out.print(trial_report.cases_as_json(verdicts), markup=False)
            elif not report.cases(verdicts):
                raise typer.Exit(1)
            return
        old = _site(against) if against is not None or site is not None else None
        if csv is None:
            trial = trials.on_history(new, old, start, end)
        else:
            trial = trials.on_file(new, old, csv, events, start, end)
    except (ExchangeError, HistorianError, SiteErrors, OSError, ValueError) as error:
        err.print(str(error), markup=False)
        raise typer.Exit(1) from error
    if as_json:
        out.print(trial_report.as_json(trial), markup=False)
    else:
        report.trial(trial)


def _site(path: Path | None) -> Site:
    from backbone.settings import Settings
    from backbone.site_files import read_site
    from community.site.problems import SiteErrors

    try:
        return read_site(Settings() if path is None else Settings(site=path))
    except SiteErrors as error:
        err.print(str(error), markup=False)
        raise typer.Exit(1) from error


def _language() -> str:
    """That of the terminal."""
    said = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh" if said.lower().startswith("zh") else "en"


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"
