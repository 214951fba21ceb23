"""Which outputs a plan's step commands, and to what."""

from community.activations import Switching
from community.site.site import Point, Site


def outputs_of(site: Site, do: Switching | None, zone: str) -> tuple[tuple[str, float], ...]:
    """Points and values for a machine step of a plan activated in `zone`.

    A point stands for itself; a kind (`egress-lock`) for every output of that kind in the zone's whole building:
    people leave through all of it. `safe` is the output's own safe state. Nothing for a step without
    `do`, or in a zone the site does not have: such a step fails and becomes the commander's.
    """
    if do is None:
        return ()
    found = _named(site, do.set) or _of_kind(site, do.set, zone)
    return tuple((point.id, _value(do, point)) for point in found)


def _named(site: Site, name: str) -> list[Point]:
    point = site.points.get(name)
    return [point] if point is not None and point.output is not None else []


def _of_kind(site: Site, kind: str, zone: str) -> list[Point]:
    if zone not in site.zones:
        return []  # the site file no longer has the place a plan was activated in
    building = site.building_of(zone)
    return [
        point
        for point in site.points.values()
        if point.output is not None and point.output.kind == kind and building == site.building_of(point.zone)
    ]


def _value(wanted: Switching, point: Point) -> float:
    assert point.output is not None
    return float(point.output.safe if wanted.to == "safe" else wanted.to)
