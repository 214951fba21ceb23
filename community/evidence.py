"""What people leave with a ticket, a step or a round: proof, photos, hours and parts, and what they thought of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What proves that it was put right: words, photos, a reading (整改凭据)."""

    at: int
    by: str
    note: str = ""
    photos: tuple[str, ...] = ()
    """Ids of the ticket's photos."""
    point: str | None = None
    value: float | None = None
    """The reading of `point` at that moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo; its bytes lie in the file store under `id`."""

    id: str
    media_type: str
    size: int
    """Bytes."""
    at: int
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something built in or used up."""

    name: str
    quantity: float
    cost: int = 0
    """Of all of it, in the currency's smallest unit (分)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Somebody's work on it."""

    at: int
    by: str
    minutes: int
    labour: int = 0
    """What the time costs at the rate of that day (分)."""
    parts: tuple[Part, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What a resident thinks of the finished work."""

    at: int
    stars: int
    """1 to 5."""
    said: str = ""
