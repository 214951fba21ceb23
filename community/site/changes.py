"""What is different between two versions of a site file, row by row and key by key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from community.site.model import SiteFile

MOST_TOLD = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is new, gone, or different in one key. Values are as JSON has them; None: not given."""

    section: str
    """`rules`, `zones`, `devices`, …"""
    row: str
    """Its id; of a section that is no list, empty."""
    what: Literal["added", "removed", "changed"]
    key: str = ""
    before: Any = None
    after: Any = None


def differences(before: SiteFile, after: SiteFile) -> list[Difference]:
    """All differences, in the order of the sections; at most `MOST_TOLD`."""
    old, new = _rows(before), _rows(after)
    found: list[Difference] = []
    for section in dict.fromkeys((*old, *new)):
        was, now = old.get(section, {}), new.get(section, {})
        found += [Difference(section, row, "removed") for row in was if row not in now]
        for row, fields in now.items():
            if row not in was:
                found.append(Difference(section, row, "added"))
                continue
            for key in dict.fromkeys((*was[row], *fields)):
                one, other = was[row].get(key), fields.get(key)
                if one != other:
                    found.append(Difference(section, row, "changed", key, one, other))
    return found[:MOST_TOLD]


def _rows(file: SiteFile) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Every row by section and id."""
    document = file.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for section, value in document.items():
        if not isinstance(value, list):
            found[section] = {"": value if isinstance(value, dict) else {section: value}}
            continue
        for number, row in enumerate(value):
            for where, identifier, fields in _flat(section, row, number):
                found.setdefault(where, {})[identifier] = fields
    return found


_INNER = {"gateways": "devices", "zones": "zones"}
"""Rows with rows of their own: those are told by themselves."""


def _flat(section: str, row: Mapping[str, Any], number: int) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    inner = _INNER.get(section)
    yield section, str(row.get("id", number + 1)), {key: value for key, value in row.items() if key != inner}
    for place, child in enumerate(row.get(inner, ()) if inner else ()):
        yield from _flat(inner or section, child, place)
