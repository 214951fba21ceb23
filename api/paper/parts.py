"""What reports are made of; `html` and `pdf` lay it out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from api.paper.chart import Chart


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they are."""

    title: str
    rows: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Cell:
    """A field of a table."""

    text: str
    kind: Literal["", "bad", "time"] = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head, which may be empty, and what is said of them all."""

    title: str
    head: list[str]
    rows: list[list[Cell]]
    said: str = ""


@dataclass(frozen=True, slots=True)
class Charts:
    """Pictures of readings."""

    title: str
    charts: list[Chart]


@dataclass(frozen=True, slots=True)
class Said:
    """Words."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo and what it shows."""

    words: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Shots:
    """Photos."""

    title: str
    shots: list[Shot]


Part = Facts | Table | Charts | Shots | Said


class Printable(Protocol):
    """A report in one language."""

    @property
    def language(self) -> str:
        """`zh` or `en`."""
        ...

    @property
    def mark(self) -> str:
        """Before its title, such as that it is of a drill; may be empty."""
        ...

    @property
    def title(self) -> str:
        """What it is a report of."""
        ...

    def parts(self) -> Iterator[Part]:
        """All of it, in order."""
        ...
