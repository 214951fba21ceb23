"""What a site's rules watch: each rule spread over the places it is judged at, with what is different there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from community.site.conditions import COMPOSITE_KINDS, Condition, Part, Select
from community.site.profile import ValueKind
from community.site.rules import Rule
from community.site.selection import overridden, overrides_at
from community.site.site import Point, Site


class Watch(NamedTuple):
    """A rule at one of its scopes."""

    rule: Rule
    """With the overrides that hold there."""
    scope: str
    """What raises and clears as a whole: a point, a device, a zone or the site."""
    zone: str
    points: tuple[Point, ...]
    """The points of the rule's own selection there."""
    overrides: tuple[int, ...] = ()
    """Which of the rule's overrides hold, the farthest first."""


class Watching:
    """The rules of a site and the points they watch."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.points = tuple(site.points.values())
        self.place_of = {point.id: place for place, point in enumerate(self.points)}
        self._groups: dict[tuple[Select, str], dict[str, list[Point]]] = {}
        self._changed: dict[tuple[str, tuple[int, ...]], Rule] = {}
        self._at: dict[str, dict[str, Rule]] = {}
        """Rules with overrides, by scope: asked for each alarm."""

    def watches(self, rule: Rule) -> Iterator[Watch]:
        """The rule at each of its scopes, in the order of the points."""
        kind, points = rule.when.kind, self.points
        places = self.site.selection.places(rule.select)
        if kind != "event" and kind not in COMPOSITE_KINDS:
            places = [place for place in places if points[place].kind is not ValueKind.EVENT]
        per = scope_kind(rule)
        if per == "point" and not rule.overrides:  # most rules of a large site
            for place in places:
                point = points[place]
                yield Watch(rule, point.id, point.zone, (point,))
            return
        grouped: dict[str, list[int]] = defaultdict(list)
        for place in places:
            grouped[self.scope_of(points[place], per)].append(place)
        for scope, members in grouped.items():
            numbers = overrides_at(rule, self.site.selection, members)
            inside = tuple(points[place] for place in members)
            yield Watch(self._with(rule, numbers), scope, inside[0].zone, inside, numbers)

    def at(self, rule: Rule, scope: str) -> Rule:
        """The rule as it holds at a scope; the rule itself where it has none."""
        if not rule.overrides:
            return rule
        if rule.id not in self._at:
            self._at[rule.id] = {watch.scope: watch.rule for watch in self.watches(rule)}
        return self._at[rule.id].get(scope, rule)

    def scope_of(self, point: Point, per: str) -> str:
        """The scope a point belongs to."""
        match per:
            case "point":
                return point.id
            case "device":
                return point.device
            case "zone":
                return point.zone
            case "building":
                return self.site.building_of(point.zone)
            case _:
                return self.site.id

    def inputs(self, watch: Watch, part: Part | Condition) -> tuple[Point, ...]:
        """The points a condition inside a rule judges at the rule's scope."""
        select = part.select if isinstance(part, Part) else None
        if select is None:
            candidates: Iterable[Point] = watch.points
        else:
            candidates = self._grouped(select, scope_kind(watch.rule)).get(watch.scope, ())
        events = part.kind == "event"
        return tuple(point for point in candidates if events or point.kind is not ValueKind.EVENT)

    def _grouped(self, select: Select, per: str) -> dict[str, list[Point]]:
        """The selected points by scope."""
        key = (select, per)
        if key not in self._groups:
            groups = self._groups[key] = defaultdict(list)
            for place in self.site.selection.places(select):
                groups[self.scope_of(self.points[place], per)].append(self.points[place])
        return self._groups[key]

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """The rules of the file by id."""
        return {rule.id: rule for rule in self.site.file.rules}

    def _with(self, rule: Rule, numbers: tuple[int, ...]) -> Rule:
        if not numbers:
            return rule
        key = (rule.id, numbers)
        found = self._changed.get(key)
        if found is None:
            found = self._changed[key] = overridden(rule, numbers)
        return found


def scope_kind(rule: Rule) -> str:
    """What a rule is judged at: its points, or what its vote or composition says."""
    if rule.when.vote is not None:
        return rule.when.vote.per
    return rule.per if rule.when.kind in COMPOSITE_KINDS else "point"


def leaves(when: Condition) -> Iterator[Part | Condition]:
    """The conditions on points and alarms a condition is made of."""
    if not when.parts:
        yield when
    for part in when.parts:
        yield from leaves(part)
