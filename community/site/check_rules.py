"""What rules must satisfy: a high one has its plan, every one watches something its condition can judge."""

import re

from community.site.check_conditions import check_points, check_row
from community.site.conditions import ALL_KINDS, COMPOSITE_KINDS, Condition, Select, Vote
from community.site.fields import parse_duration_s
from community.site.rules import PLATFORM_RULES, Grade, Rule
from community.site.subject import Found, Selected, Subject, inner_parts
from community.site.yaml_text import Path
from community.text import Text

WORDS = ("message", "cause", "consequence", "action")
"""What IEC 62682 wants said of an alarm to whoever has to answer it."""
_TIMES_INTERVAL = re.compile(r"[0-9]+(\.[0-9]+)?x")


def check_rules(subject: Subject) -> Found:
    """The rules of the file."""
    for index, rule in enumerate(subject.file.rules):
        path: Path = ("rules", index)
        if rule.id in PLATFORM_RULES:
            yield (*path, "id"), f"'{rule.id}' is the platform's own rule: give this one another id"
        yield from subject.absent((*path, "plan"), "plan", rule.plan)
        yield from check_grade(path, rule, subject)
        yield from subject.absent((*path, "party"), "party", rule.party)
        wrong = list(check_selection((*path, "select"), rule.select, subject))
        yield from wrong
        sure = not wrong and subject.points_are_sure
        yield from check_condition((*path, "when"), rule.when, (*path, "select"), rule.select, subject, sure=sure)


def check_grade(path: Path, rule: Rule, subject: Subject) -> Found:
    """A rule, as it is or as an override makes it, has what its grade asks for."""
    plan = subject.plans.get(rule.plan or "")
    if rule.risk is Grade.HIGH and rule.plan is None:
        yield (*path, "risk"), "a high rule must name the plan it activates: add plan: …"
    if plan is not None and rule.risk.value not in plan.levels and not subject.touched("plans.levels"):
        yield (*path, "plan"), f"the plan '{plan.id}' has no steps for level {rule.risk.value}; add them"
    unsaid = _unsaid(rule) if rule.risk is Grade.HIGH else []
    if unsaid:
        yield (
            path,
            "a high rule says message, cause, consequence and action in zh and en, for whoever reads it at 3 a.m.: "
            f"add {', '.join(unsaid)}",
        )


def _unsaid(rule: Rule) -> list[str]:
    """Words a high rule lacks, as keys of the file."""
    found = []
    for name in WORDS:
        text: Text | None = getattr(rule, name)
        if text is None:
            found.append(name)
        else:
            found += [f"{name}.{language}" for language in ("zh", "en") if not getattr(text, language).strip()]
    return found


def check_selection(path: Path, select: Select, subject: Subject) -> Found:
    """A select names what there is."""
    if not select.model_fields_set - {"except_"}:
        yield path, "a rule says which points it watches: add measure, family, zone, device, point or tag"
    for what in ("zone", "device", "point"):
        for place, word in enumerate(getattr(select, what)):
            yield from subject.absent((*path, what, place), what, word)
    for place, excepted in enumerate(select.except_):
        yield from check_selection((*path, "except", place), excepted, subject)


def check_condition(
    path: Path, when: Condition, select_path: Path, select: Select, subject: Subject, *, sure: bool
) -> Found:
    """A condition and the points it judges; `sure`: what is selected is what will be."""
    given = when.given
    if len(given) != 1:
        what = "none" if not given else " and ".join(given)
        yield path, f"a condition has exactly one kind ({', '.join(ALL_KINDS)}); this has {what}"
        return
    kind = given[0]
    if kind == "alarm":
        yield from subject.absent((*path, "alarm"), "rule", when.alarm)
        return
    if kind in COMPOSITE_KINDS:
        if not when.parts:
            yield (*path, kind), f"{kind} needs the conditions it is made of: {kind}: [{{…}}, {{…}}]"
        for inner, part in inner_parts(path, when):
            if part.select is None:
                yield from check_condition(inner, part, select_path, select, subject, sure=sure)
                continue
            own = (*inner, "select")
            wrong = list(check_selection(own, part.select, subject))
            yield from wrong
            yield from check_condition(inner, part, own, part.select, subject, sure=sure and not wrong)
        return
    if when.deadband and kind not in {"above", "below"}:
        yield (*path, "deadband"), f"a deadband belongs to above or below, not to {kind}"
    if when.stale is not None and not _is_stale_time(when.stale.for_):
        yield (*path, "stale", "for"), f"'{when.stale.for_}' is no time: write 3x (expected intervals) or 10m"
    yield from check_row(path, when, kind)
    if sure:
        yield from _points(path, when, kind, select_path, subject.selected(select), subject)


def _points(path: Path, when: Condition, kind: str, select_path: Path, selected: Selected, subject: Subject) -> Found:
    fitting = selected.events if kind == "event" else selected.values
    if not fitting.points:
        what = "point the condition can watch" if selected.points else "point"
        yield select_path, f"this selects no {what}; look at measure, family, zone and tag"
    elif when.vote is not None:
        yield from _vote((*path, "vote"), when.vote, fitting)
    elif when.sequence is not None:
        yield from _sequence((*path, "sequence"), fitting, subject)
    else:
        yield from check_points(path, when, kind, fitting)


def _vote(path: Path, vote: Vote, selected: Selected) -> Found:
    if (number := selected.number) is not None:
        yield (
            path,
            f"a vote counts points that say yes or no, and '{number.id}' is a number; select a measure that fits",
        )
        return
    devices: dict[str, set[str]] = {}
    for point in selected.points:
        devices.setdefault(point.zone if vote.per == "zone" else "", set()).add(point.device)
    most = max(len(names) for names in devices.values())
    if most < vote.at_least:
        yield path, f"{vote.at_least} devices must agree, but no {vote.per} has more than {most}"


def _sequence(path: Path, selected: Selected, subject: Subject) -> Found:
    silent = next((point.device for point in selected.points if point.device not in subject.telling), None)
    if silent is not None:
        yield path, f"'{silent}' reports no events, so this would be true at every change; select devices that do"


def _is_stale_time(text: str) -> bool:
    if text.endswith("x"):
        return bool(_TIMES_INTERVAL.fullmatch(text)) and 0 < float(text[:-1]) < 1000
    try:
        return parse_duration_s(text) > 0
    except ValueError:
        return False
