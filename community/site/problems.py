"""What is wrong with a site file or a profile: where, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from community.site.yaml_text import Document, Path


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake; prints as `file:line:column: sentence`."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class SiteErrors(ValueError):  # noqa: N818  (it holds all of them)
    """A file that cannot be used; `problems` has every mistake in it, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def problem_at(document: Document, file: str, path: Path, message: str) -> Problem:
    """A problem at the value `path` leads to."""
    place = document.place_of(path)
    return Problem(file, place.line, place.column, message)


def of_validation(error: ValidationError, document: Document, file: str, model: type[BaseModel]) -> list[Problem]:
    """The problems of a failed validation, each where it stands, in sentences."""
    return [_of_row(row, document, file, model) for row in error.errors()]


def _of_row(row: Any, document: Document, file: str, model: type[BaseModel]) -> Problem:
    path: Path = _as_written(row["loc"], document)
    key = path[-1] if path else ""
    kind = row["type"]
    if kind == "missing":
        return problem_at(document, file, path[:-1], f"'{key}' is missing here; add it")
    if kind == "extra_forbidden":
        place = document.keys.get(path) or document.place_of(path)
        near = get_close_matches(str(key), known_keys(model, path[:-1]), n=1)
        hint = f"; did you mean '{near[0]}'?" if near else f"; known here: {', '.join(known_keys(model, path[:-1]))}"
        return Problem(file, place.line, place.column, f"'{key}' is not known here{hint}")
    message = str(row["msg"]).removeprefix("Value error, ")
    written = row.get("input")
    shown = f" (it says {written!r})" if isinstance(written, (str, int, float)) and repr(written) not in message else ""
    return problem_at(document, file, path, f"{key}: {message[:1].lower()}{message[1:]}{shown}")


def _as_written(loc: Iterable[str | int], document: Document) -> Path:
    """A validation's location as keys of the file: parts that pydantic adds (union tags, `[key]`) are left out."""
    path: Path = ()
    parts = list(loc)
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if last or (*path, part) in document.places:
            path = (*path, part)
    return path


def known_keys(model: type[BaseModel], path: Path) -> list[str]:
    """The keys a mapping at `path` may have, as they are written."""
    current: Any = model
    for part in path:
        if isinstance(part, int) or not (isinstance(current, type) and issubclass(current, BaseModel)):
            continue
        field = next((f for n, f in current.model_fields.items() if part in {n, f.alias}), None)
        if field is None:
            continue
        current = _model_in(field.annotation)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return [field.alias or name for name, field in current.model_fields.items()]
    return []


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        if (found := _model_in(part)) is not None:
            return found
    return None
