"""Rounds of inspection (巡检): a route walked stop by stop, each item looked at; what fails becomes a ticket."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from community.errors import TransitionRefused
from community.site.model import SiteFile
from community.site.upkeep import Route
from community.text import Text


class RoundState(StrEnum):
    """States of a round."""

    PLANNED = "planned"
    UNDER_WAY = "under-way"
    DONE = "done"


class RoundEvent(StrEnum):
    """What people do to a round."""

    START = "start"
    ANSWER = "answer"
    FINISH = "finish"


class Outcome(StrEnum):
    """What somebody found at an item."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"


_S, _E = RoundState, RoundEvent
TRANSITIONS: Mapping[tuple[RoundState, RoundEvent], RoundState] = {
    (_S.PLANNED, _E.START): _S.UNDER_WAY,
    (_S.UNDER_WAY, _E.ANSWER): _S.UNDER_WAY,
    (_S.UNDER_WAY, _E.FINISH): _S.DONE,
}
OPEN = frozenset({_S.PLANNED, _S.UNDER_WAY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One item at one stop, as the checklist asked when the round began."""

    facility: str
    item: str
    name: Text
    unit: str | None = None
    low: float | None = None
    high: float | None = None

    def within(self, value: float) -> bool:
        """Whether a value is good."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found, and what shows it."""

    outcome: Outcome
    value: float | None = None
    note: str = ""
    photos: tuple[str, ...] = ()
    """Ids in the file store; each one of the round's."""
    at: int
    by: str
    ticket: str | None = None
    """The ticket a failed item became."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPhoto:
    """A photo taken on the round."""

    id: str
    media_type: str
    at: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One walk along a route; `answers` belong to the `questions` of the same place."""

    id: str
    site: str
    zone: str
    route: str
    name: Text
    state: RoundState
    planned_at: int
    due_by: int | None
    late: bool = False
    """It was planned after its time: the platform was down."""
    party: str | None = None
    started_by: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    questions: tuple[Question, ...] = ()
    answers: tuple[Answer | None, ...] = ()
    photos: tuple[RoundPhoto, ...] = ()
    version: int = 1

    @property
    def left(self) -> int:
        """How many items nobody has looked at yet."""
        return sum(answer is None for answer in self.answers)

    @property
    def failed(self) -> int:
        """How many items failed."""
        return sum(answer is not None and answer.outcome is Outcome.FAIL for answer in self.answers)

    def overdue(self, now: int) -> bool:
        """Whether it should have been walked by now."""
        return self.state in OPEN and self.due_by is not None and now > self.due_by


def questions_of(file: SiteFile, route: Route) -> tuple[Question, ...]:
    """What a round of the route asks, stop by stop."""
    checklists = {row.id: row for row in file.checklists}
    return tuple(
        Question(facility=stop.facility, item=i.id, name=i.name, unit=i.unit, low=i.low, high=i.high)
        for stop in route.stops
        for i in checklists[stop.checklist].items
    )


def start(round_: Round, questions: tuple[Question, ...], by: str, now: int) -> Round:
    """Begin to walk."""
    return _take(
        round_,
        RoundEvent.START,
        started_by=by,
        started_at=now,
        questions=questions,
        answers=(None,) * len(questions),
    )


def answer(round_: Round, place: int, given: Answer) -> Round:
    """What was found at the item of a place; it may be said anew until the round ends, and keeps its ticket.

    Raises:
        TransitionRefused: there is no such item, a value is missing or says otherwise, or nothing shows the failure.
    """
    if not 0 <= place < len(round_.questions):
        raise TransitionRefused("the round has no such item")
    question, before = round_.questions[place], round_.answers[place]
    known = {photo.id for photo in round_.photos}
    if unknown := [photo for photo in given.photos if photo not in known]:
        raise TransitionRefused(f"the round has no photo {unknown[0]}; add it first")
    if given.outcome is not Outcome.NOT_APPLICABLE and question.unit is not None and given.value is None:
        raise TransitionRefused(f"say the value, in {question.unit}")
    if given.outcome is Outcome.PASS and given.value is not None and not question.within(given.value):
        raise TransitionRefused(f"{given.value:g} is outside the limits; that is a failure")
    if given.outcome is Outcome.FAIL and not given.note.strip() and not given.photos:
        raise TransitionRefused("say what is wrong, or take a photo")
    kept = replace(given, ticket=given.ticket or (before.ticket if before is not None else None))
    answers = (*round_.answers[:place], kept, *round_.answers[place + 1 :])
    return _take(round_, RoundEvent.ANSWER, answers=answers)


def add_photo(round_: Round, photo: RoundPhoto) -> Round:
    """Add a photo, once."""
    if any(known.id == photo.id for known in round_.photos):
        return round_
    return _take(round_, RoundEvent.ANSWER, photos=(*round_.photos, photo))


def finish(round_: Round, now: int) -> Round:
    """All has been looked at.

    Raises:
        TransitionRefused: something was not.
    """
    if round_.left:
        raise TransitionRefused(f"{round_.left} items have not been looked at; answer them, or say not applicable")
    return _take(round_, RoundEvent.FINISH, ended_at=now)


def _take(round_: Round, event: RoundEvent, **changes: Any) -> Round:
    following = TRANSITIONS.get((round_.state, event))
    if following is None:
        raise TransitionRefused(f"a round that is {round_.state} cannot take '{event}'")
    return replace(round_, state=following, version=round_.version + 1, **changes)
