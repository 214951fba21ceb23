"""What is due by a date: drills, revisions of plans, trainings, renewals, reviews of risks and of documents.

Each is reminded of once, by a ticket.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from community.anniversary import later
from community.drills import Drill, DrillState
from community.renewal import REMIND as RENEWAL_REMIND
from community.renewal import renewal_of
from community.site.model import SiteFile
from community.site.readiness import DrillDuty, Qualification
from community.text import Text
from community.training import Standing, Training, held
from community.upkeep import Due

REVISION_REMIND = timedelta(days=30)
REVIEW_REMIND = timedelta(days=30)
WITHIN_MS = 14 * 86_400_000
"""So long is at least given, however late it is."""
_HELD = frozenset({DrillState.ENDED, DrillState.EVALUATED})
YEARLY_FIRE = DrillDuty(kind="fire")
"""A fire drill at least once a year, whatever the site file says (guide 5.4)."""
KINDS = {
    "fire": Text(zh="消防演练", en="fire drill"),
    "evacuation": Text(zh="疏散演练", en="evacuation drill"),
    "natural-disaster": Text(zh="自然灾害演练", en="natural disaster drill"),
    "safety-accident": Text(zh="安全事故演练", en="safety accident drill"),
    "public-health": Text(zh="公共卫生演练", en="public-health drill"),
}


@dataclass(frozen=True, slots=True)
class DrillDate:
    """When a kind of drill was last held and is next due."""

    duty: DrillDuty
    last: date | None
    due: date
    overdue: bool
    soon: bool
    planned: int | None
    """Unix ms of the next planned one."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something that is due; `source` tells its ticket from all others."""

    source: str
    title: Text
    due: date
    overdue: bool
    zone: str | None = None
    """Where it is; None: it is the whole community's."""
    facility: str | None = None
    party: str | None = None


def drill_dates(file: SiteFile, known: Sequence[Drill], today: date) -> list[DrillDate]:
    """Every kind of drill the site owes; one that was suspended counts only once it was carried on to its end."""
    zone = ZoneInfo(file.site.timezone)
    duties = file.drills if any(d.kind == "fire" for d in file.drills) else (*file.drills, YEARLY_FIRE)
    found = []
    for duty in duties:
        mine = [drill for drill in known if drill.kind == duty.kind]
        days = [
            datetime.fromtimestamp(drill.ended_at / 1000, zone).date()
            for drill in mine
            if drill.state in _HELD and drill.ended_at is not None
        ]
        days += [duty.last] if duty.last is not None else []
        last = max(days, default=None)
        due = later(last, duty.every) if last is not None else today - timedelta(days=1)
        planned = [drill.planned_at for drill in mine if drill.state is DrillState.PLANNED]
        soon = due - timedelta(seconds=duty.remind) <= today
        found.append(DrillDate(duty, last, due, due < today, soon, min(planned, default=None)))
    return found


def reminders(file: SiteFile, known: Sequence[Drill], records: Sequence[Training], now: int) -> Iterator[Reminder]:
    """Everything people are to be reminded of at a time (Unix ms)."""
    today = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(file.site.timezone)).date()
    yield from _drills(file, known, today)
    yield from _revisions(file, today)
    yield from _trainings(file, records, today)
    yield from _renewals(file, today)
    yield from _reviews(file, today)
    yield from _documents(file, today)


def due_of(file: SiteFile, reminder: Reminder, now: int) -> Due:
    """What its ticket is made of."""
    midnight = datetime.combine(reminder.due, time.min, ZoneInfo(file.site.timezone)).timestamp()
    return Due(
        source=reminder.source,
        at=now,
        due_by=max(round(midnight * 1000), now + WITHIN_MS),
        late=reminder.overdue,
        title=Text(
            zh=f"{reminder.title.zh}（{reminder.due}）", en=f"{reminder.title.in_language('en')} ({reminder.due})"
        ),
        zone=reminder.zone or file.zones[0].id,
        facility=reminder.facility,
        party=reminder.party,
        priority="medium" if reminder.overdue else "low",
    )


def _drills(file: SiteFile, known: Sequence[Drill], today: date) -> Iterator[Reminder]:
    for row in drill_dates(file, known, today):
        if row.soon and row.planned is None:
            name = KINDS[row.duty.kind]
            # none on record: one reminder, not one a day
            when = str(row.due) if row.last is not None else "first"
            yield Reminder(
                f"drill-due:{row.duty.kind}:{when}",
                Text(zh=f"安排{name.zh}", en=f"Plan a {name.en}"),
                row.due,
                row.overdue,
            )


def _revisions(file: SiteFile, today: date) -> Iterator[Reminder]:
    for plan in file.plans:
        if plan.next_revision - REVISION_REMIND <= today:
            yield Reminder(
                f"plan-revision:{plan.id}:{plan.next_revision}",
                Text(zh=f"修订预案：{plan.name.zh}", en=f"Revise the plan: {plan.name.in_language('en')}"),
                plan.next_revision,
                plan.next_revision < today,
            )


def _renewals(file: SiteFile, today: date) -> Iterator[Reminder]:
    """Ahead of a facility's end of life (定期更新)."""
    for facility in file.facilities:
        renewal = renewal_of(facility)
        if renewal is not None and renewal.due - RENEWAL_REMIND <= today:
            yield Reminder(
                f"renewal:{facility.id}:{renewal.due}",
                Text(zh=f"更新：{facility.name.zh}", en=f"Renew: {facility.name.in_language('en')}"),
                renewal.due,
                renewal.due < today,
                facility.zone,
                facility.id,
                facility.party,
            )


def _reviews(file: SiteFile, today: date) -> Iterator[Reminder]:
    """Ahead of the next review of a risk."""
    for risk in file.risks:
        if risk.review is not None and risk.review - REVIEW_REMIND <= today:
            name = risk.name or Text(zh=risk.id)
            yield Reminder(
                f"risk-review:{risk.id}:{risk.review}",
                Text(zh=f"复评风险：{name.zh}", en=f"Review the risk: {name.in_language('en')}"),
                risk.review,
                risk.review < today,
                risk.zone,
            )


def _documents(file: SiteFile, today: date) -> Iterator[Reminder]:
    """Ahead of the next review of a rule, a procedure or a record (guide 5.1)."""
    for document in file.safety.documents:
        if document.review - REVIEW_REMIND <= today:
            name = document.name
            yield Reminder(
                f"document-review:{document.id}:{document.review}",
                Text(zh=f"复审：{name.zh}", en=f"Review: {name.in_language('en')}"),
                document.review,
                document.review < today,
            )


def needed(file: SiteFile) -> Iterator[tuple[Qualification, str]]:
    """Each qualification, and each person whose roles, duties or turns on the roster need it."""
    duties = {person.id: {*person.duties, *(role.value for role in person.roles)} for person in file.people}
    for row in file.roster.rota if file.roster is not None else ():
        for person in row.people:
            duties.setdefault(person, set()).add(row.duty)
    for qualification in file.qualifications:
        for name, mine in duties.items():
            if mine & set(qualification.duties):
                yield qualification, name


def _trainings(file: SiteFile, records: Sequence[Training], today: date) -> Iterator[Reminder]:
    names = {person.id: person.name for person in file.people}
    for qualification, person in needed(file):
        one = held(person, qualification, file.trainings, records, today)
        if one.standing is Standing.VALID:
            continue
        name = names.get(person, person)
        yield Reminder(
            f"training:{person}:{qualification.id}:{one.expires or 'none'}",
            Text(zh=f"培训{name}：{qualification.name.zh}", en=f"Train {name}: {qualification.name.in_language('en')}"),
            one.expires or today,
            one.standing is not Standing.EXPIRING,
        )
