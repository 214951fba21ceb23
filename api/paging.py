"""Lists by cursor: an opaque word that says where the next page begins."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, NamedTuple, TypeVar

import msgspec
from fastapi import Query
from pydantic import BaseModel, Field

from api.problems import Problem

T = TypeVar("T")
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=1000, description="rows of a page at most")]
Cursor = Annotated[str | None, Query(max_length=600, description="`next` of the page before")]


Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A number of a cursor: times and row numbers, never more than a database takes."""


class Place(NamedTuple):
    """Time and id of the last row of a page."""

    at: Number
    id: Annotated[str, msgspec.Meta(max_length=300)]


class Page(BaseModel, Generic[T]):
    """A page of a list."""

    items: list[T]
    next: str | None = Field(default=None, description="cursor of the next page; null on the last")


def encode(place: object) -> str:
    """A cursor for a JSON-able place in a list."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def decode(cursor: str | None, kind: type[Row]) -> Row | None:
    """The place a cursor stands for; None for the first page.

    Raises:
        Problem: 400, no cursor of this list.
    """
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise Problem(400, "this cursor is not one of this list's", kind="bad-cursor") from error


def page(rows: Sequence[Row], limit: int, show: Callable[[Row], T], place: Callable[[Row], object]) -> Page[T]:
    """A page of `limit` from `rows`, which were asked for one row more, so that the last page is known as the last."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(items=[show(row) for row in shown], next=encode(place(shown[-1])) if more else None)
