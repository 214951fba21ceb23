"""The small types site files and profiles are written in."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(ms|s|m|h|d|y)$")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "y": 365.25 * 86400.0}


def _identifier(value: str) -> str:
    if not re.match(ID_PATTERN, value):
        raise ValueError(f"'{value}' is not an id: use a-z, 0-9 and '-', at most 63 characters, no leading '-'")
    return value


def parse_duration_s(value: object) -> float:
    """Seconds in a duration such as `250ms`, `3s`, `10m`, `24h`, `5d` or `10y`.

    Raises:
        ValueError: `value` is not such a text; the message says how to write one.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        return float(value)
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"'{value}' is not a duration: write a number and ms, s, m, h, d or y, as in 30s")
    return float(match[1]) * _UNIT_S[match[2]]


Id = Annotated[str, AfterValidator(_identifier)]
Duration = Annotated[float, BeforeValidator(parse_duration_s)]
"""Seconds; written `30s`, `10m`, `24h`."""


class Row(BaseModel):
    """A row of a site file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
