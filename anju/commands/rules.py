"""`anju rules`: alone it runs the service; its commands say what the rules of a site file do."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from anju.commands.terminal import fail, out, saying
from anju.exits import BAD_INPUT
from anju.partition import Partition, take_share
from community.site.problems import SiteErrors, suggestion
from community.site.site import Site

rules = typer.Typer(
    help="Detection and response, and what the rules of a site do.", epilog="Example: anju rules coverage"
)


@rules.callback(invoke_without_command=True)
def serve(context: typer.Context, partition: Partition = None) -> None:
    """Without a command: run detection and response (alarms, tickets, plans)."""
    if context.invoked_subcommand is not None:
        return
    take_share(partition)
    from anju.services import RUN

    with saying(SiteErrors):
        RUN["rules",]()


_TEXTS: Mapping[str, tuple[str, str]] = {
    "nowhere": ("本站没有点位“{point}”{near}", "there is no point '{point}' in this site{near}"),
    "unwatched": ("没有规则监测这个点位", "no rule watches this point"),
    "for": ("持续 {span}", "for {span}"),
    "clears": ("恢复须持续 {span}", "clears after {span}"),
    "during": ("时段 {names}", "during {names}"),
    "risk": ("等级{risk}", "risk {risk}"),
    "plan": ("预案 {plan}", "plan {plan}"),
    "latched": ("须人工复位", "latched"),
    "again": ("确认后满 {span} 再次报警", "unacknowledged again after {span}"),
    "scope": ("在 {scope} 判断", "judged at {scope}"),
    "overrides": ("此处适用特例 {numbers}", "overrides {numbers} hold here"),
    "used": ("其报警是这些规则的条件：{rules}", "its alarm is part of: {rules}"),
    "covered": (
        "{points} 个点位中 {watched} 个有规则监测，{unwatched} 个没有，另有 {outputs} 个是输出",
        "{watched} of {points} points are watched, {unwatched} are not, {outputs} more are outputs",
    ),
    "low": ("低", "low"),
    "medium": ("中", "medium"),
    "high": ("高", "high"),
}
"""Chinese and English."""
Language = Annotated[str | None, typer.Option(help="zh or en; as the terminal is set if unset")]


@rules.command(epilog="Example: anju rules explain env-b1-f1.temperature")
def explain(
    point: Annotated[str, typer.Argument(help="device.measure")],
    site: Annotated[Path | None, typer.Option(help="site file; ANJU_SITE if unset")] = None,
    language: Language = None,
) -> None:
    """Show which rules watch a point: limits after overrides, delays, calendar, risk and plan."""
    from community.site.condition_words import names_of, rule_sentence, span
    from community.site.explain import rules_of

    found, tongue = _site(site), language or _language()

    def text(name: str, **values: object) -> str:
        return _TEXTS[name][tongue != "zh"].format(**values)

    if point not in found.points:
        raise fail(text("nowhere", point=point, near=suggestion(point, found.points)))
    row = found.points[point]
    place = " / ".join(found.zones[zone].name.in_language(tongue) for zone in reversed(found.zone_path(row.zone)))
    out.print(f"{point}  {row.name.in_language(tongue)}  {place}", markup=False)
    watched = rules_of(found, point)
    if not watched:
        out.print(text("unwatched"))
        return
    names, used_by = names_of(found), _used_by(found)
    for by in watched:
        rule = by.rule
        parts = [
            rule_sentence(rule, found.selected(rule.select), names).in_language(tongue),
            text("for", span=span(rule.for_, tongue)) if rule.for_ else "",
            text("clears", span=span(rule.clear_after, tongue)) if rule.clear_after else "",
            text("during", names=", ".join(rule.during)) if rule.during else "",
            text("risk", risk=text(rule.risk.value)),
            text("plan", plan=rule.plan) if rule.plan else "",
            text("latched") if rule.latch else "",
            text("again", span=span(rule.re_alarm, tongue)) if rule.re_alarm else "",
            text("scope", scope=found.zones[by.scope].name.in_language(tongue) if by.scope in found.zones else by.scope)
            if by.scope != point
            else "",
            text("overrides", numbers=", ".join(str(number) for number in by.overrides)) if by.overrides else "",
            text("used", rules=", ".join(used_by[rule.id])) if rule.id in used_by else "",
        ]
        told = ("；" if tongue == "zh" else "; ").join(part for part in parts if part)
        out.print(f"{rule.id}  {rule.message.in_language(tongue)}\n    {told}", markup=False)


@rules.command(epilog="Example: anju rules coverage sites/jinxiu.yaml")
def coverage(
    site: Annotated[Path | None, typer.Argument(help="site file; ANJU_SITE if unset")] = None,
    language: Language = None,
) -> None:
    """List the points of a site no rule watches; exit 0 also when there are some."""
    from community.site.explain import coverage as coverage_of

    found, tongue = _site(site), language or _language()
    covered = coverage_of(found)
    for point in covered.unwatched:
        place = found.zones[point.zone].name.in_language(tongue)
        out.print(f"{point.id}  {point.name.in_language(tongue)}  {place}", markup=False)
    unwatched, outputs = len(covered.unwatched), len(covered.unwatched_outputs)
    watched = covered.points - unwatched - outputs
    told = _TEXTS["covered"][tongue != "zh"]
    out.print(told.format(points=covered.points, watched=watched, unwatched=unwatched, outputs=outputs))


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
    language: Language = None,
) -> None:
    """Try rules before they are trusted: on recorded readings, or on cases. Nothing is alarmed."""
    from anju import trial_report, trials
    from backbone.historian.exchange_read import ExchangeError
    from backbone.historian.port import HistorianError

    new = _site(site)
    report = trial_report.Report(out, language or _language())
    with saying(ExchangeError, HistorianError, SiteErrors, OSError, ValueError):
        if cases is not None:
            verdicts = trials.on_cases(new, cases)
            if as_json:
                out.print(trial_report.cases_as_json(verdicts), markup=False)
            elif not report.cases(verdicts):
                raise typer.Exit(BAD_INPUT)
            return
        old = _site(against, new) if against is not None or site is not None else None
        if csv is None:
            trial = trials.on_history(new, old, start, end)
        else:
            trial = trials.on_file(new, old, csv, events, start, end)
    if as_json:
        out.print(trial_report.as_json(trial), markup=False)
    else:
        report.trial(trial)


def _used_by(site: Site) -> Mapping[str, list[str]]:
    """By rule: the rules whose condition its alarm is part of."""
    from community.site.watching import leaves

    found: dict[str, list[str]] = {}
    for rule in site.file.rules:
        for alarm in dict.fromkeys(leaf.alarm for leaf in leaves(rule.when) if leaf.alarm is not None):
            found.setdefault(alarm, []).append(rule.id)
    return found


def _site(path: Path | None, known: Site | None = None) -> Site:
    """The site of a file; `known` if that is what it was read from."""
    from backbone.settings import Settings
    from backbone.site_files import read_site, site_digest

    settings = Settings() if path is None else Settings(site=path)
    if known is not None and site_digest(settings) == known.digest:
        return known
    with saying(SiteErrors):
        return read_site(settings)


def _language() -> str:
    """That of the terminal."""
    said = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh" if said.lower().startswith("zh") else "en"
