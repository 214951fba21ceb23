"""What composed rules must satisfy: scopes that fit, alarms without circles, overrides that change something."""

from collections.abc import Iterator, Mapping, Sequence

from community.site.check_rules import check_condition, check_grade, check_selection
from community.site.conditions import COMPOSITE_KINDS, Condition, Part
from community.site.life_safety import always_calls, never_follows
from community.site.rules import Grade, Override, Rule
from community.site.selection import overridden
from community.site.subject import Found, Subject, inner_parts
from community.site.yaml_text import Path


def check_composition(subject: Subject) -> Found:
    """The parts of rules that refer to other rows."""
    for index, rule in enumerate(subject.file.rules):
        path: Path = ("rules", index)
        wrong = any(True for _ in check_selection((*path, "select"), rule.select, subject))
        yield from _rule(path, rule, subject, sure=not wrong and subject.points_are_sure)
    yield from _circles(_waits(subject), "these alarms wait for each other")
    yield from _circles(_follows(subject), "these alarms follow from each other")
    yield from _circles(_hides(subject), "these alarms suppress each other")


def _rule(path: Path, rule: Rule, subject: Subject, *, sure: bool) -> Found:
    for place, name in enumerate(rule.during):
        yield from subject.absent((*path, "during", place), "calendar", name)
    composite = bool(rule.when.given) and rule.when.given[0] in COMPOSITE_KINDS
    if "per" in rule.model_fields_set and not composite:
        yield (*path, "per"), "per belongs to all, any, not and alarm; a vote has its own"
    if rule.per == "point":
        for inner, part in _all_parts((*path, "when"), rule.when):
            if part.select is not None:
                yield (
                    (*inner, "select"),
                    "a condition on other points needs the place they meet at: add per: device, zone, building or site",
                )
    if rule.re_alarm is not None and rule.re_alarm <= 0:
        yield (*path, "re_alarm"), "re_alarm must be longer than 0s"
    yield from _explains(path, rule, subject)
    yield from _suppressed(path, rule, subject)
    for place, row in enumerate(rule.overrides):
        yield from _override((*path, "overrides", place), rule, place, row, subject, sure=sure)


def _all_parts(path: Path, when: Condition) -> Iterator[tuple[Path, Part]]:
    for inner, part in inner_parts(path, when):
        yield inner, part
        yield from _all_parts(inner, part)


def _override(path: Path, rule: Rule, number: int, row: Override, subject: Subject, *, sure: bool) -> Found:
    wrong = list(check_selection((*path, "select"), row.select, subject))
    yield from wrong
    if not row.model_fields_set - {"select"}:
        yield path, "an override says what is different: add when, for, clear_after, during, risk, …"
        return
    if sure and not wrong:
        watched = set(subject.selection.places(rule.select))
        if watched.isdisjoint(subject.selection.places(row.select)):
            yield (*path, "select"), "this selects none of the points the rule watches; look at its select"
    for place, name in enumerate(row.during or ()):
        yield from subject.absent((*path, "during", place), "calendar", name)
    yield from subject.absent((*path, "party"), "party", row.party)
    yield from subject.absent((*path, "plan"), "plan", row.plan)
    changed = overridden(rule, (number,))
    if row.when is not None:
        if row.when.given != rule.when.given:
            kind = " and ".join(rule.when.given)
            yield (*path, "when"), f"the rule's condition is {kind}; an override changes its limits, not its kind"
        else:
            yield from check_condition(
                (*path, "when"), changed.when, (*path, "select"), rule.select, subject, sure=False
            )
    yield from check_grade(path, changed, subject)


def _explains(path: Path, rule: Rule, subject: Subject) -> Found:
    if rule.explains is None:
        return
    path = (*path, "explains")
    if rule.risk is Grade.LOW:
        yield path, "a low rule makes no alarm that could explain others; grade it medium"
    for place, name in enumerate(rule.explains.rules):
        here = (*path, "rules", place)
        yield from subject.absent(here, "rule", name)
        other = subject.rules.get(name)
        if other is None:
            continue
        if any(risk is Grade.HIGH for risk in _risks(other)):
            yield here, f"'{name}' is high: a high alarm is nobody's consequence"
        elif subject.points_are_sure and never_follows(other.risk, other.when, _families(other, subject)):
            yield here, f"'{name}' tells of fire, and is nobody's consequence; name only rules of supply or silence"


def _suppressed(path: Path, rule: Rule, subject: Subject) -> Found:
    """Suppression by design hides neither a high alarm nor fire."""
    for place, name in enumerate(rule.suppressed_by):
        here = (*path, "suppressed_by", place)
        yield from subject.absent(here, "rule", name)
        if (other := subject.rules.get(name)) is not None and other.risk is Grade.LOW:
            yield here, f"'{name}' is low and makes no alarm that could suppress others; grade it medium"
    for key in ("suppressed_by", "suppressed_in_maintenance"):
        if not getattr(rule, key):
            continue
        if any(risk is Grade.HIGH for risk in _risks(rule)):
            yield (*path, key), "a high alarm is never suppressed by design; shelve it, with a reason, if it must be"
        elif subject.points_are_sure and always_calls(rule.risk, _families(rule, subject)):
            yield (*path, key), "what watches fire points is never suppressed by design; take them out with except"


def _risks(rule: Rule) -> tuple[Grade | None, ...]:
    return (rule.risk, *(row.risk for row in rule.overrides))


def _families(rule: Rule, subject: Subject) -> frozenset[str]:
    """Of all points the rule and its parts watch."""
    parts = [part.select for _, part in _all_parts((), rule.when) if part.select is not None]
    return frozenset(point.family for select in (rule.select, *parts) for point in subject.selected(select).points)


_Edges = Mapping[str, Sequence[tuple[Path, str]]]
"""By rule: the rules it names, and where."""


def _waits(subject: Subject) -> _Edges:
    """Conditions that are other rules' alarms."""
    found: dict[str, list[tuple[Path, str]]] = {}
    for index, rule in enumerate(subject.file.rules):
        when: Path = ("rules", index, "when")
        parts = [(when, rule.when), *_all_parts(when, rule.when)]
        found[rule.id] = [((*path, "alarm"), part.alarm) for path, part in parts if part.alarm is not None]
    return found


def _follows(subject: Subject) -> _Edges:
    """Alarms that follow from others."""
    return {
        rule.id: [
            (("rules", index, "explains", "rules", place), name)
            for place, name in enumerate(rule.explains.rules if rule.explains else ())
        ]
        for index, rule in enumerate(subject.file.rules)
    }


def _hides(subject: Subject) -> _Edges:
    """Alarms that are suppressed by others."""
    return {
        rule.id: [(("rules", index, "suppressed_by", place), name) for place, name in enumerate(rule.suppressed_by)]
        for index, rule in enumerate(subject.file.rules)
    }


def _circles(edges: _Edges, what: str) -> Found:
    """No rule comes back to itself."""
    done: set[str] = set()

    def walk(rule: str, behind: tuple[str, ...]) -> Found:
        for path, name in edges[rule]:
            if name not in edges or name in done:
                continue
            if name in (*behind, rule):
                circle = (*behind, rule, name)
                shown = " → ".join(circle[circle.index(name) :])
                yield path, f"{what}: {shown}; take one of them out"
                continue
            yield from walk(name, (*behind, rule))
        done.add(rule)

    for rule in edges:
        if rule not in done:
            yield from walk(rule, ())
