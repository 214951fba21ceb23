"""A facility as the page sees it: its row, and what the platform knows of it."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from api.facilities.schemas import (
    DocumentOut,
    FacilityAnswer,
    FacilityDetail,
    FacilityOut,
    FacilityRenewal,
    FacilityTicket,
    ScheduleOut,
)
from api.platform import Platform
from backbone.database import upkeep as stored
from backbone.database.alarms import list_alarms
from backbone.database.tickets import list_tickets
from community.alarms import Alarm, AlarmState
from community.inspections import RoundState
from community.renewal import renewal_of
from community.risks import YEAR_MS
from community.site.upkeep import Facility, Schedule
from community.text import Text
from community.tickets import OPEN, Ticket
from community.upkeep import Deadline
from community.usage import Usage

MOST = 10_000
ROUNDS = 200
"""Rounds looked through for what they found at a facility."""
_OPEN_ALARMS = frozenset(AlarmState) - {AlarmState.NORMAL}


def today(platform: Platform) -> date:
    """The day at the site."""
    return datetime.fromtimestamp(platform.now() / 1000, ZoneInfo(platform.site.file.site.timezone)).date()


def overview(platform: Platform, c: Connection, rows: Sequence[Facility]) -> list[FacilityOut]:
    """Facilities in short."""
    tickets = list_tickets(c, platform.site.id, states=OPEN, limit=MOST)
    alarms = list_alarms(c, platform.site.id, states=_OPEN_ALARMS, limit=MOST)
    return [_short(platform, row, tickets, alarms) for row in rows]


def detail(platform: Platform, c: Connection, row: Facility) -> FacilityDetail:
    """One facility with all that belongs to it."""
    site, now = platform.site, platform.now()
    alarms = [a for a in list_alarms(c, site.id, states=_OPEN_ALARMS, limit=MOST) if _concerns(a, row)]
    still_open = list_tickets(c, site.id, states=OPEN, limit=MOST)
    recent = stored.tickets_since(c, site.id, now - YEAR_MS)
    tickets = {t.id: t for t in (*recent, *still_open) if t.facility == row.id}
    deadlines, usage = stored.load_deadlines(c, site.id), stored.load_usage(c, site.id)
    short = _short(platform, row, still_open, alarms)
    return FacilityDetail(
        **short.model_dump(),
        documents=[DocumentOut.model_validate(d) for d in stored.list_documents(c, site.id, row.id)],
        schedules=[_schedule(s, row, deadlines, usage) for s in site.file.schedules if row.id in s.facilities],
        spent=sum(work.labour + sum(part.cost for part in work.parts) for t in tickets.values() for work in t.work)
        / 100,
        tickets=[_ticket(t) for t in sorted(tickets.values(), key=lambda t: -t.reported_at)],
        alarms=[alarm.id for alarm in alarms],
        inspections=_answers(c, site.id, row),
    )


def _short(platform: Platform, row: Facility, tickets: Sequence[Ticket], alarms: Sequence[Alarm]) -> FacilityOut:
    mine = [ticket for ticket in tickets if ticket.facility == row.id]
    renewal = renewal_of(row)
    parties = {party.id: party.name for party in platform.site.file.parties}
    return FacilityOut(
        id=row.id,
        name=row.name,
        zone=row.zone,
        party=row.party,
        party_name=parties[row.party],
        escalation=row.escalation,
        escalation_name=parties.get(row.escalation) if row.escalation is not None else None,
        category=row.category,
        installed=row.installed,
        points=list(row.points),
        renewal=None if renewal is None else FacilityRenewal.model_validate(renewal),
        open_alarms=sum(_concerns(alarm, row) for alarm in alarms),
        open_tickets=len(mine),
        overdue_tickets=sum(ticket.complete_by < platform.now() for ticket in mine),
    )


def _concerns(alarm: Alarm, row: Facility) -> bool:
    return bool(set(alarm.points) & set(row.points))


def _schedule(
    row: Schedule, facility: Facility, deadlines: dict[str, Deadline], usage: dict[str, Usage]
) -> ScheduleOut:
    deadline = deadlines.get(f"schedule:{row.id}:{facility.id}")
    counts, figure = None, None
    if row.running is not None:
        counts, figure = "hours", usage.get(row.running.point, Usage()).hours
    elif row.starts is not None:
        counts, figure = "starts", float(usage.get(row.starts.point, Usage()).starts)
    return ScheduleOut(
        id=row.id,
        name=row.name,
        every=row.every,
        next_at=None if deadline is None else deadline.next_at,
        counts=counts,
        figure=figure,
        next_figure=None if deadline is None else deadline.next_figure,
    )


def _ticket(ticket: Ticket) -> FacilityTicket:
    return FacilityTicket(
        id=ticket.id,
        title=Text(zh=ticket.title_zh, en=ticket.title_en),
        state=ticket.state.value,
        source=ticket.source,
        reported_at=ticket.reported_at,
        complete_by=ticket.complete_by,
        open=ticket.state in OPEN,
    )


def _answers(c: Connection, site: str, row: Facility) -> list[FacilityAnswer]:
    walked = (RoundState.UNDER_WAY, RoundState.DONE)
    found = [
        FacilityAnswer(
            round=round_.id,
            at=answer.at,
            by=answer.by,
            name=question.name,
            outcome=answer.outcome,
            value=answer.value,
            unit=question.unit,
            note=answer.note,
        )
        for round_ in stored.list_rounds(c, site, states=walked, limit=ROUNDS)
        for question, answer in zip(round_.questions, round_.answers, strict=True)
        if answer is not None and question.facility == row.id
    ]
    return sorted(found, key=lambda answer: -answer.at)
