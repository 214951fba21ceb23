"""Which points a `select` means, found by an index: thousands of rules select among a hundred thousand points."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from community.site.conditions import Select
from community.site.rules import Override, Rule


@dataclass(frozen=True, slots=True)
class Entry:
    """What can be asked of a point."""

    id: str
    device: str
    measure: str
    zone: str
    family: str
    tags: frozenset[str]


class Selection:
    """Finds points; places are those of `entries`."""

    def __init__(self, entries: Sequence[Entry], zone_paths: Mapping[str, tuple[str, ...]]) -> None:
        self._entries = entries
        self._zone_paths = zone_paths
        self._by: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, entry in enumerate(entries):
            for key in (
                ("point", entry.id),
                ("device", entry.device),
                ("measure", entry.measure),
                ("family", entry.family),
            ):
                self._by[key].append(place)
            for tag in entry.tags:
                self._by["tag", tag].append(place)
            for zone in zone_paths.get(entry.zone, ()):
                self._by["zone", zone].append(place)

    def places(self, select: Select) -> list[int]:
        """Where the selected points are, in order: all that is given matches, a zone means its subtree."""
        given = _given(select)
        if not given:
            return [place for place in range(len(self._entries)) if not self._excepted(select, place)]
        key, words = min(given, key=lambda row: sum(len(self._by.get((row[0], word), ())) for word in row[1]))
        found = {place for word in words for place in self._by.get((key, word), ())}
        others = [row for row in given if row[0] != key]
        return [place for place in sorted(found) if self._has(place, others) and not self._excepted(select, place)]

    def matches(self, select: Select, place: int) -> bool:
        """Whether the point there is selected."""
        return self._has(place, _given(select)) and not self._excepted(select, place)

    def nearness(self, select: Select, place: int) -> tuple[int, int, int]:
        """How near a row that matches the point stands to it: by point, device, innermost zone, then by its keys."""
        path = self._zone_paths.get(self._entries[place].zone, ())
        depth = max((len(path) - path.index(zone) for zone in select.zone if zone in path), default=0)
        rank = 3 if select.point else 2 if select.device else 1 if select.zone else 0
        return rank, depth, len(_given(select))

    def _has(self, place: int, given: Iterable[tuple[str, Sequence[str]]]) -> bool:
        entry = self._entries[place]
        for key, words in given:
            if key == "zone":
                path = self._zone_paths.get(entry.zone, ())
                if not any(word in path for word in words):
                    return False
            elif key == "tag":
                if entry.tags.isdisjoint(words):
                    return False
            elif getattr(entry, "id" if key == "point" else key) not in words:
                return False
        return True

    def _excepted(self, select: Select, place: int) -> bool:
        return bool(select.except_) and any(self.matches(row, place) for row in select.except_)


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
