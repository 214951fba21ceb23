"""Headcount (清点): who was inside, who has come out, and who is missing, until two people say that it is true.

Doors tell who went in and out, by pseudonym; people at a muster point check off the rest. The list of those who are
missing is always longer rather than shorter: nobody is out because nothing is known of them, nor because no door has
seen them for days - who is ill at home is the first who needs help.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from community.errors import TransitionRefused
from community.site.site import Site

OUTSIDE = "outside"
"""Where a door leads that leads out of the community."""
ADMITTED = "access.granted"
MOST_NAMED = 5_000
DAY_MS = 86_400_000
_LONGEST = 64
_PSEUDONYM = re.compile(r"[0-9a-f]{8,64}")


def known_as(value: Any, site: Site) -> str | None:
    """A card or person as the site wants them shown.

    Nothing that does not look like a pseudonym, unless the site file says that cards and names come as they are read: a
    gateway of somebody else's may forget to hash.
    """
    if not isinstance(value, str):
        return None
    if site.names_people:
        return value.strip()[:_LONGEST] or None
    return value if _PSEUDONYM.fullmatch(value) else None


@dataclass(frozen=True, slots=True)
class Pass:
    """Somebody went through a door."""

    card: str
    """Pseudonym; where the site names people the name, if the reader says one, and the card."""
    zone: str
    """Where the door leads; `outside`: out of the community."""
    at: int


def passed(site: Site, point: str, event: str, data: Mapping[str, Any], at: int) -> Pass | None:
    """Who went through a door and where to, if that is what an event at a point says."""
    place, card = site.points.get(point), known_as(data.get("card"), site)
    if place is None or event != ADMITTED or card is None:
        return None
    if site.names_people and (person := known_as(data.get("person"), site)) is not None:
        # Two people may have one name: it never stands for a card alone.
        card = f"{person[: _LONGEST - len(card) - 3]} · {card}" if len(card) < _LONGEST - 3 else card
    return Pass(card, site.devices[place.device].leads_to or place.zone, at)


def whereabouts(passes: Iterable[Pass]) -> dict[str, Pass]:
    """Where each card was last, whatever the order of the events."""
    last: dict[str, Pass] = {}
    for one in passes:
        known = last.get(one.card)
        if known is None or one.at >= known.at:
            last[one.card] = one
    return last


@dataclass(frozen=True, slots=True)
class RetiredCard:
    """A card that was lost, or whose holder has left: somebody says so, with a reason."""

    card: str
    at: int
    by: str
    reason: str


def in_use(last: Mapping[str, Pass], retired: Mapping[str, RetiredCard]) -> dict[str, Pass]:
    """Without the cards that stand for nobody; one that is used again after it was retired counts again."""
    return {card: one for card, one in last.items() if card not in retired or one.at > retired[card].at}


class HeadcountState(StrEnum):
    """How far a headcount has come."""

    COUNTING = "counting"
    CONFIRMED_ONCE = "confirmed-once"
    CONFIRMED = "confirmed"


class HeadcountEvent(StrEnum):
    """What can happen to one."""

    COUNT = "count"
    """Somebody is named or checked off: what was confirmed before is no longer true."""
    CONFIRM = "confirm"


_S, _E = HeadcountState, HeadcountEvent
TRANSITIONS: Mapping[tuple[HeadcountState, HeadcountEvent], HeadcountState] = {
    (_S.COUNTING, _E.COUNT): _S.COUNTING,
    (_S.CONFIRMED_ONCE, _E.COUNT): _S.COUNTING,
    (_S.CONFIRMED, _E.COUNT): _S.COUNTING,
    (_S.COUNTING, _E.CONFIRM): _S.CONFIRMED_ONCE,
    (_S.CONFIRMED_ONCE, _E.CONFIRM): _S.CONFIRMED,
}


class Status(StrEnum):
    """What is known of somebody."""

    MISSING = "missing"
    OUT = "out"
    """A door elsewhere has seen them since."""
    SAFE = "safe"
    INJURED = "injured"
    STRUCK = "struck"
    """Nobody is behind it: a lost card, somebody who has moved out, a name that was misheard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Somebody who has to be accounted for: a card that was inside, or a person somebody named."""

    person: str
    """The card's pseudonym, or the name."""
    zone: str
    at: int
    """When they were last seen there, or named."""
    named_by: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOff:
    """Somebody says what they know of a person; the last word counts."""

    person: str
    status: Status
    where: str
    """The muster point."""
    at: int
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Somebody says that the list is right."""

    at: int
    by: str
    counted: int
    missing: int
    note: str = ""

    @property
    def in_words(self) -> str:
        """For the timeline, in both languages; what was said beside it on a line of its own."""
        zh, en = f"清点 {self.counted} 人，未到 {self.missing} 人", f"{self.counted} counted, {self.missing} missing"
        return f"{zh} / {en}\n{self.note}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A person as the list shows them."""

    person: str
    zone: str
    seen_at: int
    status: Status
    where: str = ""
    by: str = ""
    named: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headcount:
    """The headcount of an activation."""

    id: str
    """The activation's."""
    site: str
    zone: str
    """What is evacuated, with all that lies in it."""
    state: HeadcountState
    started_at: int
    started_by: str
    expected: tuple[Expected, ...]
    doors_known: bool
    """Whether the doors' events could be read when it began."""
    checks: tuple[CheckOff, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    version: int = 1


def begin(
    identifier: str,
    site: str,
    zone: str,
    inside: Iterable[Pass],
    by: str,
    now: int,
    *,
    doors_known: bool,
) -> Headcount:
    """Everybody whose card was last inside is expected."""
    expected = tuple(Expected(person=p.card, zone=p.zone, at=p.at) for p in sorted(inside, key=lambda p: p.card))
    return Headcount(
        id=identifier,
        site=site,
        zone=zone,
        state=HeadcountState.COUNTING,
        started_at=now,
        started_by=by,
        expected=expected,
        doors_known=doors_known,
    )


def name(headcount: Headcount, person: str, zone: str, note: str, by: str, now: int) -> Headcount:
    """Somebody without a card is said to have been inside: a guest, a child, a neighbour.

    Raises:
        TransitionRefused: they are on the list already, or it is full.
    """
    if any(expected.person == person for expected in headcount.expected):
        raise TransitionRefused(f"{person} is on the list already")
    if len(headcount.expected) >= MOST_NAMED:
        raise TransitionRefused(f"a list has at most {MOST_NAMED} people")
    one = Expected(person=person, zone=zone, at=now, named_by=by, note=note)
    return _take(replace(headcount, expected=(*headcount.expected, one)), HeadcountEvent.COUNT)


def check(headcount: Headcount, check_off: CheckOff, known: Iterable[Row]) -> Headcount:
    """Say what is known of somebody on the list.

    Raises:
        TransitionRefused: they are not on the list, it is said to be `out`, which only doors say, or somebody is
            struck from it without a reason.
    """
    if check_off.status is Status.OUT:
        raise TransitionRefused("only a door says that somebody is out; check them off as safe or injured")
    if check_off.status is Status.STRUCK and not check_off.note.strip():
        raise TransitionRefused("say how it is known that nobody is behind it")
    if all(row.person != check_off.person for row in known):
        raise TransitionRefused(f"{check_off.person} is not on the list; add them first")
    return _take(replace(headcount, checks=(*headcount.checks, check_off)), HeadcountEvent.COUNT)


def confirm(headcount: Headcount, listed: Sequence[Row], note: str, by: str, now: int) -> Headcount:
    """The list is right; it holds once two people have said so of the same list.

    Raises:
        TransitionRefused: the same person twice; somebody is missing and nothing is said about it.
    """
    missing = sum(row.status is Status.MISSING for row in listed)
    if missing and not note.strip():
        raise TransitionRefused(f"{missing} are missing: say who knows of it and who looks for them")
    before = headcount.confirmations[-1] if headcount.state is not HeadcountState.COUNTING else None
    if before is not None and headcount.state is HeadcountState.CONFIRMED_ONCE:
        if before.by == by:
            raise TransitionRefused("two people confirm it; somebody else has to look")
        if (before.counted, before.missing) != (len(listed), missing):
            headcount = _take(headcount, HeadcountEvent.COUNT)  # a door changed the list since: count it as the first
    said = Confirmation(at=now, by=by, counted=len(listed), missing=missing, note=note)
    return _take(replace(headcount, confirmations=(*headcount.confirmations, said)), HeadcountEvent.CONFIRM)


def rows(headcount: Headcount, last: Mapping[str, Pass], is_inside: Callable[[str], bool]) -> list[Row]:
    """The list as it stands: those who are missing first, and of them those a door has seen within a day.

    Args:
        last: where each card was last, by the doors.
        is_inside: whether a zone belongs to what is evacuated.
    """
    said = {one.person: one for one in headcount.checks}
    expected = {one.person: one for one in headcount.expected}
    late = [p for p in last.values() if p.card not in expected and p.at >= headcount.started_at and is_inside(p.zone)]
    people = [*expected.values(), *(Expected(person=p.card, zone=p.zone, at=p.at) for p in late)]
    found = [_row(one, said.get(one.person), last.get(one.person), is_inside) for one in people]
    order = {Status.MISSING: 0, Status.INJURED: 1, Status.OUT: 2, Status.SAFE: 2, Status.STRUCK: 3}
    fresh = headcount.started_at - DAY_MS
    return sorted(found, key=lambda row: (order[row.status], row.seen_at < fresh, row.zone, row.person))


def _row(one: Expected, said: CheckOff | None, seen: Pass | None, is_inside: Callable[[str], bool]) -> Row:
    row = Row(
        person=one.person,
        zone=one.zone,
        seen_at=one.at,
        status=Status.MISSING,
        named=one.named_by is not None,
        note=one.note,
    )
    went_in = seen is not None and seen.at > one.at and is_inside(seen.zone)
    if seen is not None and went_in:
        row = replace(row, zone=seen.zone, seen_at=seen.at)
    if said is not None and not (seen is not None and went_in and seen.at > said.at):
        return replace(row, status=said.status, where=said.where, by=said.by, note=said.note or row.note)
    if seen is not None and seen.at >= one.at and not is_inside(seen.zone):
        return replace(row, status=Status.OUT, where=seen.zone, seen_at=seen.at)
    return row


def _take(headcount: Headcount, event: HeadcountEvent) -> Headcount:
    following = TRANSITIONS.get((headcount.state, event))
    if following is None:
        raise TransitionRefused(f"a headcount that is {headcount.state} cannot take '{event}'")
    return replace(headcount, state=following, version=headcount.version + 1)
