"""Turns a site's rules into conditions: one per rule and point, or per rule and zone for a vote. Runs once at start."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from community.site.fields import parse_duration_s
from community.site.model import Band, Condition, Rule, Select
from community.site.profile import ValueKind
from community.site.site import Point, Site
from rules.detect.model import Index

_INF = math.inf


@dataclass(frozen=True, slots=True)
class Limits:
    """Open intervals a value lies in when the condition is true: to become true, and to stay so."""

    rise: tuple[float, float]
    hold: tuple[float, float]
    outside: bool = False
    """The other way round: true outside `rise`, and while it is, outside `hold`."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One condition of one rule at one scope: what raises and clears as a whole."""

    rule: str
    scope: str
    zone: str
    kind: str
    on_delay_ms: int
    off_delay_ms: int
    points: tuple[str, ...]
    key: str
    """Names it across versions of the site file: the same rule, scope and condition give the same key."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A point whose value is compared with limits for a spot: its level, its vote or the start of its sequence."""

    point: int
    spot: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class Group:
    """A vote: bindings of different devices, in the order of `bindings`."""

    spot: int
    at_least: int
    within_ms: int
    bindings: tuple[int, ...]
    devices: tuple[str, ...]
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """A sequence: the binding is innocent after an event of this type from the same device."""

    binding: int
    device: str
    type: str
    within_ms: int


@dataclass(frozen=True, slots=True)
class Silence:
    """A point that must not be silent longer than `limit_ms`."""

    point: int
    spot: int
    limit_ms: int


@dataclass(frozen=True, slots=True)
class Count:
    """`count` events of a type at a point within a window."""

    point: int
    spot: int
    type: str
    count: int
    within_ms: int


@dataclass(frozen=True, slots=True)
class At:
    """A condition of one of `rules.detect.kinds` at a point; `when` is its kind's row of the site file."""

    point: int
    spot: int
    when: Any
    every_ms: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """Everything the engine needs of a site."""

    points: tuple[str, ...]
    devices: tuple[str, ...]
    """The device of each point."""
    every_ms: Index
    """The expected interval of each point."""
    spots: tuple[Spot, ...]
    bindings: tuple[Binding, ...]
    """Sorted by point."""
    groups: tuple[Group, ...]
    guards: tuple[Guard, ...]
    silences: tuple[Silence, ...]
    counts: tuple[Count, ...]
    at_points: Mapping[str, tuple[At, ...]]
    """By kind, sorted by point: the conditions of `rules.detect.kinds`."""
    timezone: str
    """The site's, an IANA name."""

    @property
    def point_index(self) -> dict[str, int]:
        """The index of each point."""
        return {point: i for i, point in enumerate(self.points)}


def selected(site: Site, select: Select) -> Iterator[Point]:
    """The points `select` means: all that is given must match, and a zone means its subtree."""
    for point in site.points.values():
        if (
            (select.family is None or point.family == select.family)
            and (select.measure is None or point.measure == select.measure)
            and (select.device is None or point.device == select.device)
            and (select.point is None or point.id == select.point)
            and (select.tag is None or select.tag in point.tags)
            and (select.zone is None or select.zone in site.zone_path(point.zone))
        ):
            yield point


def limits_of(condition: Condition) -> Limits | None:
    """The intervals of a condition that compares a value; None for the kinds that do not."""
    match condition.kind:
        case "above" | "below" | "equals":
            return _limits(condition.above, condition.below, condition.equals, condition.deadband)
        case "band":
            assert condition.band is not None
            return _band(condition.band)
        case "vote":
            return _limits(None, None, 1.0, 0.0)
        case "sequence":
            assert condition.sequence is not None
            return _limits(None, None, condition.sequence.state, 0.0)
        case _:
            return None


def _limits(above: float | None, below: float | None, equals: float | None, deadband: float) -> Limits:
    if above is not None:
        return Limits((above, _INF), (above - deadband, _INF))
    if below is not None:
        return Limits((-_INF, below), (-_INF, below + deadband))
    assert equals is not None
    return Limits(_closed(equals, equals), _closed(equals, equals))


def _band(band: Band) -> Limits:
    low, high, deadband = band.low, band.high, band.deadband
    if band.inside:
        return Limits(_closed(low, high), _closed(low - deadband, high + deadband))
    return Limits(_closed(low, high), _closed(low + deadband, high - deadband), outside=True)


def _closed(low: float, high: float) -> tuple[float, float]:
    return math.nextafter(low, -_INF), math.nextafter(high, _INF)


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


class _Builder:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.index = {point: i for i, point in enumerate(site.points)}
        self.spots: list[Spot] = []
        self.bindings: list[Binding] = []
        self.groups: list[tuple[int, Rule, list[Point]]] = []
        self.guards: list[tuple[int, Rule, Point]] = []
        self.silences: list[Silence] = []
        self.counts: list[Count] = []
        self.at_points: dict[str, list[At]] = {}

    def add(self, rule: Rule) -> None:
        kind = rule.when.kind
        wants_events = kind == "event"
        points = [p for p in selected(self.site, rule.select) if wants_events or p.kind is not ValueKind.EVENT]
        if kind == "vote":
            self._add_vote(rule, points)
            return
        for point in points:
            spot = self._spot(rule, kind, point.id, point.zone, (point.id,))
            self._add_at_point(rule, point, spot)

    def _spot(self, rule: Rule, kind: str, scope: str, zone: str, points: tuple[str, ...]) -> int:
        condition = rule.when.model_dump_json(exclude_none=True)
        digest = hashlib.sha256(f"{condition}|{rule.for_}|{rule.clear_after}".encode()).hexdigest()[:12]
        self.spots.append(
            Spot(
                rule.id, scope, zone, kind, _ms(rule.for_), _ms(rule.clear_after), points, f"{rule.id}|{scope}|{digest}"
            )
        )
        return len(self.spots) - 1

    def _add_at_point(self, rule: Rule, point: Point, spot: int) -> None:
        when, index = rule.when, self.index[point.id]
        limits = limits_of(when)
        if when.stale is not None:
            self.silences.append(Silence(index, spot, silence_limit_ms(when.stale.for_, point.every_s)))
        elif when.event is not None:
            self.counts.append(Count(index, spot, when.event.type, when.event.count, _ms(when.event.within)))
        elif limits is None:
            kind = when.kind if when.deviation is None else when.deviation.baseline
            self.at_points.setdefault(kind, []).append(At(index, spot, getattr(when, when.kind), _ms(point.every_s)))
        else:
            self.bindings.append(Binding(index, spot, limits))
            if when.sequence is not None:
                self.guards.append((spot, rule, point))

    def _add_vote(self, rule: Rule, points: list[Point]) -> None:
        vote, limits = rule.when.vote, limits_of(rule.when)
        assert vote is not None
        assert limits is not None
        by_scope: dict[str, list[Point]] = {}
        for point in points:
            by_scope.setdefault(point.zone if vote.per == "zone" else self.site.id, []).append(point)
        for scope, members in by_scope.items():
            spot = self._spot(rule, "vote", scope, members[0].zone, tuple(p.id for p in members))
            self.bindings += [Binding(self.index[p.id], spot, limits) for p in members]
            self.groups.append((spot, rule, members))

    def build(self) -> Compiled:
        bindings = sorted(self.bindings, key=lambda b: b.point)
        place = {(b.spot, b.point): i for i, b in enumerate(bindings)}
        points = list(self.site.points.values())
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
        )

    def _group(self, place: dict[tuple[int, int], int], spot: int, rule: Rule, members: list[Point]) -> Group:
        vote = rule.when.vote
        assert vote is not None
        bindings = tuple(place[spot, self.index[p.id]] for p in members)
        devices, zones = tuple(p.device for p in members), tuple(p.zone for p in members)
        return Group(spot, vote.at_least, _ms(vote.within), bindings, devices, zones)

    def _guard(self, place: dict[tuple[int, int], int], spot: int, rule: Rule, point: Point) -> Guard:
        sequence = rule.when.sequence
        assert sequence is not None
        return Guard(place[spot, self.index[point.id]], point.device, sequence.unless, _ms(sequence.within))


def compile_rules(site: Site) -> Compiled:
    """The conditions of every rule of the site."""
    builder = _Builder(site)
    for rule in site.file.rules:
        builder.add(rule)
    return builder.build()
