"""Values of which a row takes one or a list: ids, words, families, hours of the day, days."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from community.site.fields import ID_PATTERN, Id
from community.site.profile import Family

_HOURS = re.compile(r"^((?:[01][0-9]|2[0-3]):[0-5][0-9])-((?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")


class Weekday(StrEnum):
    """Days of the week, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def _listed(value: object) -> object:
    return (value,) if isinstance(value, (str, int, float, bool, date)) else value


def _hours(value: str) -> str:
    match = _HOURS.fullmatch(value)
    if match is None or match[1] == match[2]:
        raise ValueError(f"'{value}' are no hours: write from-to, as in 08:30-17:30 or 22:00-06:00")
    return value


def _days(value: object) -> object:
    text = value.isoformat() if isinstance(value, date) else value
    parts = text.split("..") if isinstance(text, str) else []
    try:
        days = [date.fromisoformat(part) for part in parts]
    except ValueError:
        days = []
    if not 1 <= len(days) <= 2 or days[0] > days[-1]:
        raise ValueError(f"'{value}' is no date: write 2026-10-01, or first..last as in 2026-07-01..2026-08-31")
    return text


def _one_or_more(items: dict[str, object]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [items, {"type": "array", "items": items}]}, mode="validation")


Ids = Annotated[tuple[Id, ...], BeforeValidator(_listed), _one_or_more({"type": "string", "pattern": ID_PATTERN})]
"""One id or a list of them."""
Words = Annotated[tuple[str, ...], BeforeValidator(_listed), _one_or_more({"type": "string"})]
Families = Annotated[
    tuple[Family, ...], BeforeValidator(_listed), _one_or_more({"enum": [family.value for family in Family]})
]
Hours = Annotated[
    tuple[Annotated[str, AfterValidator(_hours)], ...],
    BeforeValidator(_listed),
    _one_or_more({"type": "string", "pattern": _HOURS.pattern}),
]
"""Times of the day, `22:00-06:00`; the end is not part of them."""
Weekdays = Annotated[
    tuple[Weekday, ...], BeforeValidator(_listed), _one_or_more({"enum": [day.value for day in Weekday]})
]
Days = Annotated[
    tuple[Annotated[str, BeforeValidator(_days)], ...], BeforeValidator(_listed), _one_or_more({"type": "string"})
]
"""Dates, `2026-10-01`, and spans of them, `2026-07-01..2026-08-31`, both ends included."""
