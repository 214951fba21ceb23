"""A loaded site: the file's rows with every point resolved against its device's profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import msgspec

from community.site.conditions import Select
from community.site.devices import Device, Gateway, Output
from community.site.model import SiteFile, Zone
from community.site.plans import Plan
from community.site.profile import Family, Lane, Measure, Profile, ValueKind
from community.site.selection import Selection
from community.text import Text


class Point(msgspec.Struct, frozen=True):
    """One measured or commanded value: `{device}.{measure}`, unique in its site."""

    id: str
    device: str
    measure: str
    zone: str
    gateway: str
    name: Text
    unit: str
    family: Family
    kind: ValueKind
    lane: Lane
    low: float | None
    high: float | None
    every_s: float
    output: Output | None
    tags: tuple[str, ...]
    states: Mapping[str, Text]


@dataclass(frozen=True)
class Site:
    """What every service gets: rows by id, points, and the zone tree flattened."""

    file: SiteFile
    profiles: Mapping[str, Profile]
    points: Mapping[str, Point]
    """By id, in the file's order: gateway, device, measure."""
    devices: Mapping[str, Device]
    gateways: Mapping[str, Gateway]
    zones: Mapping[str, Zone]
    plans: Mapping[str, Plan]
    zone_parent: Mapping[str, str | None]
    digest: str
    """SHA-256 of the file's text: tells one version of the site from another."""

    @property
    def id(self) -> str:
        """The site's id."""
        return self.file.site.id

    @property
    def names_people(self) -> bool:
        """Whether card numbers and names are passed on as readers say them, and not as pseudonyms."""
        return self.file.site.personal_data == "as-read"

    def zone_path(self, zone: str) -> tuple[str, ...]:
        """`zone` and all it lies in, innermost first."""
        path = [zone]
        while (parent := self.zone_parent[path[-1]]) is not None:
            path.append(parent)
        return tuple(path)

    def building_of(self, zone: str) -> str:
        """The outermost zone `zone` lies in."""
        return self.zone_path(zone)[-1]

    def selected(self, select: Select) -> list[Point]:
        """The points a rule or an interlock selects, in the file's order."""
        points = list(self.points.values())
        return [points[place] for place in self.selection.places(select)]

    @cached_property
    def selection(self) -> Selection:
        """Finds points by what rules select them by; places are those of `points`."""
        return Selection(list(self.points.values()), {zone: self.zone_path(zone) for zone in self.zones})

    @cached_property
    def points_of_gateway(self) -> Mapping[str, tuple[Point, ...]]:
        """The points each gateway reads."""
        grouped: dict[str, list[Point]] = {gateway: [] for gateway in self.gateways}
        for point in self.points.values():
            grouped[point.gateway].append(point)
        return {gateway: tuple(points) for gateway, points in grouped.items()}


def measure_of(site: Site, point: Point) -> Measure:
    """The profile row a point comes from."""
    return site.profiles[site.devices[point.device].profile].measures[point.measure]
