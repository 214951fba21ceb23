"""Training records (培训档案), and what they say of who may be on duty for what."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from community.anniversary import later
from community.site.model import SiteFile
from community.site.readiness import Qualification, TrainingRow

Barred = Set[tuple[str, str]]
"""Duties and people who may not be on duty for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A training somebody had, recorded by a person."""

    id: str
    site: str
    person: str
    qualification: str
    on: date
    form: str
    """`theory`, `practice` or `case-study`."""
    expires: date
    by: str
    recorded_at: int
    note: str = ""
    withdrawn: bool = False
    version: int = 1


class Standing(StrEnum):
    """How somebody stands with a qualification."""

    VALID = "valid"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    MISSING = "missing"


LACKING = frozenset({Standing.EXPIRED, Standing.MISSING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A qualification as somebody holds it on a day."""

    person: str
    qualification: Qualification
    standing: Standing
    expires: date | None


def expiry(qualification: Qualification, on: date, expires: date | None = None) -> date:
    """The last day a training of that day counts."""
    return expires or later(on, qualification.valid)


def held(
    person: str,
    qualification: Qualification,
    rows: Iterable[TrainingRow],
    records: Iterable[Training],
    today: date,
) -> Held:
    """How somebody stands: the training that counts longest decides."""
    ends = [
        expiry(qualification, row.on, row.expires)
        for row in rows
        if row.person == person and row.qualification == qualification.id and row.on <= today
    ]
    ends += [
        record.expires
        for record in records
        if record.person == person
        and record.qualification == qualification.id
        and not record.withdrawn
        and record.on <= today
    ]
    if not ends:
        return Held(person=person, qualification=qualification, standing=Standing.MISSING, expires=None)
    last = max(ends)
    soon = last - timedelta(seconds=qualification.remind)
    standing = Standing.EXPIRED if last < today else Standing.EXPIRING if soon <= today else Standing.VALID
    return Held(person=person, qualification=qualification, standing=standing, expires=last)


def lacking(
    person: str,
    duty: str,
    qualifications: Sequence[Qualification],
    rows: Sequence[TrainingRow],
    records: Sequence[Training],
    on: date,
) -> list[Held]:
    """What somebody lacks for a duty on a day; nothing when they may be on duty for it."""
    needed = [q for q in qualifications if duty in q.duties]
    found = [held(person, q, rows, records, on) for q in needed]
    return [one for one in found if one.standing in LACKING]


def barred(file: SiteFile, records: Sequence[Training], on: date) -> frozenset[tuple[str, str]]:
    """Each duty and person who may not be on duty for it that day, for want of a training it is not done without."""
    refusing = [q for q in file.qualifications if q.without == "refuse"]
    without = [
        (q, person.id)
        for q in refusing
        for person in file.people
        if held(person.id, q, file.trainings, records, on).standing in LACKING
    ]
    return frozenset((duty, person) for q, person in without for duty in q.duties)


def fit(duty: str, people: Sequence[str], barred: Barred) -> tuple[str, ...]:
    """Those of the people who may be on duty; all of them if nobody may, because somebody must come."""
    return tuple(p for p in people if (duty, p) not in barred) or tuple(people)
