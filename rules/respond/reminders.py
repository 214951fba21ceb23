"""Reminders of what is due by a date: one ticket each, however often one looks."""

import hashlib

from sqlalchemy import Connection

from backbone.database.documents import plain
from backbone.database.drills import list_drills, list_trainings
from backbone.database.outbox import append
from backbone.database.tickets import get_ticket, save_ticket
from community.reminders import Reminder, reminders
from community.site.site import Site
from community.tickets import SYSTEM, open_ticket

WRITER = "rules"
MOST = 1_000


def remind(c: Connection, site: Site, now: int) -> None:
    """Open the tickets of what has come due: drills, revisions of plans, trainings."""
    known, records = list_drills(c, site.id, limit=MOST), list_trainings(c, site.id)
    for reminder in reminders(site.file, known, records, now):
        identifier = f"t-{hashlib.sha256(f'{site.id}:{reminder.source}'.encode()).hexdigest()[:16]}"
        if get_ticket(c, identifier) is None:
            _open(c, site, reminder, identifier, now)


def _open(c: Connection, site: Site, reminder: Reminder, identifier: str, now: int) -> None:
    ticket = open_ticket(
        id=identifier,
        site=site.id,
        zone=site.file.zones[0].id,
        title_zh=f"{reminder.title.zh}（{reminder.due}）",
        title_en=f"{reminder.title.in_language('en')} ({reminder.due})",
        source=reminder.source,
        priority="medium" if reminder.overdue else "low",
        now=now,
        by=SYSTEM,
    )
    save_ticket(c, ticket)
    append(c, WRITER, site.id, "ticket", "reported", ticket.id, plain(ticket), now)
