"""What rules must satisfy: a high one has its plan, every one watches something its condition can judge."""

import re

from community.site.check_conditions import check_condition, check_points
from community.site.fields import parse_duration_s
from community.site.model import CONDITION_KINDS, GATEWAY_OFFLINE, Grade, Rule, Vote
from community.site.profile import ValueKind
from community.site.subject import Candidate, Found, Subject
from community.site.yaml_text import Path

_TIMES_INTERVAL = re.compile(r"[0-9]+(\.[0-9]+)?x")


def check_rules(subject: Subject) -> Found:
    """The rules of the file."""
    plans = {plan.id: plan for plan in subject.file.plans}
    for index, rule in enumerate(subject.file.rules):
        path: Path = ("rules", index)
        if rule.id == GATEWAY_OFFLINE:
            yield (*path, "id"), f"'{GATEWAY_OFFLINE}' is the platform's own rule: give this one another id"
        if rule.risk is Grade.HIGH and rule.plan is None:
            yield (*path, "risk"), "a high rule must name the plan it activates: add plan: …"
        yield from subject.absent((*path, "plan"), "plan", rule.plan)
        if (
            rule.plan in plans
            and rule.risk.value not in plans[rule.plan].levels
            and not subject.touched("plans.levels")
        ):
            yield (*path, "plan"), f"the plan '{rule.plan}' has no steps for level {rule.risk.value}; add them"
        if rule.risk is Grade.HIGH and (rule.action is None or rule.cause is None or rule.consequence is None):
            yield path, "a high rule says cause, consequence and action, for whoever reads it at 3 a.m.: add them"
        yield from subject.absent((*path, "party"), "party", rule.party)
        wrong = list(_selection((*path, "select"), rule, subject))
        yield from wrong
        yield from _condition((*path, "when"), rule, subject, judge_points=not wrong and subject.points_are_sure)


def _selection(path: Path, rule: Rule, subject: Subject) -> Found:
    if not rule.select.model_fields_set:
        yield path, "a rule says which points it watches: add measure, family, zone, device, point or tag"
    yield from subject.absent((*path, "zone"), "zone", rule.select.zone)
    yield from subject.absent((*path, "device"), "device", rule.select.device)
    yield from subject.absent((*path, "point"), "point", rule.select.point)


def _condition(path: Path, rule: Rule, subject: Subject, *, judge_points: bool) -> Found:
    when = rule.when
    given = [kind for kind in CONDITION_KINDS if getattr(when, kind) is not None]
    if len(given) != 1:
        what = "none" if not given else " and ".join(given)
        yield path, f"a condition has exactly one kind ({', '.join(CONDITION_KINDS)}); this has {what}"
        return
    kind = given[0]
    if when.deadband and kind not in {"above", "below"}:
        yield (*path, "deadband"), f"a deadband belongs to above or below, not to {kind}"
    if when.stale is not None and not _is_stale_time(when.stale.for_):
        yield (*path, "stale", "for"), f"'{when.stale.for_}' is no time: write 3x (expected intervals) or 10m"
    yield from check_condition(path, when, kind)
    if judge_points:
        yield from _points(path, rule, kind, subject)


def _points(path: Path, rule: Rule, kind: str, subject: Subject) -> Found:
    points = subject.selected(rule)
    wanted = {ValueKind.EVENT} if kind == "event" else {ValueKind.NUMBER, ValueKind.BOOLEAN}
    fitting = [point for point in points if point.kind in wanted]
    if not fitting:
        what = "point the condition can watch" if points else "point"
        yield (*path[:-1], "select"), f"this selects no {what}; look at measure, family, zone and tag"
    elif rule.when.vote is not None:
        yield from _vote((*path, "vote"), rule.when.vote, fitting)
    elif rule.when.sequence is not None:
        yield from _sequence((*path, "sequence"), fitting, subject)
    else:
        yield from check_points(path, rule.when, kind, fitting)


def _vote(path: Path, vote: Vote, points: list[Candidate]) -> Found:
    numbers = next((point.id for point in points if point.kind is not ValueKind.BOOLEAN), None)
    if numbers is not None:
        yield path, f"a vote counts points that say yes or no, and '{numbers}' is a number; select a measure that fits"
        return
    devices: dict[str, set[str]] = {}
    for point in points:
        devices.setdefault(point.zone if vote.per == "zone" else "", set()).add(point.device.id)
    most = max(len(names) for names in devices.values())
    if most < vote.at_least:
        yield path, f"{vote.at_least} devices must agree, but no {vote.per} has more than {most}"


def _sequence(path: Path, points: list[Candidate], subject: Subject) -> Found:
    telling = {point.device.id for point in subject.points if point.kind is ValueKind.EVENT}
    silent = next((point.device.id for point in points if point.device.id not in telling), None)
    if silent is not None:
        yield path, f"'{silent}' reports no events, so this would be true at every change; select devices that do"


def _is_stale_time(text: str) -> bool:
    if text.endswith("x"):
        return bool(_TIMES_INTERVAL.fullmatch(text)) and 0 < float(text[:-1]) < 1000
    try:
        return parse_duration_s(text) > 0
    except ValueError:
        return False
