"""A device that announces itself and is not in the site file: which profile reads it, and the lines to paste. Pure.

Nothing is adopted here: a person pastes the lines and says where the device is, and `anju check` reads them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from community.site.adoption_text import device_row, profile_draft, slug
from community.site.announced import Announced
from community.site.profile import Lane, Profile
from community.site.site import Site
from community.site.topics import Topics

_SUFFIXES = ("/SENSOR", "/send")
"""What some formats let a site file leave out of the topic."""
_FILL = "fill"


class Match(StrEnum):
    """Why a profile is proposed, the surest first."""

    MODEL = "model"
    """The device says that it is the profile's product."""
    NAME = "name"
    """A text people chose (its name, the name of its device profile) says so."""
    VALUES = "values"
    """None is made for it, but one reads what it announces."""
    DRAFT = "draft"
    """None reads it; one was drafted from what it announces."""
    NONE = "none"
    """It announces nothing a profile could be made of."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """How to take a device up. `change`: keys of the row only a person knows, where it hangs and how deep a bin is."""

    match: Match
    profile: str | None = None
    product: str = ""
    row: str | None = None
    """YAML to paste below `devices:` of the gateway; passes `anju check` as it is."""
    draft: str | None = None
    """YAML of a profile for a file in the folder of ANJU_PROFILES, without which the row is refused."""
    unread: tuple[str, ...] = ()
    """What the device announces and the profile does not read."""
    change: tuple[str, ...] = ()


class KnownTopics:
    """The topics devices of a site speak on; those of its other gateways too."""

    def __init__(self, site: Site) -> None:
        self._topics = Topics[str]()
        for device in site.devices.values():
            if device.mqtt is not None:
                self._topics.add(_base(device.mqtt.topic), device.id)

    def __contains__(self, topic: object) -> bool:
        return self._topics.overlapping(_base(str(topic))) is not None


def _base(topic: str) -> str:
    for suffix in _SUFFIXES:
        topic = topic.removesuffix(suffix)
    return topic


def propose(found: Iterable[Announced], site: Site, gateway: str, zone: str | None = None) -> list[Proposal]:
    """A proposal for each, in order; ids are new to the site and to each other.

    `zone` is where they are put; unset: where the gateway's first device is, which is a guess and said so.
    """
    taken = set(site.devices)
    place = zone or _likely_zone(site, gateway)
    return [_propose(one, site, place, taken) for one in found]


def _likely_zone(site: Site, gateway: str) -> str:
    row = site.gateways.get(gateway)
    return row.devices[0].zone if row is not None and row.devices else next(iter(site.zones))


def _propose(one: Announced, site: Site, zone: str, taken: set[str]) -> Proposal:
    match, profile = best_profile(one, site.profiles)
    draft = None
    if profile is None:
        drafted = profile_draft(one, site.profiles)
        if drafted is None:
            return Proposal(Match.NONE, unread=_paths(one))
        match, draft, name, product, fill = Match.DRAFT, drafted.text, drafted.id, drafted.product, False
        unread: tuple[str, ...] = drafted.left_out
    else:
        name, product, fill = profile.id, profile.product, _FILL in profile.measures
        read = {measure.path or key for key, measure in profile.measures.items()}
        unread = tuple(path for path in _paths(one) if path not in read)
    identifier = _new_id(one, name, taken)
    taken.add(identifier)
    row = device_row(one, identifier=identifier, profile=name, zone=zone, fill=fill)
    return Proposal(match, name, product, row, draft, unread, ("zone", *(["bin"] if fill else [])))


def _paths(one: Announced) -> tuple[str, ...]:
    return (*(value.path for value in one.values), *one.unreadable)


def best_profile(one: Announced, profiles: Mapping[str, Profile]) -> tuple[Match, Profile | None]:
    """The profile that reads the device, of those for its decoder, and how sure that is."""
    same = [profile for profile in profiles.values() if profile.decoder.replace("-", "_") == one.decoder]
    for match, text in ((Match.MODEL, one.model), (Match.NAME, f"{one.name} {one.about}")):
        named = [(len(model), profile) for profile in same for model in profile.models if _says(text, model)]
        if named:
            return match, max(named, key=lambda row: row[0])[1]
    paths = {value.path for value in one.values}
    fitting = [profile for profile in same if profile.fits and paths.issuperset(profile.fits)]
    # What calls for help counts before comfort: a smoke detector that tells the temperature too stays one.
    best = max(fitting, key=lambda profile: (_urgent(profile), len(profile.fits)), default=None)
    return (Match.NONE, None) if best is None else (Match.VALUES, best)


def _urgent(profile: Profile) -> bool:
    return any(row.lane is Lane.URGENT for key, row in profile.measures.items() if (row.path or key) in profile.fits)


def _says(text: str, model: str) -> bool:
    """Whether a text names a model, however its parts are joined: EM310-UDL, EM310 UDL, em310udl."""
    parts = r"[-_ ]?".join(re.escape(part) for part in re.split(r"[-_ ]", model.casefold()) if part)
    return bool(parts) and re.search(rf"(?<![a-z0-9]){parts}(?![a-z0-9])", text.casefold()) is not None


def _new_id(one: Announced, profile: str, taken: set[str]) -> str:
    """Of its name, else of its topic; a mere number (of 垃圾桶 3, say) stands behind the product's."""
    levels = [level for level in one.topic.split("/") if level not in ("+", "event", "up", "SENSOR", "state", "")]
    base = slug(one.name) or (slug(levels[-1]) if levels else "") or "device"
    if base.isdigit():
        base = f"{profile[:40]}-{base}"
    number, identifier = 1, base
    while identifier in taken:
        number += 1
        identifier = f"{base[:58]}-{number}"
    return identifier
