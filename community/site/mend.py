"""A site file with mistakes of shape, without them: so that everything else in it can still be checked.

A key that is nearly known is read as the known one; a wrong value is left out; a row that lacks what it must have
is left out. What depends on something left out is not judged, so that one mistake is told once.
"""

from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import ValidationError

from community.site.model import SiteFile
from community.site.problems import as_written, known_keys
from community.site.yaml_text import Data, Document, Marks, Path, Place

_ROUNDS = 8
_NEEDING_OTHERS = ("risk", "grade")
"""Values that ask for another key beside them: when that one was left out, it is not missing."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What could be read, where it stands, and what is not to be judged by it."""

    file: SiteFile
    document: Document
    doubtful: frozenset[Place]
    """Rows something was left out of."""
    unsure: frozenset[str]
    """What was left out, by its keys: `people.roles`; `zones` when a whole zone was."""

    def can_judge(self, path: Path) -> bool:
        """Whether a problem at `path` is one of its own, and not what leaving something out of its row made of it."""
        if self.document.place_of(row_of(path)) not in self.doubtful:
            return True
        value = self.document.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return False
        return not isinstance(value, (dict, list)) and path[-1] not in _NEEDING_OTHERS


def mend(document: Document, error: ValidationError) -> Mended | None:
    """What remains of a document that failed with `error`; None when nothing sensible does."""
    doubtful: set[Place] = set()
    unsure: set[str] = set()
    for _ in range(_ROUNDS):
        rows = error.errors(include_url=False, include_context=False, include_input=False)
        told = [(as_written(row["loc"], document), row["type"]) for row in rows]
        unknown = [path for path, kind in told if kind == "extra_forbidden"]
        renamed = {path: near for path in unknown if (near := _meant(path, document)) is not None}
        left_out = {path for path in unknown if path not in renamed}
        found = {(*path[:-1], near) for path, near in renamed.items()}
        for path, kind in told:
            if kind == "extra_forbidden" or (kind == "missing" and path in found):
                continue
            wrong = path[:-1] if kind == "missing" else path
            if not wrong:
                return None
            doubtful.add(document.place_of(row_of(wrong)))
            unsure.add(_keys_of(wrong))
            left_out.add(wrong)
        document = _without(document, left_out, renamed)
        try:
            return Mended(SiteFile.model_validate(document.data), document, frozenset(doubtful), frozenset(unsure))
        except ValidationError as again:
            error = again
    return None


def _keys_of(path: Path) -> str:
    """The keys of a path without its places in lists; zones inside zones are just zones."""
    keys = [str(part) for part in path if not isinstance(part, int)]
    return ".".join(key for n, key in enumerate(keys) if key != "zones" or n == 0 or keys[n - 1] != "zones")


def _meant(path: Path, document: Document) -> str | None:
    near = get_close_matches(str(path[-1]), known_keys(SiteFile, path[:-1]), n=1)
    return near[0] if near and (*path[:-1], near[0]) not in document.places else None


def row_of(path: Path) -> Path:
    """The row a path leads into: up to its last place in a list, or the section."""
    for length in range(len(path), 0, -1):
        if isinstance(path[length - 1], int):
            return path[:length]
    return path[:1]


def _without(document: Document, left_out: set[Path], renamed: dict[Path, str]) -> Document:
    """The document less some parts; what remains keeps its place in the text."""
    places: dict[Path, Place] = {}
    keys: dict[Path, Place] = {}

    def copy(value: Data, was: Path, now: Path) -> Data:
        places[now] = document.place_of(was)
        if isinstance(value, list):
            kept = [(i, item) for i, item in enumerate(value) if (*was, i) not in left_out]
            return [copy(item, (*was, i), (*now, n)) for n, (i, item) in enumerate(kept)]
        if isinstance(value, dict):
            return {name: inner for key, item in value.items() for name, inner in entry(key, item, was, now)}
        return value

    def entry(key: str, item: Data, was: Path, now: Path) -> list[tuple[str, Data]]:
        path = (*was, key)
        if path in left_out:
            return []
        name = renamed.get(path, key)
        keys[*now, name] = document.keys.get(path, document.place_of(path))
        return [(name, copy(item, path, (*now, name)))]

    return Document(copy(document.data, (), ()), (), lambda: Marks(places, keys))
