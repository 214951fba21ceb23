"""Rules: which there are, what watches a point, what nothing watches; and a change, tried before it is trusted."""

import asyncio
import secrets
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from api.paging import Page
from api.platform import Platform, PlatformDep
from api.problems import Problem, conflict, not_found
from api.rules.schemas import (
    Checked,
    RuleChange,
    RuleChanged,
    RuleCoverage,
    RuleDetail,
    RuleOfPoint,
    RuleOut,
    RuleVersionOut,
    show,
    show_coverage,
    show_rule,
)
from api.rules.trial_schemas import TrialAsked, TrialOut, show_trial
from api.rules.trials import Trial
from api.security.access import Viewer, require
from api.security.sessions import Caller
from api.site_versions.keeping import checked, put, text_in_force
from api.site_versions.router import show as show_version
from api.site_versions.router import shown
from api.site_versions.schemas import SiteVersionOut
from api.sites.schemas import NamedOut
from api.writing import Change, Write, writing
from backbone.database.alarm_journal import raised_by_rule
from backbone.database.site_versions import text_of, versions
from community.people import Action
from community.site.changes import differences
from community.site.condition_words import names_of
from community.site.explain import coverage, rules_of
from community.site.site import Site
from community.site.snippets import SnippetError, rule_text, with_rule
from community.text import Text

router = APIRouter(tags=["rules"])
MOST_VERSIONS = 30


@router.get("/points/{point_id}/rules")
async def list_rules_of_point(point_id: str, platform: PlatformDep, _: Viewer) -> Page[RuleOfPoint]:
    """The rules that watch a point, with what is different there."""
    if point_id not in platform.site.points:
        raise not_found("point", point_id)
    found = await asyncio.to_thread(rules_of, platform.site, point_id)
    names = names_of(platform.site)
    return Page(items=[show(by, platform.site.selected(by.rule.select), names) for by in found])


@router.get("/rules/coverage")
async def get_rule_coverage(platform: PlatformDep, _: Viewer) -> RuleCoverage:
    """Which points no rule watches."""
    found = await asyncio.to_thread(coverage, platform.site)
    return show_coverage(found, len(platform.site.file.rules))


@router.get("/rules")
def list_rules(platform: PlatformDep, _: Viewer) -> list[RuleOut]:
    """The rules in force, in the file's order."""
    site, alarms = platform.site, _alarms(platform)
    points, names_there = list(site.points.values()), names_of(site)
    return [
        show_rule(points, names_there, rule, site.selection.places(rule.select), alarms.get(rule.id, 0))
        for rule in site.file.rules
    ]


@router.get("/rules/trials/{trial_id}")
def get_trial(trial_id: str, platform: PlatformDep, _: Annotated[Caller, require(Action.CHANGE_RULES)]) -> TrialOut:
    """How far a trial is, and what came out."""
    return show_trial(platform.trials.get(trial_id))


@router.post("/rules/trials", status_code=202)
def start_trial(
    body: TrialAsked, platform: PlatformDep, caller: Annotated[Caller, require(Action.CHANGE_RULES)]
) -> TrialOut:
    """Try a change on the last days' readings, beside the rules in force; or on cases. Nothing is alarmed."""
    old = text_in_force(platform)
    new, site = _changed(platform, body.rule, body)
    now = platform.now()
    trial = Trial(
        id=secrets.token_hex(8),
        at=now,
        by=caller.username,
        rule=body.rule,
        begin=now - body.days * 86_400_000,
        end=now,
    )
    return show_trial(platform.trials.start(trial, platform.historian, site, new, old, body.cases))


@router.get("/rules/{rule_id}")
def get_rule(rule_id: str, platform: PlatformDep, _: Viewer) -> RuleDetail:
    """A rule, with its lines of the site file."""
    site = platform.site
    rule = next((rule for rule in site.file.rules if rule.id == rule_id), None)
    if rule is None:
        raise not_found("rule", rule_id)
    names, places = list(site.points), site.selection.places(rule.select)
    row = show_rule(list(site.points.values()), names_of(site), rule, places, _alarms(platform).get(rule_id, 0))
    try:
        text = rule_text(text_in_force(platform), rule_id)
    except Problem:
        text = None
    watched = [names[place] for place in places[:500]]
    looking = rule.positive_alarm
    return RuleDetail(
        **row.model_dump(),
        text=text,
        base=site.digest,
        watched=watched,
        rationale=rule.rationale,
        risks=[
            NamedOut(id=risk.id, name=risk.name or Text(zh=risk.id))
            for risk in site.file.risks
            if rule_id in risk.rules
        ],
        re_alarm_s=rule.re_alarm,
        acknowledge_s=looking.acknowledge if looking else None,
        investigate_s=looking.investigate if looking else None,
    )


@router.get("/rules/{rule_id}/versions")
def list_rule_versions(rule_id: str, platform: PlatformDep, _: Viewer) -> list[RuleVersionOut]:
    """The versions of the site file that changed a rule, the newest first; of the last thirty."""
    with platform.database.read() as c:
        found = versions(c, platform.site.id, limit=MOST_VERSIONS + 1)
        texts = [rule_text(text_of(c, platform.site.id, one.number) or "", rule_id) for one in found]
    return [
        RuleVersionOut(number=one.number, at=one.at, who=one.who, why=one.why, text=text)
        for one, text, before in zip(found[:MOST_VERSIONS], texts, [*texts[1:], None], strict=False)
        if text != before
    ]


@router.post("/rules/{rule_id}/check")
def check_rule(
    rule_id: str, body: RuleChange, platform: PlatformDep, _: Annotated[Caller, require(Action.CHANGE_RULES)]
) -> Checked:
    """What a change would do; its mistakes, with their lines, are the refusal."""
    _text, site = _changed(platform, rule_id, body)
    return Checked(differences=shown(differences(platform.site.file, site.file)))


@router.put("/rules/{rule_id}", status_code=202)
def change_rule(
    rule_id: str, body: RuleChanged, platform: PlatformDep, write: Annotated[Write, writing(Action.CHANGE_RULES)]
) -> Response:
    """Write it into the site file; the services take it within seconds."""

    def work(change: Change) -> SiteVersionOut:
        text, _ = _changed(platform, rule_id, body)
        return show_version(platform, put(platform, change, text, f"{rule_id}: {body.reason}"))

    return write.perform("rule.change", rule_id, work, status=202, detail=body.reason)


def _changed(platform: Platform, rule: str, change: RuleChange) -> tuple[str, Site]:
    """The site file with the change, checked."""
    if change.base != platform.site.digest:
        raise conflict("the site file has changed meanwhile; look again")
    try:
        changed = with_rule(text_in_force(platform), rule, change.text)
    except SnippetError as error:
        raise conflict(str(error)) from error
    site = checked(platform, changed.text, changed)
    if not any(row.id == rule for row in site.file.rules):
        raise Problem(422, f"these lines are not those of '{rule}': its id stays", kind="bad-input")
    return changed.text, site


def _alarms(platform: Platform) -> dict[str, int]:
    with platform.database.read() as c:
        return raised_by_rule(c, platform.site.id, platform.now() - 7 * 86_400_000)
