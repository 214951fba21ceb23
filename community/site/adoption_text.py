"""The lines of YAML that take a device up: its row in the site file, and a profile where there is none."""

import json
import re
import unicodedata
from collections.abc import Container, Iterator
from typing import NamedTuple

from community.site.announced import Announced, AnnouncedValue

BIN_MM = 1000
INDENT = " " * 6
"""Where the rows of `devices:` stand in a site file."""
_LONGEST = 60
_PLAIN = re.compile(r"(?!(?:true|false|yes|no|on|off|null|y|n)$)[A-Za-z][A-Za-z0-9/_.+-]*", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9]+")
_CALLS = (
    "smoke",
    "fire",
    "gas",
    "monoxide",
    "leak",
    "flood",
    "tamper",
    "sos",
    "emergency",
    "panic",
    "intrusion",
    "alarm",
)
"""Words of values that must not wait: their lane is urgent."""
_FAMILIES = (
    ("fire", ("smoke", "fire", "gas", "monoxide", "heat")),
    ("access", ("door", "contact", "window", "lock", "motion", "occupancy", "presence")),
    ("waste", ("fill", "distance", "bin")),
)
_SYSTEM = ("battery", "voltage", "linkquality", "rssi", "snr", "signal", "online")


class Draft(NamedTuple):
    """A profile made of what a device announces. `left_out`: what it announces and no profile can read."""

    id: str
    product: str
    text: str
    left_out: tuple[str, ...]


def slug(text: str) -> str:
    """An id of a text; empty where it has no letter or digit of ASCII."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "-".join(_WORD.findall(plain))[:_LONGEST].rstrip("-")


def quoted(text: str) -> str:
    """A text as YAML reads it back."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def device_row(one: Announced, *, identifier: str, profile: str, zone: str, fill: bool) -> str:
    """The row, with a remark on what only somebody who stands there knows."""
    parts = [f"id: {quoted(identifier)}", f"profile: {quoted(profile)}", f"zone: {quoted(zone)}"]
    if one.name and slug(one.name) != one.name:
        parts.append(f"name: {{zh: {json.dumps(one.name, ensure_ascii=False)}}}")
    parts.append(f"mqtt: {{topic: {quoted(one.topic)}}}")
    remark = "zone: 改为所在区域 / say where it is"
    if fill:
        parts.append(f"bin: {{depth_mm: {BIN_MM}, dead_zone_mm: 0}}")
        remark += "; bin: 量桶深 / measure the bin"
    return f"{INDENT}- {{{', '.join(parts)}}}  # {remark}"


def profile_draft(one: Announced, known: Container[str]) -> Draft | None:
    """A profile for the installer to look through; None when the device announces no value that can be read."""
    if not one.values:
        return None
    base = slug(f"{one.maker} {one.model}") or slug(one.name) or slug(one.topic) or "device"
    identifier = base if base not in known else f"{base[:56]}-own"
    product = one.model or one.name or one.topic
    lines = [
        f"# Drafted from what the device announces ({one.source}): look through units, ranges, lanes and intervals.",
        f"id: {quoted(identifier)}",
        f"product: {json.dumps(product, ensure_ascii=False)}",
        f"maker: {json.dumps(one.maker or 'unknown', ensure_ascii=False)}",
        f"source: {json.dumps(f'announced by {one.source} for {one.topic}', ensure_ascii=False)}",
        f"family: {_family(one.values)}",
        f"decoder: {one.decoder}",
        "every: 1h",
        "measures:",
        *_measures(one),
    ]
    return Draft(identifier, product, "\n".join(lines) + "\n", one.unreadable)


def _measures(one: Announced) -> Iterator[str]:
    taken: set[str] = set()
    for value in one.values:
        words = value.name or value.path
        base = slug(value.path.rpartition(".")[2]) or slug(words) or "value"
        identifier, number = base, 1
        while identifier in taken:
            number += 1
            identifier = f"{base[:58]}-{number}"
        taken.add(identifier)
        text = json.dumps(words, ensure_ascii=False)
        parts = [f"name: {{zh: {text}, en: {text}}}"]
        if value.boolean:
            parts.append("kind: boolean")
        if value.unit:
            parts.append(f"unit: {json.dumps(value.unit, ensure_ascii=False)}")
        if value.boolean and any(word in identifier for word in _CALLS):
            parts.append("lane: urgent")
        if any(word in identifier for word in _SYSTEM):
            parts.append("family: system")
        parts.append(f"path: {json.dumps(value.path, ensure_ascii=False)}")
        yield f"  {quoted(identifier)}: {{{', '.join(parts)}}}"


def _family(values: tuple[AnnouncedValue, ...]) -> str:
    text = " ".join(slug(value.path) for value in values)
    return next((family for family, words in _FAMILIES if any(word in text for word in words)), "environment")
