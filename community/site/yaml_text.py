"""YAML text into plain data and the place of every part of it.

Scalars are resolved by the core schema of YAML 1.2, so that `on`, `yes`, `22:30` and dates stay what was written.
"""

import re
from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str | int, ...]
Data = Any
"""dict, list, str, int, float, bool or None."""

MOST_PARTS = 500_000
_INT = re.compile(r"^[-+]?[0-9]+$")
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_PLAIN = {"": None, "null": None, "Null": None, "NULL": None, "~": None}
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Line and column in a text, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class YamlProblem:
    """Why a text is no YAML we read, and where."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Document:
    """Data, where each part of it stands, and what is wrong with the text as YAML."""

    data: Data
    places: dict[Path, Place]
    keys: dict[Path, Place]
    problems: tuple[YamlProblem, ...]

    def place_of(self, path: Path) -> Place:
        """Where `path` stands, or the nearest part around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(1, 1))


def parse(text: str) -> Document:
    """The document in `text`; problems are told, not raised."""
    problems: list[YamlProblem] = []
    places: dict[Path, Place] = {}
    keys: dict[Path, Place] = {}
    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        return Document(None, {}, {}, (YamlProblem(place, _sentence(error, text, place)),))
    except yaml.YAMLError as error:
        return Document(None, {}, {}, (YamlProblem(Place(1, 1), f"this text cannot be read as YAML: {error}"),))

    within: set[int] = set()

    def build(node: yaml.Node, path: Path) -> Data:
        place = Place(node.start_mark.line + 1, node.start_mark.column + 1)
        if id(node) in within or len(places) > MOST_PARTS:
            why = "this contains itself" if id(node) in within else f"more than {MOST_PARTS} parts"
            problems.append(YamlProblem(place, f"{why}; write it out without the alias"))
            return None
        places[path] = place
        within.add(id(node))
        try:
            return value_of(node, path)
        finally:
            within.discard(id(node))

    def value_of(node: yaml.Node, path: Path) -> Data:
        if isinstance(node, yaml.SequenceNode):
            return [build(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return mapping(node, path)
        assert isinstance(node, yaml.ScalarNode)
        return scalar(node)

    def mapping(node: yaml.MappingNode, path: Path) -> dict[str, Data]:
        built: dict[str, Data] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            place = Place(key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if key in built:
                first = keys[*path, key]
                problems.append(YamlProblem(place, f"'{key}' stands here twice (first in line {first.line}); keep one"))
                continue
            keys[*path, key] = place
            built[key] = build(value_node, (*path, key))
        return built

    data = None if root is None else build(root, ())
    return Document(data, places, keys, tuple(problems))


def scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    """A scalar by YAML 1.2; what is quoted is text."""
    text = str(node.value)
    if node.style in {"'", '"', "|", ">"}:
        return text
    if text in _PLAIN:
        return _PLAIN[text]
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def _sentence(error: yaml.MarkedYAMLError, text: str, place: Place) -> str:
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if "\t" in line[: place.column + 1]:
        return "a tab stands here; indent with spaces"
    context = f" {error.context}" if error.context else ""
    return f"this is not YAML: {error.problem}{context}; look at the quotes, colons and indentation around here"
