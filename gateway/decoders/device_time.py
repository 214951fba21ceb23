"""Times as devices write them, to Unix milliseconds."""

from datetime import datetime

_LEAST_S = 1_000_000_000
_LEAST_MS = 1_000_000_000_000


def from_iso(value: object) -> int | None:
    """Milliseconds of an ISO 8601 text with a zone (any number of decimals); None for anything else.

    A text without a zone names no moment: the device's zone is unknown here.
    """
    if type(value) is not str:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return None if moment.tzinfo is None else int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def from_number(value: object) -> int | None:
    """Milliseconds of a Unix time in seconds or milliseconds (told apart by size); None for anything else."""
    if type(value) is not int and type(value) is not float:
        return None
    if not _LEAST_S <= value < _LEAST_MS * 10:
        return None
    return int(value) if value >= _LEAST_MS else int(value * 1000)
