"""Which rules watch a point, how they hold there, and which points no rule watches."""

from collections.abc import Iterator
from dataclasses import dataclass

from community.site.conditions import COMPOSITE_KINDS, Condition
from community.site.rules import Rule
from community.site.site import Point, Site
from community.site.watching import Watch, Watching, leaves


@dataclass(frozen=True, slots=True)
class WatchedBy:
    """A rule that watches a point."""

    rule: Rule
    """As it holds there, overrides and all."""
    scope: str
    role: str
    """`condition`: it raises by this point; `part`: by this point and others."""
    overrides: tuple[int, ...]
    """Which of the rule's overrides hold there, from 1, the farthest first."""
    condition: str
    """In words of the site file, such as `above 40 (deadband 2)`."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a site its rules watch."""

    points: int
    unwatched: tuple[Point, ...]
    """In the file's order. Outputs are commanded, not watched; they are told apart."""
    unwatched_outputs: tuple[Point, ...]


def rules_of(site: Site, point: str) -> list[WatchedBy]:
    """Every rule that watches a point, in the file's order.

    Raises:
        KeyError: there is no such point.
    """
    watching = Watching(site)
    place = watching.place_of[point]
    found = []
    for rule in site.file.rules:
        if not _may_watch(watching, rule, place):
            continue
        for watch in watching.watches(rule):
            watched = {p.id for p in _points(watching, watch)}
            if point in watched:
                role = "part" if len(watched) > 1 else "condition"
                found.append(WatchedBy(watch.rule, watch.scope, role, _shown(watch), words(watch.rule.when)))
    return found


def coverage(site: Site) -> Coverage:
    """Which points no rule watches."""
    watching = Watching(site)
    watched = {p.id for rule in site.file.rules for watch in watching.watches(rule) for p in _points(watching, watch)}
    without = [point for point in site.points.values() if point.id not in watched]
    return Coverage(
        len(site.points),
        tuple(point for point in without if point.output is None),
        tuple(point for point in without if point.output is not None),
    )


def words(when: Condition) -> str:
    """A condition in one line, in the words of the site file."""
    if when.parts:
        return (
            f"{when.kind} of ({'; '.join(words(part) for part in when.parts)})"
            if when.kind != "not"
            else (f"not ({words(when.parts[0])})")
        )
    deadband = f" (deadband {when.deadband:g})" if when.deadband else ""
    given = when.part(when.kind)
    if isinstance(given, (int, float)):
        return f"{when.kind} {given:g}{deadband}"
    if isinstance(given, str):
        return f"{when.kind} {given}"
    rows = given.model_dump(by_alias=True, exclude_defaults=True)
    return f"{when.kind} " + ", ".join(f"{key} {_plain(key, value)}" for key, value in rows.items())


def _plain(key: str, value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}{' s' if key in {'over', 'within'} else ''}"
    return str(value)


def _points(watching: Watching, watch: Watch) -> Iterator[Point]:
    """The points a watch judges. Those behind the alarm of another rule are watched by that rule."""
    if watch.rule.when.kind not in COMPOSITE_KINDS:
        yield from watch.points
        return
    if not _can_be_judged(watching, watch, watch.rule.when):
        return
    for leaf in leaves(watch.rule.when):
        if leaf.alarm is None:
            yield from watching.inputs(watch, leaf)


def _can_be_judged(watching: Watching, watch: Watch, when: Condition) -> bool:
    """Whether the scope has the points of every part the condition cannot do without."""
    if not when.parts:
        return when.alarm is not None or bool(watching.inputs(watch, when))
    able = [_can_be_judged(watching, watch, part) for part in when.parts]
    return any(able) if when.kind == "any" else all(able)


def _may_watch(watching: Watching, rule: Rule, place: int) -> bool:
    selects = [rule.select]
    for leaf in leaves(rule.when):
        select = getattr(leaf, "select", None)
        if select is not None:
            selects.append(select)
    return any(watching.site.selection.matches(select, place) for select in selects)


def _shown(watch: Watch) -> tuple[int, ...]:
    return tuple(number + 1 for number in watch.overrides)
