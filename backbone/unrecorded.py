"""The alarms the database could not take yet, as they go from the rules to the pages: retained, one message a site.

A page that knew the record alone would show nothing of a fire while the disk is full (docs/decisions/0037).
"""

import dataclasses
from collections.abc import Iterable

import msgspec

from backbone.database.documents import decode as decode_document
from backbone.database.documents import encode as encode_document
from community.alarms import MOST_CAUSES, Alarm
from community.site.rules import Grade

MOST_BYTES = 1_000_000
MOST_ALARMS = 100
ROOM_BYTES = 500_000
"""For alarms in one message: a broker hangs up on whoever sends it too much (backbone/broker.py), and then nothing at
all would be heard."""
SAID_EVERY_S = 2.0
"""While there are any: whoever hears nothing for long knows that nobody stands for them any more."""
_GRAVER_FIRST = {grade: place for place, grade in enumerate((Grade.HIGH, Grade.MEDIUM, Grade.LOW))}


class UnrecordedError(ValueError):
    """A message that cannot be read."""


class UnrecordedAlarm(msgspec.Struct, frozen=True):
    """The alarm as it will be on record, and who was told of it without one."""

    alarm: Alarm
    told: tuple[str, ...] = ()


class UnrecordedAlarms(msgspec.Struct, frozen=True):
    """All of them, as of `at` (Unix ms): the graver first, then the newer."""

    at: int
    alarms: tuple[UnrecordedAlarm, ...] = ()
    left_off: int = 0
    """Alarms beside these, none of them graver."""


def gathered(alarms: Iterable[UnrecordedAlarm], at: int) -> UnrecordedAlarms:
    """These in one message; of very many, or very large ones, only the first."""
    rows = sorted(alarms, key=lambda one: (_GRAVER_FIRST[one.alarm.grade], -one.alarm.raised_at))
    kept: list[UnrecordedAlarm] = []
    room = ROOM_BYTES
    for one in rows[:MOST_ALARMS]:
        light = UnrecordedAlarm(dataclasses.replace(one.alarm, points=one.alarm.points[:MOST_CAUSES]), one.told)
        room -= len(encode_document(light).encode())
        if room < 0:
            break
        kept.append(light)
    return UnrecordedAlarms(at, tuple(kept), len(rows) - len(kept))


def encode(said: UnrecordedAlarms) -> bytes:
    """As it is published."""
    return encode_document(said).encode()


def decode(payload: bytes) -> UnrecordedAlarms:
    """The alarms in `payload`.

    Raises:
        UnrecordedError: it is no such message.
    """
    if len(payload) > MOST_BYTES:
        raise UnrecordedError(f"a message of {len(payload)} bytes")
    try:
        return decode_document(payload.decode(), UnrecordedAlarms)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnrecordedError(str(error)) from error
