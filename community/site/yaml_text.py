"""YAML text into plain data and the place of every part of it.

Scalars are resolved by the core schema of YAML 1.2, so that `on`, `yes`, `22:30` and dates stay what was written.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar, NamedTuple

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
_BEGINS_NUMBER = frozenset("+-.0123456789")
_WORDS = {
    **dict.fromkeys(("", "null", "Null", "NULL", "~")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_QUOTED = frozenset("'\"|>")


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


class Marks(NamedTuple):
    """Where the parts of a text and the keys of its mappings stand."""

    places: dict[Path, Place]
    keys: dict[Path, Place]


@dataclass(frozen=True)
class Document:
    """Data, what is wrong with the text as YAML, and where each part of it stands."""

    data: Data
    problems: tuple[YamlProblem, ...]
    locate: Callable[[], Marks]
    """Finds the marks: asked only where there is something to say, since it takes longer than reading."""

    @property
    def places(self) -> dict[Path, Place]:
        """Where each part stands."""
        return self._marks.places

    @property
    def keys(self) -> dict[Path, Place]:
        """Where the key of each part of a mapping stands."""
        return self._marks.keys

    @cached_property
    def _marks(self) -> Marks:
        return self.locate()

    def place_of(self, path: Path) -> Place:
        """Where `path` stands, or the nearest part around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(1, 1))


class _UnreadError(Exception):
    """The text cannot be read beyond a place."""

    def __init__(self, mark: Any, message: str) -> None:
        super().__init__(message)
        self.problem = YamlProblem(_at(mark), message)


def parse(text: str) -> Document:
    """The document in `text`; problems are told, not raised."""
    if len(text) > MOST_CHARACTERS:
        return _unread(Place(1, 1), f"this text is longer than {MOST_CHARACTERS} characters; it is no site file")
    reader = _Reader(text)
    try:
        data = reader.document()
    except _UnreadError as error:
        return _unread(error.problem.place, error.problem.message)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _at(mark) if mark else Place(1, 1)
        return _unread(place, _sentence(error, text, place))
    except yaml.reader.ReaderError as error:
        character = error.character if isinstance(error.character, str) else chr(error.character)
        place = _place_at(text, max(0, text.find(character)))
        return _unread(place, f"the character U+{ord(character):04X} cannot stand here; delete it")
    except yaml.YAMLError as error:
        return _unread(Place(1, 1), f"this text cannot be read as YAML: {error}")
    return Document(data, tuple(reader.problems), partial(_marks, text))


_OPEN = object()
"""What an anchor stands for while it is being read."""


class _Reader:
    """One pass over the events of a text, straight into data."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.problems: list[YamlProblem] = []
        self._anchored: dict[str, Data] = {}
        self._parts = 0

    def document(self) -> Data:
        """The data; raises what makes the text unreadable."""
        loader = _LOADER(self._text)
        self._next = loader.get_event
        try:
            self._next()  # the stream begins
            if isinstance(self._next(), yaml.StreamEndEvent):
                return None
            data = self._value(self._next(), 1)
            self._next()  # the document ends
            if not isinstance(event := self._next(), yaml.StreamEndEvent):
                raise _UnreadError(event.start_mark, "a second document begins here; a file has one: delete the '---'")
            return data
        finally:
            loader.dispose()

    def _value(self, event: yaml.Event, depth: int) -> Data:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._count(event, 1, depth)
        assert isinstance(event, yaml.NodeEvent)
        anchor = event.anchor
        if anchor is not None:
            if anchor in self._anchored:
                raise _UnreadError(event.start_mark, f"'&{anchor}' stands here twice; give this one another name")
            self._anchored[anchor] = _OPEN
        data: Data
        if isinstance(event, yaml.ScalarEvent):
            data = scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            data = self._mapping(depth + 1)
        else:
            data = []
            while not isinstance(item := self._next(), yaml.SequenceEndEvent):
                data.append(self._value(item, depth + 1))
        if anchor is not None:
            self._anchored[anchor] = data
        return data

    def _mapping(self, depth: int) -> dict[str, Data]:
        built: dict[str, Data] = {}
        first: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._tell(event, "a key is a word, not a list or a mapping; look at the braces here")
                self._value(event, depth)
                self._value(self._next(), depth)
                continue
            key = str(event.value)
            if key in built:
                line = first[key].line + 1
                self._tell(event, f"'{key}' stands here twice (first in line {line}); keep one")
                self._value(self._next(), depth)
                continue
            first[key] = event.start_mark
            if event.anchor is not None:
                self._anchored[event.anchor] = scalar(event)
            built[key] = self._value(self._next(), depth)
        return built

    def _alias(self, event: yaml.AliasEvent, depth: int) -> Data:
        name = event.anchor
        if name not in self._anchored:
            raise _UnreadError(
                event.start_mark, f"nothing before is marked '&{name}'; if '*{name}' is a text, quote it"
            )
        data = self._anchored[name]
        if data is _OPEN:
            self._tell(event, "this contains itself; write it out without the alias")
            return None
        parts, levels = _extent(data)
        self._count(event, parts, depth + levels - 1)
        return data

    def _count(self, event: yaml.Event, parts: int, depth: int) -> None:
        self._parts += parts
        if self._parts > MOST_PARTS:
            raise _UnreadError(event.start_mark, f"more than {MOST_PARTS} parts; write it without aliases of aliases")
        if depth > DEEPEST:
            raise _UnreadError(
                event.start_mark, f"more than {DEEPEST} levels inside each other; close the brackets before this one"
            )

    def _tell(self, event: yaml.Event, message: str) -> None:
        self.problems.append(YamlProblem(_at(event.start_mark), message))


def _extent(data: Data) -> tuple[int, int]:
    """How many parts, on how many levels, data has."""
    inner = data if isinstance(data, list) else data.values() if isinstance(data, dict) else ()
    extents = [_extent(item) for item in inner]
    return 1 + sum(parts for parts, _ in extents), 1 + max((levels for _, levels in extents), default=0)


def _marks(text: str) -> Marks:
    """Where everything stands in a text that could be read."""
    places: dict[Path, Place] = {}
    keys: dict[Path, Place] = {}
    within: set[int] = set()

    def walk(node: yaml.Node, path: Path) -> None:
        places[path] = _at(node.start_mark)
        if id(node) in within:
            return
        within.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                walk(item, (*path, index))
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and (inner := (*path, str(key.value))) not in keys:
                    keys[inner] = _at(key.start_mark)
                    walk(value, inner)
        within.discard(id(node))

    if (root := yaml.compose(text, Loader=_LOADER)) is not None:
        walk(root, ())
    return Marks(places, keys)


def _at(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def scalar(event: yaml.ScalarEvent) -> str | int | float | bool | None:
    """A scalar by YAML 1.2; what is quoted is text."""
    text = str(event.value)
    if event.style in _QUOTED:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _BEGINS_NUMBER:
        return text
    if len(text) <= _LONGEST_NUMBER and _INT.match(text):
        return int(text)
    if _FLOAT.match(text) and math.isfinite(number := float(text)):
        return number
    return text


def _unread(place: Place, message: str) -> Document:
    return Document(None, (YamlProblem(place, message),), lambda: Marks({}, {}))


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
