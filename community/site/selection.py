"""Which points a `select` means, found by an index: thousands of rules select among a hundred thousand points."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Protocol

from community.site.conditions import Select
from community.site.rules import Override, Rule


class Selectable(Protocol):
    """What can be asked of a point."""

    @property
    def id(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def measure(self) -> str: ...
    @property
    def zone(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def tags(self) -> Collection[str]: ...


class Selection:
    """Finds points; places are those of `points`."""

    def __init__(self, points: Sequence[Selectable], zone_paths: Mapping[str, tuple[str, ...]]) -> None:
        self._points = points
        self._zone_paths = zone_paths
        self._indexes: dict[str, Mapping[str, list[int]]] = {}
        """By key of a `select`, as soon as one has it: the places of each word, in any order."""

    def places(self, select: Select) -> list[int]:
        """Where the selected points are, in order: all that is given matches, a zone means its subtree."""
        given = _given(select)
        if not given:
            return [place for place in range(len(self._points)) if not self._excepted(select, place)]
        sizes = {key: sum(len(self._index(key).get(word, ())) for word in words) for key, words in given}
        least = min(given, key=lambda row: sizes[row[0]])
        index = self._index(least[0])
        found = sorted({place for word in least[1] for place in index.get(word, ())})
        found = self._kept(found, [row for row in given if row is not least])
        return [place for place in found if not self._excepted(select, place)] if select.except_ else found

    def matches(self, select: Select, place: int) -> bool:
        """Whether the point there is selected."""
        return bool(self._kept([place], _given(select))) and not self._excepted(select, place)

    def nearness(self, select: Select, place: int) -> tuple[int, int, int]:
        """How near a row that matches the point stands to it: by point, device, innermost zone, then by its keys."""
        path = self._zone_paths.get(self._points[place].zone, ())
        depth = max((len(path) - path.index(zone) for zone in select.zone if zone in path), default=0)
        rank = 3 if select.point else 2 if select.device else 1 if select.zone else 0
        return rank, depth, len(_given(select))

    def _kept(self, places: list[int], given: Iterable[tuple[str, Collection[str]]]) -> list[int]:
        """Those of some places whose points match all that is given."""
        points, paths = self._points, self._zone_paths
        for key, words in given:
            wanted = frozenset(words)
            if key == "zone":
                places = [p for p in places if not wanted.isdisjoint(paths.get(points[p].zone, ()))]
            elif key == "tag":
                places = [p for p in places if not wanted.isdisjoint(points[p].tags)]
            else:
                word_of = attrgetter(_ATTRIBUTE.get(key, key))
                places = [p for p in places if word_of(points[p]) in wanted]
        return places

    def _excepted(self, select: Select, place: int) -> bool:
        return bool(select.except_) and any(self.matches(row, place) for row in select.except_)

    def _index(self, key: str) -> Mapping[str, list[int]]:
        if key not in self._indexes:
            self._indexes[key] = self._indexed(key)
        return self._indexes[key]

    def _indexed(self, key: str) -> Mapping[str, list[int]]:
        index: dict[str, list[int]] = defaultdict(list)
        if key == "tag":
            for place, point in enumerate(self._points):
                for tag in point.tags:
                    index[tag].append(place)
            return index
        word_of = attrgetter(_ATTRIBUTE.get(key, key))
        for place, point in enumerate(self._points):
            index[word_of(point)].append(place)
        return self._with_outer(index) if key == "zone" else index

    def _with_outer(self, inside: Mapping[str, list[int]]) -> Mapping[str, list[int]]:
        """The places of each zone and of all in it."""
        index: dict[str, list[int]] = defaultdict(list)
        for zone, places in inside.items():
            for outer in self._zone_paths.get(zone, ()):
                index[outer] += places
        return index


_ATTRIBUTE = {"point": "id"}
"""Of a point, for a key of a `select` that is called otherwise."""


def _given(select: Select) -> list[tuple[str, Sequence[str]]]:
    rows = (
        ("point", select.point),
        ("device", select.device),
        ("measure", select.measure),
        ("tag", select.tag),
        ("zone", select.zone),
        ("family", select.family),
    )
    return [(key, words) for key, words in rows if words]


def overrides_at(rule: Rule, selection: Selection, places: Sequence[int]) -> tuple[int, ...]:
    """The overrides of a rule that hold for all of some points, the farthest first: later ones go over earlier."""
    if not rule.overrides:
        return ()
    holding = [
        (max(selection.nearness(row.select, place) for place in places), number)
        for number, row in enumerate(rule.overrides)
        if all(selection.matches(row.select, place) for place in places)
    ]
    return tuple(number for _, number in sorted(holding))


def overridden(rule: Rule, numbers: Iterable[int]) -> Rule:
    """The rule with the keys of some of its overrides, in that order. Keys of a condition are taken one by one."""
    for number in numbers:
        rule = _over(rule, rule.overrides[number])
    return rule


def _over(rule: Rule, row: Override) -> Rule:
    changed = {key: getattr(row, key) for key in row.model_fields_set if key not in {"select", "when"}}
    if row.when is not None:
        keys = row.when.model_fields_set
        changed["when"] = rule.when.model_copy(update={key: getattr(row.when, key) for key in keys})
    return rule.model_copy(update=changed)
