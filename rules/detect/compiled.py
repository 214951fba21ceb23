"""A site's rules as the engine takes them: conditions at their scopes, and what each watches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from community.site.calendar import Hours
from community.site.profile import Lane
from rules.detect.limits import Limits
from rules.detect.model import Index


class Spot(msgspec.Struct, frozen=True):
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
    part: bool = False
    """It is only a part of another: nothing is raised by it."""
    watched: bool = False
    """Others are made of it."""
    composed: bool = False
    """It is made of others."""


class Binding(msgspec.Struct, frozen=True):
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


class Silence(msgspec.Struct, frozen=True):
    """A point that must not be silent longer than `limit_ms`."""

    point: int
    spot: int
    limit_ms: int


class Count(msgspec.Struct, frozen=True):
    """`count` events of a type at a point within a window."""

    point: int
    spot: int
    type: str
    count: int
    within_ms: int


Tree = int | tuple[str, tuple["Tree", ...]]
"""A spot, or `all`, `any` or `not` of trees."""


@dataclass(frozen=True, slots=True)
class Composite:
    """A spot made of others. It stands after those it is made of."""

    spot: int
    tree: Tree
    inputs: tuple[int, ...]
    hours: Hours | None
    """When it holds; None: always."""
    zone: str
    points: tuple[str, ...]


class At(msgspec.Struct, frozen=True):
    """A condition of one of `rules.detect.kinds` at a point; `when` is its kind's row of the site file."""

    point: int
    spot: int
    when: Any
    every_ms: int


class Source(NamedTuple):
    """Where readings come from, in the order they were made: one lane of a gateway."""

    gateway: str
    lane: Lane


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
    composites: tuple[Composite, ...]
    sources: tuple[Source, ...]
    source_of: Index
    """The source of each point, its place in `sources`."""

    @property
    def point_index(self) -> dict[str, int]:
        """The index of each point."""
        return {point: i for i, point in enumerate(self.points)}
