"""The small types site files and profiles are written in."""

import re
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
_DURATION = re.compile(r"^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|y)$")
_LONGEST_S = 1000 * 365.25 * 86400.0
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "y": 365.25 * 86400.0}


def _identifier(value: str) -> str:
    if not value:
        raise ValueError("an id is missing: write a word of a-z, 0-9 and '-'")
    if not re.fullmatch(ID_PATTERN, value):
        raise ValueError(f"'{value}' is not an id: use a-z, 0-9 and '-', at most 63 characters, no leading '-'")
    return value


def parse_duration_s(value: object) -> float:
    """Seconds in a duration such as `250ms`, `3s`, `10m`, `24h`, `5d` or `10y`.

    Raises:
        ValueError: `value` is not such a text; the message says how to write one.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _LONGEST_S:
        return float(value)
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"'{value}' is not a duration: write a number and ms, s, m, h, d or y, as in 30s")
    seconds = float(match[1]) * _UNIT_S[match[2]]
    if seconds > _LONGEST_S:
        raise ValueError(f"'{value}' is longer than a thousand years")
    return seconds


def _day(value: object) -> object:
    if not isinstance(value, (str, date)):
        raise ValueError(f"'{value}' is not a date: write year-month-day, as in 2026-09-01")  # noqa: TRY004
    return value


Id = Annotated[
    str, AfterValidator(_identifier), WithJsonSchema({"type": "string", "pattern": ID_PATTERN}, mode="validation")
]
Duration = Annotated[
    float,
    BeforeValidator(parse_duration_s),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": _DURATION.pattern}, {"type": "number", "minimum": 0}],
            "description": "a time such as 30s, 10m, 24h or 5y; a plain number is seconds",
        },
        mode="validation",
    ),
]
"""Seconds; written `30s`, `10m`, `24h`."""
Day = Annotated[date, BeforeValidator(_day)]
"""A date written `2026-09-01`; a bare number is none."""


class _OneOrMore:
    """Takes a single value for a list of one, and says so in the schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        many = {**handler(schema), "minItems": 1}
        return {"anyOf": [many["items"], many]}


def _listed(value: object) -> object:
    return value if isinstance(value, (list, tuple)) else [value]


def _some(value: tuple[T, ...]) -> tuple[T, ...]:
    if not value:
        raise ValueError("nothing stands here; write a value or a list of them")
    return value


OneOrMore = Annotated[tuple[T, ...], _OneOrMore(), AfterValidator(_some)]
"""A list, or its only item without the brackets."""


class Row(BaseModel):
    """A row of a site file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)
