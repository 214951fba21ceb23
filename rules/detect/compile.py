"""Turns a site's rules into conditions: one per rule and point, or per rule and zone for a vote. Runs once at start."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from community.site.calendar import Hours, hours_of
from community.site.conditions import COMPOSITE_KINDS, Condition
from community.site.fields import parse_duration_s
from community.site.rules import Rule
from community.site.site import Point, Site
from community.site.watching import Watch, Watching, leaves, scope_kind
from rules.detect.compiled import At, Binding, Compiled, Composite, Count, Group, Guard, Silence, Source, Spot, Tree
from rules.detect.limits import Limits, limits_of


def silence_limit_ms(text: str, every_s: float) -> int:
    """How long `3x` (three expected intervals) or a duration is for a point.

    Raises:
        ValueError: `text` is neither.
    """
    if text.endswith("x"):
        return round(float(text[:-1]) * every_s * 1000)
    return _ms(parse_duration_s(text))


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


class _Form(NamedTuple):
    """What a condition of a rule is at every place it is judged at."""

    rule: Rule
    when: Condition
    """Both kept, so that their ids stay theirs."""
    kind: str
    row: Any
    limits: Limits | None
    on_delay_ms: int
    off_delay_ms: int
    digest: str


class _Builder:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.index = {point: i for i, point in enumerate(site.points)}
        self.spots: list[Spot] = []
        self.bindings: list[Binding] = []
        self.groups: list[tuple[int, Condition, Sequence[Point]]] = []
        self.guards: list[tuple[int, Condition, Point]] = []
        self.at_points: dict[str, list[At]] = {}
        self.silences: list[Silence] = []
        self.counts: list[Count] = []
        self.composites: list[Composite] = []
        self.watching = Watching(site)
        self.of_rule: dict[str, list[int]] = {rule.id: [] for rule in site.file.rules}
        self.hours: dict[tuple[str, ...], Hours] = {}
        self.forms: dict[tuple[int, int, bool], _Form] = {}

    def add(self, rule: Rule) -> None:
        effective: Rule | None = None
        form: _Form | None = None  # None: it is composed
        for watch in self.watching.watches(rule):
            if watch.rule is not effective:
                effective = watch.rule
                composed = bool(effective.during) or effective.when.kind in COMPOSITE_KINDS
                form = None if composed else self._form(effective, effective.when, part=False)
            if form is None:
                self._add_composite(watch)
            else:
                spot = self._spot(form, watch.scope, watch.zone, _ids(watch.points))
                self._add_condition(form, watch.points, spot)

    def _add_condition(self, form: _Form, points: Sequence[Point], spot: int) -> None:
        if form.kind == "vote":
            self._add_vote(form, points, spot)
        else:
            self._add_at_point(form, points[0], spot)

    def _spot(
        self, form: _Form, scope: str, zone: str, points: tuple[str, ...], path: str = "", *, composed: bool = False
    ) -> int:
        """A condition at a scope; `path` names it inside its rule when it is only a part of it."""
        part, rule, place = bool(path), form.rule.id, len(self.spots)
        key = f"{rule}|{scope}|{path}{form.digest}"
        on, off = form.on_delay_ms, form.off_delay_ms
        self.spots.append(Spot(rule, scope, zone, form.kind, on, off, points, key, part, part, composed))
        if not part:
            self.of_rule[rule].append(place)
        return place

    def _form(self, rule: Rule, when: Condition, *, part: bool) -> _Form:
        """`part`: it is a part of the rule's condition, which has the delays."""
        name = (id(rule), id(when), part)
        if name not in self.forms:
            condition = when.model_dump_json(exclude_none=True)
            on, off = (0.0, 0.0) if part else (rule.for_, rule.clear_after)
            text = f"{condition}|{on}|{off}{'' if part else self._circumstances(rule)}"
            digest = hashlib.sha256(text.encode()).hexdigest()[:12]
            kind = when.kind
            self.forms[name] = _Form(rule, when, kind, when.part(kind), limits_of(when), _ms(on), _ms(off), digest)
        return self.forms[name]

    def _circumstances(self, rule: Rule) -> str:
        """What else a composed rule depends on."""
        file = self.site.file
        text = f"|{rule.per}" if rule.when.kind in COMPOSITE_KINDS else ""
        if rule.during:
            own = [row.model_dump_json() for row in file.calendars if row.id in rule.during]
            text += f"|{rule.during}|{own}|{file.site.timezone}|{file.holidays.model_dump_json()}"
        return text

    def _add_composite(self, watch: Watch) -> None:
        rule = watch.rule
        inputs: dict[int, None] = {}
        tree = self._tree(watch, rule.when, "0", inputs)
        if tree is None:
            return
        points = tuple(dict.fromkeys(point for spot in inputs for point in self.spots[spot].points))
        spot = self._spot(self._form(rule, rule.when, part=False), watch.scope, watch.zone, points, composed=True)
        for place in inputs:
            if not self.spots[place].watched:
                self.spots[place] = msgspec.structs.replace(self.spots[place], watched=True)
        hours = self._hours(rule.during) if rule.during else None
        self.composites.append(Composite(spot, tree, tuple(inputs), hours, watch.zone, points))

    def _hours(self, names: tuple[str, ...]) -> Hours:
        if names not in self.hours:
            self.hours[names] = hours_of(self.site.file, names)
        return self.hours[names]

    def _tree(self, watch: Watch, when: Condition, path: str, inputs: dict[int, None]) -> Tree | None:
        """The condition at the scope; None where it can never be known, because there is nothing to judge it by."""
        if not when.parts:
            spots = self._alarms(watch, when) if when.alarm is not None else self._leaf(watch, when, path)
            inputs.update(dict.fromkeys(spots))
            trees: list[Tree | None] = list(spots)
            return _joined("any", trees)
        trees = [self._tree(watch, part, f"{path}.{n}", inputs) for n, part in enumerate(when.parts)]
        return _joined(when.kind, trees)

    def _leaf(self, watch: Watch, when: Condition, path: str) -> list[int]:
        """A condition on points; of several points of the scope it is true when it is for any of them."""
        points = self.watching.inputs(watch, when)
        groups = [points] if when.vote is not None and points else [(point,) for point in points]
        form = self._form(watch.rule, when, part=True)
        found = []
        for members in groups:
            name = f"{path}@{'' if when.vote is not None else members[0].id}|"
            spot = self._spot(form, watch.scope, members[0].zone, _ids(members), name)
            self._add_condition(form, members, spot)
            found.append(spot)
        return found

    def _alarms(self, watch: Watch, when: Condition) -> list[int]:
        """The alarms of another rule at the scope: those that concern one of its points."""
        per, points = scope_kind(watch.rule), self.site.points
        return [
            spot
            for spot in self.of_rule[when.alarm or ""]
            if any(self.watching.scope_of(points[p], per) == watch.scope for p in self.spots[spot].points)
        ]

    def _add_at_point(self, form: _Form, point: Point, spot: int) -> None:
        index, when = self.index[point.id], form.when
        if form.limits is not None:
            self.bindings.append(Binding(index, spot, form.limits))
            if when.sequence is not None:
                self.guards.append((spot, when, point))
        elif when.stale is not None:
            self.silences.append(Silence(index, spot, silence_limit_ms(when.stale.for_, point.every_s)))
        elif when.event is not None:
            self.counts.append(Count(index, spot, when.event.type, when.event.count, _ms(when.event.within)))
        else:
            kind = form.kind if when.deviation is None else when.deviation.baseline
            self.at_points.setdefault(kind, []).append(At(index, spot, form.row, _ms(point.every_s)))

    def _add_vote(self, form: _Form, points: Sequence[Point], spot: int) -> None:
        assert form.limits is not None
        self.bindings += [Binding(self.index[p.id], spot, form.limits) for p in points]
        self.groups.append((spot, form.when, points))

    def build(self) -> Compiled:
        bindings = sorted(self.bindings, key=lambda b: b.point)
        named = {spot for spot, *_ in (*self.groups, *self.guards)}
        place = {(b.spot, b.point): i for i, b in enumerate(bindings) if b.spot in named}
        points = list(self.site.points.values())
        sources: dict[Source, int] = {}
        source_of = [sources.setdefault(Source(p.gateway, p.lane), len(sources)) for p in points]
        return Compiled(
            points=tuple(self.site.points),
            devices=tuple(p.device for p in points),
            every_ms=np.array([_ms(p.every_s) for p in points], dtype=np.intp),
            spots=tuple(self.spots),
            bindings=tuple(bindings),
            groups=tuple(self._group(place, *group) for group in self.groups),
            guards=tuple(self._guard(place, *guard) for guard in self.guards),
            silences=tuple(self.silences),
            counts=tuple(self.counts),
            at_points={kind: tuple(sorted(rows, key=lambda row: row.point)) for kind, rows in self.at_points.items()},
            timezone=self.site.file.site.timezone,
            composites=tuple(self.composites),
            sources=tuple(sources),
            source_of=np.array(source_of, dtype=np.intp),
        )

    def _group(self, place: dict[tuple[int, int], int], spot: int, when: Condition, members: Sequence[Point]) -> Group:
        vote = when.vote
        assert vote is not None
        bindings = tuple(place[spot, self.index[p.id]] for p in members)
        devices, zones = tuple(p.device for p in members), tuple(p.zone for p in members)
        return Group(spot, vote.at_least, _ms(vote.within), bindings, devices, zones)

    def _guard(self, place: dict[tuple[int, int], int], spot: int, when: Condition, point: Point) -> Guard:
        sequence = when.sequence
        assert sequence is not None
        return Guard(place[spot, self.index[point.id]], point.device, sequence.unless, _ms(sequence.within))


def _ids(points: Sequence[Point]) -> tuple[str, ...]:
    return (points[0].id,) if len(points) == 1 else tuple(point.id for point in points)


def _joined(kind: str, trees: Sequence[Tree | None]) -> Tree | None:
    known = [tree for tree in trees if tree is not None]
    if not known or (kind != "any" and len(known) < len(trees)):
        return None
    return known[0] if kind != "not" and len(known) == 1 else (kind, tuple(known))


def _in_order(rules: Sequence[Rule]) -> Iterator[Rule]:
    """The rules of a file, those whose alarms others wait for before them."""
    by_id, done = {rule.id: rule for rule in rules}, set[str]()

    def walk(rule: Rule) -> Iterator[Rule]:
        if rule.id not in done:
            done.add(rule.id)
            for leaf in leaves(rule.when):
                if leaf.alarm in by_id:
                    yield from walk(by_id[leaf.alarm])
            yield rule

    for rule in rules:
        yield from walk(rule)


def compile_rules(site: Site) -> Compiled:
    """The conditions of every rule of the site."""
    builder = _Builder(site)
    for rule in _in_order(site.file.rules):
        builder.add(rule)
    return builder.build()
