"""Domain events as pages get them: the object exactly as REST shows it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from pydantic import BaseModel

from api.activations.schemas import ActivationOut
from api.alarms.schemas import AlarmOut
from api.drills.schemas import DrillOut
from api.headcounts.schemas import HeadcountChange
from api.suppressions.schemas import SuppressionOut
from api.tickets.schemas import TicketOut


class EventError(ValueError):
    """A payload that is no event of ours."""


class Shown(NamedTuple):
    """An event ready to be sent."""

    number: int
    kind: str
    change: str
    body: bytes


_SHOW: dict[str, type[BaseModel]] = {
    "alarm": AlarmOut,
    "ticket": TicketOut,
    "plan": ActivationOut,
    "suppression": SuppressionOut,
    "drill": DrillOut,
    "headcount": HeadcountChange,
}
KINDS = frozenset(_SHOW)


def shown_event(kind: str, number: int, change: str, document: dict[str, Any]) -> Shown:
    """The event with its object as REST shows it.

    Raises:
        EventError: the document is no object of that kind.
    """
    try:
        return Shown(number, kind, change, _SHOW[kind].model_validate(document).model_dump_json().encode())
    except (KeyError, ValueError) as error:
        raise EventError(f"{kind} event {number}: {error}") from error


def parse_event(kind: str, payload: bytes) -> Shown:
    """An event as it travels: `{"event": 17, "change": "raised", …the object…, "at": …}`.

    Raises:
        EventError: it is none.
    """
    decode: Callable[[bytes], Any] = msgspec.json.decode
    try:
        message = decode(payload)
        number, change = message["event"], message["change"]
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
        raise EventError(f"{kind}: no event: {error}") from error
    if not isinstance(number, int) or not isinstance(change, str):
        raise EventError(f"{kind}: no event: number {number!r}, change {change!r}")
    return shown_event(kind, number, change, message)
