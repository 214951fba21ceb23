"""A site file's text into a `Site`, or every mistake in it."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from pydantic import ValidationError

from community.site.checks import check, check_mended
from community.site.devices import Device, Gateway
from community.site.mend import mend
from community.site.model import SiteFile, Zone
from community.site.problems import Problem, SiteErrors, of_validation
from community.site.profile import Measure, Profile
from community.site.profile_file import load_profiles
from community.site.site import Point, Site
from community.site.yaml_text import parse
from community.text import Text

OUTPUT_STATES = {
    "egress-lock": {"0": Text(zh="解锁", en="Unlocked"), "1": Text(zh="上锁", en="Locked")},
    "siren": {"0": Text(zh="静音", en="Silent"), "1": Text(zh="鸣响", en="Sounding")},
    "pump": {"0": Text(zh="停止", en="Stopped"), "1": Text(zh="运行", en="Running")},
    "fan": {"0": Text(zh="停止", en="Stopped"), "1": Text(zh="运行", en="Running")},
    "barrier": {"0": Text(zh="抬杆", en="Open"), "1": Text(zh="落杆", en="Closed")},
}
"""What 0 and 1 mean for what a relay switches, in the words of the person who looks at it."""

__all__ = ["Problem", "SiteErrors", "check_text", "load_profiles", "load_site", "text_digest"]


def load_site(text: str, profiles: Mapping[str, Profile], name: str = "site.yaml") -> Site:
    """The site `text` describes.

    Raises:
        SiteErrors: with every problem of the text, as `name:line:column: sentence`.
    """
    file = _checked(text, profiles, name)
    return _resolve(file, profiles, text_digest(text))


def text_digest(text: str) -> str:
    """What tells one version of a site file from another: SHA-256 of its text."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_text(text: str, profiles: Mapping[str, Profile], name: str = "site.yaml") -> tuple[Problem, ...]:
    """Every problem of a site file's text; none when it can be loaded."""
    try:
        load_site(text, profiles, name)
    except SiteErrors as errors:
        return errors.problems
    return ()


def _checked(text: str, profiles: Mapping[str, Profile], name: str) -> SiteFile:
    document = parse(text)
    problems = [Problem(name, p.place.line, p.place.column, p.message) for p in document.problems]
    if not isinstance(document.data, dict):
        missing = [Problem(name, 1, 1, "a site file is a mapping with the keys site, zones, gateways, rules, …")]
        raise SiteErrors(problems or missing)
    file = None
    try:
        file = SiteFile.model_validate(document.data)
        problems += check(file, profiles, document, name)
    except ValidationError as error:
        problems += of_validation(error, document, name, SiteFile)
        if (mended := mend(document, error)) is not None:
            problems += check_mended(mended, profiles, name)
    if problems or file is None:
        raise SiteErrors(problems)
    return file


def _resolve(file: SiteFile, profiles: Mapping[str, Profile], digest: str) -> Site:
    zones: dict[str, Zone] = {}
    parents: dict[str, str | None] = {}

    def walk(zone: Zone, parent: str | None) -> None:
        zones[zone.id] = zone
        parents[zone.id] = parent
        for inner in zone.zones:
            walk(inner, zone.id)

    for zone in file.zones:
        walk(zone, None)
    devices = {device.id: device for gateway in file.gateways for device in gateway.devices}
    points = {
        point.id: point
        for gateway in file.gateways
        for device in gateway.devices
        for point in _points(gateway, device, profiles[device.profile])
    }
    return Site(
        file=file,
        profiles=MappingProxyType(dict(profiles)),
        points=MappingProxyType(points),
        devices=MappingProxyType(devices),
        gateways=MappingProxyType({gateway.id: gateway for gateway in file.gateways}),
        zones=MappingProxyType(zones),
        plans=MappingProxyType({plan.id: plan for plan in file.plans}),
        zone_parent=MappingProxyType(parents),
        digest=digest,
    )


def _points(gateway: Gateway, device: Device, profile: Profile) -> list[Point]:
    return [_point(gateway, device, profile, measure, row) for measure, row in profile.measures.items()]


def _point(gateway: Gateway, device: Device, profile: Profile, measure: str, row: Measure) -> Point:
    output = device.outputs.get(measure)
    return Point(
        id=f"{device.id}.{measure}",
        device=device.id,
        measure=measure,
        zone=device.zones.get(measure, device.zone),
        gateway=gateway.id,
        name=device.names.get(measure) or (output.name if output and output.name else row.name),
        unit=row.unit,
        family=row.family or profile.family,
        kind=row.kind,
        lane=row.lane,
        low=row.low,
        high=row.high,
        every_s=row.every or device.every or profile.every,
        output=output,
        tags=(*device.tags, *(tag for tag in row.tags if tag not in device.tags)) if device.tags else row.tags,
        states=MappingProxyType(OUTPUT_STATES.get(output.kind, row.states) if output else row.states),
    )
