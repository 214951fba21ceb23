"""Times at the HTTP edge: RFC 3339 with milliseconds, always UTC; Unix milliseconds inside."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, PlainSerializer, WithJsonSchema

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXAMPLE = "2026-09-22T08:15:30.250Z"


def rfc3339(ms: int) -> str:
    """`ms` as `2026-09-22T08:15:30.250Z`."""
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def to_ms(moment: datetime) -> int:
    """Unix milliseconds of an aware time."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


Timestamp = Annotated[
    int,
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": [_EXAMPLE]}),
]
"""A time in an answer: `int` inside, RFC 3339 in JSON."""

Moment = AwareDatetime
"""A time a client gives: RFC 3339 with its offset."""
