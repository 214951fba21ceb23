"""What is wrong with a site file or a profile: where, and what to do."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from community.site.yaml_text import Document, Path

_SHOWN = 30


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake; prints as `file:line:column: sentence`."""

    file: str
    line: int
    column: int
    message: str
    path: str = field(default="", compare=False)
    """Where it stands in the document, as in `rules.3.when`; empty for what is no part of one."""

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
    return Problem(file, place.line, place.column, message, _dotted(path))


def suggestion(word: str, known: Collection[str]) -> str:
    """The end of a sentence about an unknown word: the nearest known one, or what is known where that is short."""
    if near := get_close_matches(word, known, n=1):
        return f"; did you mean '{near[0]}'?"
    if 0 < len(known) <= _SHOWN:
        return f"; known here: {', '.join(known)}"
    return ""


def of_validation(error: ValidationError, document: Document, file: str, model: type[BaseModel]) -> list[Problem]:
    """The problems of a failed validation, each where it stands, in sentences."""
    rows = [(as_written(row["loc"], document), row) for row in error.errors(include_url=False)]
    meant = {
        (*path[:-1], near)
        for path, row in rows
        if row["type"] == "extra_forbidden"
        for near in get_close_matches(str(path[-1]), known_keys(model, path[:-1]), n=1)
    }
    return [
        _of_row(path, row, document, file, model)
        for path, row in rows
        if row["type"] != "missing" or path not in meant  # a misspelt key is one mistake, not two
    ]


def as_written(loc: Iterable[str | int], document: Document) -> Path:
    """A validation's location as keys of the file.

    Parts that pydantic adds are left out: union tags, `[key]`, the place in a list that was written as one value.
    """
    path: Path = ()
    parts = list(loc)
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if (last and part != "[key]" and not isinstance(part, int)) or (*path, part) in document.places:
            path = (*path, part)
    return path


def known_keys(model: type[BaseModel], path: Path) -> list[str]:
    """The keys a mapping at `path` may have, as they are written."""
    current: Any = model
    for part in path:
        if isinstance(part, int) or not (isinstance(current, type) and issubclass(current, BaseModel)):
            continue
        row = next((f for n, f in current.model_fields.items() if part in {n, f.alias}), None)
        if row is None:
            continue
        current = _model_in(row.annotation)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return [row.alias or name for name, row in current.model_fields.items()]
    return []


def _of_row(path: Path, row: Any, document: Document, file: str, model: type[BaseModel]) -> Problem:
    key = str(path[-1]) if path else ""
    kind = row["type"]
    if kind == "missing":
        return problem_at(document, file, path[:-1], f"'{key}' is missing here; add it{_WHY_NEEDED.get(key, '')}")
    if kind == "extra_forbidden":
        place = document.keys.get(path) or document.place_of(path)
        message = f"'{key}' is not known here{suggestion(key, known_keys(model, path[:-1]))}"
        return Problem(file, place.line, place.column, message, _dotted(path))
    return problem_at(document, file, path, f"{_name_of(path)}: {_sentence(row)}")


_WHY_NEEDED: Mapping[str, str] = {
    "party": ": everything on the register has one party who answers for it",
    "zone": ": say where it is",
    "profile": ": say which product it is; `anju profiles` lists them",
    "within": ": every step has its time",
}


def _sentence(row: Any) -> str:
    written = row.get("input")
    if written is None:
        return "nothing stands here; write a value or delete the key"
    make = _SENTENCES.get(row["type"])
    message = str(row["msg"]).removeprefix("Value error, ")
    sentence = make(row.get("ctx", {}), written) if make else f"{message[:1].lower()}{message[1:]}"
    shown = isinstance(written, (str, int, float)) and str(written) not in sentence
    return sentence + (f" (it says '{written}')" if shown else "")


def _one_of(context: Mapping[str, Any], written: object) -> str:
    expected = str(context.get("expected", ""))
    words = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    near = get_close_matches(str(written), words, n=1)
    return f"write {expected}" + (f"; did you mean '{near[0]}'?" if near else "")


def _text(_context: Mapping[str, Any], written: object) -> str:
    if isinstance(written, (dict, list)):
        return "write a text, not a list or a mapping"
    return f"write a text; if {_as_yaml(written)} is meant, put it in quotes"


def _as_yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _whole(_context: Mapping[str, Any], _written: object) -> str:
    return "write a whole number"


def _number(_context: Mapping[str, Any], _written: object) -> str:
    return "write a number"


def _list(_context: Mapping[str, Any], _written: object) -> str:
    return "write a list: [a, b], or lines that begin with '-'"


def _mapping(_context: Mapping[str, Any], _written: object) -> str:
    return "write a mapping: {key: value}, or indented lines of key: value"


def _date(_context: Mapping[str, Any], _written: object) -> str:
    return "this is not a date; write year-month-day, as in 2026-09-01"


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any], object], str]] = {
    "enum": _one_of,
    "literal_error": _one_of,
    "string_type": _text,
    "int_type": _whole,
    "int_parsing": _whole,
    "int_parsing_size": _whole,
    "int_from_float": _whole,
    "float_type": _number,
    "float_parsing": _number,
    "finite_number": _number,
    "tuple_type": _list,
    "list_type": _list,
    "dict_type": _mapping,
    "model_type": _mapping,
    "model_attributes_type": _mapping,
    "date_type": _date,
    "date_parsing": _date,
    "date_from_datetime_parsing": _date,
    "date_from_datetime_inexact": _date,
    "greater_than": lambda context, _: f"write a number over {context['gt']:g}",
    "greater_than_equal": lambda context, _: f"write a number of at least {context['ge']:g}",
    "less_than_equal": lambda context, _: f"write a number of at most {context['le']:g}",
}


def _name_of(path: Path) -> str:
    """The key a person sees: a list's item goes by the list's key."""
    return next((str(part) for part in reversed(path) if isinstance(part, str)), "this file")


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        if (found := _model_in(part)) is not None:
            return found
    return None
