"""A site file as the checks see it: its tables by id, its points, and the words for what is not there."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeVar

import msgspec

from community.site.calendar import calendar_names
from community.site.conditions import Condition, Part, Select
from community.site.devices import Device, Output
from community.site.model import SiteFile, Zone
from community.site.plans import Plan
from community.site.problems import suggestion
from community.site.profile import Profile, ValueKind
from community.site.rules import Rule
from community.site.selection import Selection
from community.site.yaml_text import Path

Found = Iterator[tuple[Path, str]]
"""What a check yields: where, and a sentence."""


class _Named(Protocol):
    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=_Named)


class Candidate(msgspec.Struct, frozen=True):
    """A point as the checks need it, before the site is resolved."""

    id: str
    device: str
    measure: str
    zone: str
    family: str
    kind: ValueKind
    tags: tuple[str, ...]
    every_s: float
    """The expected interval between readings."""


@dataclass(frozen=True)
class Selected:
    """The points a select means, and what conditions on them are asked for again and again."""

    points: Sequence[Candidate]

    @cached_property
    def events(self) -> "Selected":
        """Those that tell events."""
        return Selected([point for point in self.points if point.kind is ValueKind.EVENT])

    @cached_property
    def values(self) -> "Selected":
        """Those that have a value."""
        return Selected([point for point in self.points if point.kind is not ValueKind.EVENT])

    @cached_property
    def truth(self) -> Candidate | None:
        """One that says yes or no."""
        return next((point for point in self.points if point.kind is ValueKind.BOOLEAN), None)

    @cached_property
    def number(self) -> Candidate | None:
        """One that does not."""
        return next((point for point in self.points if point.kind is not ValueKind.BOOLEAN), None)

    @cached_property
    def slowest(self) -> Candidate:
        """The one that speaks most seldom."""
        return max(self.points, key=lambda point: point.every_s)


@dataclass(frozen=True)
class Subject:
    """The file and what can be said of it at once."""

    file: SiteFile
    profiles: Mapping[str, Profile]
    unsure: frozenset[str] = field(default=frozenset())
    """What was left out because of another mistake (`people.roles`): that it is missing is not told again."""

    def lost(self, keys: str) -> bool:
        """Whether something at `keys`, or all around it, was left out."""
        return any(keys == left_out or keys.startswith(f"{left_out}.") for left_out in self.unsure)

    def touched(self, keys: str) -> bool:
        """Whether something at `keys`, around it or inside it, was left out."""
        return self.lost(keys) or any(left_out.startswith(f"{keys}.") for left_out in self.unsure)

    def absent(self, path: Path, what: str, identifier: str | None) -> Found:
        """A problem when `identifier` is given and the file has no such `what`."""
        if identifier is None:
            return
        section, known = self._tables[what]
        sure = self.points_are_sure if what == "point" else not self.lost(section)
        if sure and identifier not in known:
            yield path, f"there is no {what} '{identifier}'{suggestion(identifier, known)}"

    @cached_property
    def _tables(self) -> Mapping[str, tuple[str, Collection[str]]]:
        file = self.file
        return {
            "zone": ("zones", self.zones),
            "party": ("parties", _by_id(file.parties)),
            "person": ("people", _by_id(file.people)),
            "plan": ("plans", self.plans),
            "facility": ("facilities", _by_id(file.facilities)),
            "qualification": ("qualifications", _by_id(file.qualifications)),
            "checklist": ("checklists", _by_id(file.checklists)),
            "rule": ("rules", self.rules),
            "calendar": ("calendars", calendar_names(file)),
            "device": ("gateways.devices", _by_id(device for _, device in self.devices)),
            "point": ("gateways.devices", {point.id: point for point in self.points}),
        }

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """By id."""
        return _by_id(self.file.rules)

    @cached_property
    def plans(self) -> dict[str, Plan]:
        """By id."""
        return _by_id(self.file.plans)

    @cached_property
    def zones(self) -> dict[str, tuple[str, ...]]:
        """By id: the zone and all it lies in."""
        found: dict[str, tuple[str, ...]] = {}

        def walk(zone: Zone, outer: tuple[str, ...]) -> None:
            found[zone.id] = (zone.id, *outer)
            for inner in zone.zones:
                walk(inner, found[zone.id])

        for zone in self.file.zones:
            walk(zone, ())
        return found

    @cached_property
    def devices(self) -> list[tuple[Path, Device]]:
        """Every device and its path."""
        return [
            (("gateways", g, "devices", d), device)
            for g, gateway in enumerate(self.file.gateways)
            for d, device in enumerate(gateway.devices)
        ]

    @cached_property
    def points(self) -> list[Candidate]:
        """Every point of the devices whose profile exists."""
        return [
            Candidate(
                f"{device.id}.{measure}",
                device.id,
                measure,
                device.zones.get(measure, device.zone),
                row.family or profile.family,
                row.kind,
                (*device.tags, *row.tags) if device.tags else row.tags,
                row.every or device.every or profile.every,
            )
            for _, device in self.devices
            if (profile := self.profiles.get(device.profile)) is not None
            for measure, row in profile.measures.items()
        ]

    @cached_property
    def outputs(self) -> dict[str, Output]:
        """Every declared output by its point's id."""
        return {
            f"{device.id}.{measure}": output for _, device in self.devices for measure, output in device.outputs.items()
        }

    @cached_property
    def points_are_sure(self) -> bool:
        """Whether nothing that decides which points there are, or where, is missing or wrong itself."""
        devices = [device for _, device in self.devices]
        return (
            not any(self.lost(keys) for keys in ("zones", "gateways.devices"))
            and not any(self.touched(f"gateways.devices.{key}") for key in ("zones", "tags"))
            and len({device.id for device in devices}) == len(devices)
            and all(device.profile in self.profiles for device in devices)
            and all(zone in self.zones for device in devices for zone in (device.zone, *device.zones.values()))
        )

    @cached_property
    def selection(self) -> Selection:
        """Finds points of the file; places are those of `points`."""
        return Selection(self.points, self.zones)

    def selected(self, select: Select) -> Selected:
        """The points a rule watches."""
        if select not in self._selected:
            self._selected[select] = Selected([self.points[place] for place in self.selection.places(select)])
        return self._selected[select]

    @cached_property
    def _selected(self) -> dict[Select, Selected]:
        return {}

    @cached_property
    def telling(self) -> frozenset[str]:
        """Devices that report events."""
        return frozenset(point.device for point in self.points if point.kind is ValueKind.EVENT)


def inner_parts(path: Path, when: Condition) -> Iterator[tuple[Path, Part]]:
    """The conditions directly inside one, each with its path."""
    if when.not_ is not None:
        yield (*path, "not"), when.not_
    for key in ("all", "any"):
        for place, part in enumerate(when.part(key) or ()):
            yield (*path, key, place), part


def _by_id(rows: Iterable[N]) -> dict[str, N]:
    """In the order of the file; of an id that is there twice, the first."""
    found: dict[str, N] = {}
    for row in rows:
        found.setdefault(row.id, row)
    return found
