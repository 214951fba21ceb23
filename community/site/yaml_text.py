"""YAML text into plain data and the place of every part of it.

Scalars are resolved by the core schema of YAML 1.2, so that `on`, `yes`, `22:30` and dates stay what was written.
"""

import math
import re
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

Path = tuple[str | int, ...]
Data = Any
"""dict, list, str, int, float, bool or None."""

MOST_PARTS = 500_000
MOST_CHARACTERS = 8_000_000
DEEPEST = 64
"""Deeper than any site file; libyaml composes by recursion and would take the process down with it."""
_LONGEST_NUMBER = 300


class _LOADER(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Resolves nothing: that is a third of the time of reading, and `scalar` does it by the newer YAML."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


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


class _TooMuchError(Exception):
    def __init__(self, problem: YamlProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def parse(text: str) -> Document:
    """The document in `text`; problems are told, not raised."""
    problems: list[YamlProblem] = []
    places: dict[Path, Place] = {}
    keys: dict[Path, Place] = {}
    if len(text) > MOST_CHARACTERS:
        return _unread(Place(1, 1), f"this text is longer than {MOST_CHARACTERS} characters; it is no site file")
    if (deep := _too_deep(text)) is not None:
        return _unread(deep, f"more than {DEEPEST} levels inside each other; close the brackets before this one")
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        return _unread(place, _sentence(error, text, place))
    except yaml.reader.ReaderError as error:
        character = error.character if isinstance(error.character, str) else chr(error.character)
        place = _place_at(text, max(0, text.find(character)))
        return _unread(place, f"the character U+{ord(character):04X} cannot stand here; delete it")
    except yaml.YAMLError as error:
        return _unread(Place(1, 1), f"this text cannot be read as YAML: {error}")

    within: set[int] = set()

    def build(node: yaml.Node, path: Path) -> Data:
        place = Place(node.start_mark.line + 1, node.start_mark.column + 1)
        if len(places) > MOST_PARTS:
            raise _TooMuchError(
                YamlProblem(place, f"more than {MOST_PARTS} parts; write it without aliases of aliases")
            )
        if id(node) in within:
            problems.append(YamlProblem(place, "this contains itself; write it out without the alias"))
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
            place = Place(key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                problems.append(YamlProblem(place, "a key is a word, not a list or a mapping; look at the braces here"))
                continue
            key = str(key_node.value)
            if key in built:
                first = keys[*path, key]
                problems.append(YamlProblem(place, f"'{key}' stands here twice (first in line {first.line}); keep one"))
                continue
            keys[*path, key] = place
            built[key] = build(value_node, (*path, key))
        return built

    try:
        data = None if root is None else build(root, ())
    except _TooMuchError as error:
        return Document(None, {}, {}, (error.problem,))
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
    if len(text) <= _LONGEST_NUMBER and _INT.match(text):
        return int(text)
    if _FLOAT.match(text) and math.isfinite(number := float(text)):
        return number
    return text


def _unread(place: Place, message: str) -> Document:
    return Document(None, {}, {}, (YamlProblem(place, message),))


def _too_deep(text: str) -> Place | None:
    """Where the nesting passes the limit; None also where the text is no YAML, which composing will tell."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > DEEPEST:
                    mark = event.start_mark
                    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return None
    return None


def _place_at(text: str, position: int) -> Place:
    before = text[:position]
    return Place(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _sentence(error: yaml.MarkedYAMLError, text: str, place: Place) -> str:
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if "\t" in line[: place.column + 1]:
        return "a tab stands here; indent with spaces"
    context = f"{error.context}, " if error.context else ""
    return f"this is not YAML: {context}{error.problem}; look at the quotes, colons and indentation around here"
