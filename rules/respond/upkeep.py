"""What is due becomes tickets and rounds: maintenance, inspections, and all people are to be reminded of by a date.

Evaluation reports whose period is over are told to whom the site file names.

Each ticket's id comes of what it is for, so that however often something is planned it is opened once.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
import structlog
from sqlalchemy import Connection

from backbone import metrics
from backbone.database.checkpoints import load_checkpoint, save_checkpoint
from backbone.database.database import Database
from backbone.database.drills import list_drills, list_trainings
from backbone.database.outbox import append
from backbone.database.tickets import get_ticket, save_ticket
from backbone.database.upkeep import get_round, load_deadlines, load_usage, save_deadlines, save_round
from community.change_review import fingerprints, review_of
from community.inspections import Round, RoundState
from community.reminders import due_of, reminders
from community.site.site import Site
from community.ticket_deadlines import deadlines_for
from community.tickets import SYSTEM, add_note, open_ticket
from community.upkeep import Deadline, Due, Planner
from rules.respond.report_notices import tell_report, untold
from rules.writer import Stopped, Writer

WRITER = "rules"
LOOK_EVERY_S = 15.0
MOST_DRILLS = 1_000
log = structlog.get_logger()


class Upkeep:
    """Looks after deadlines. Nothing is remembered from one look to the next but the site's plan."""

    def __init__(self, site: Site, database: Database, writer: Writer, now: Callable[[], int]) -> None:
        self._database = database
        self._writer = writer
        self._now = now
        self.use(site)

    def use(self, site: Site) -> None:
        """The site file changed."""
        self._site = site
        self._planner = Planner(site.file)
        self._parts = fingerprints(site.file)

    async def run(self) -> None:
        """Look until cancelled; a look that fails is told and done again."""
        while True:
            try:
                await self.look()
            except Stopped:
                raise
            except Exception:
                metrics.loop_errors.labels("rules upkeep").inc()
                log.exception("what is due could not be planned; trying again", after_s=LOOK_EVERY_S)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Make what has come due. The look that only reads holds up nobody who writes."""
        if await asyncio.to_thread(self._anything):
            await self._writer.do(self._make)

    def _anything(self) -> bool:
        with self._database.read() as c:
            before, after, due = self._plan(c)
            changed = before != after or self._parts_before(c) != self._parts
            changed = changed or bool(untold(c, self._site, self._now()))
            return changed or any(not _is_made(c, self._site.id, one) for one in due)

    def _make(self, c: Connection) -> None:
        before, after, due = self._plan(c)
        parts = self._parts_before(c)
        if parts != self._parts:
            review = review_of(parts, self._site.file, self._parts, self._now())
            due = [*due, *([review] if review is not None else [])]
            save_checkpoint(c, self._parts_name, msgspec.msgpack.encode(self._parts))
        for one in due:
            if not _is_made(c, self._site.id, one):
                make(c, self._site, one, self._now())
        for period, name in untold(c, self._site, self._now()):
            tell_report(c, self._site, period, name, self._now())
        save_deadlines(c, self._site.id, before, after)

    @property
    def _parts_name(self) -> str:
        return f"parts:{self._site.id}"

    def _parts_before(self, c: Connection) -> dict[str, str] | None:
        """The parts of the site file as they were when they were last looked at."""
        state = load_checkpoint(c, self._parts_name)
        return None if state is None else msgspec.msgpack.decode(state, type=dict[str, str])

    def _plan(self, c: Connection) -> tuple[dict[str, Deadline], dict[str, Deadline], Sequence[Due]]:
        before = load_deadlines(c, self._site.id)
        site, now = self._site, self._now()
        kept, due = self._planner.plan(before, load_usage(c, site.id), now)
        known, records = list_drills(c, site.id, limit=MOST_DRILLS), list_trainings(c, site.id)
        due += [due_of(site.file, one, now) for one in reminders(site.file, known, records, now)]
        return before, {deadline.id: deadline for deadline in kept}, due


def make(c: Connection, at: Site, due: Due, now: int) -> None:
    """The ticket, or the round, of something that has come due."""
    site = at.id
    identifier = _id(site, due)
    if due.route is not None:
        round_ = Round(
            id=identifier,
            site=site,
            zone=due.zone,
            route=due.route,
            name=due.title,
            state=RoundState.PLANNED,
            planned_at=due.at,
            due_by=due.due_by,
            late=due.late,
            party=due.party,
        )
        save_round(c, round_)
        append(c, WRITER, site, "inspection", "planned", identifier, round_, now)
        return
    ticket = open_ticket(
        id=identifier,
        site=site,
        zone=due.zone,
        title_zh=due.title.zh,
        title_en=due.title.in_language("en"),
        source=due.source,
        priority=due.priority,
        now=now,
        by=SYSTEM,
        deadlines=(deadlines_for(at.file, due.priority, now)[0], due.due_by),
        facility=due.facility,
        party=due.party,
        note="" if due.figure is None else f"{due.figure:g}",
    )
    if due.late:
        said = f"此前还有{due.skipped}次未做 / {due.skipped} more were missed before" if due.skipped else ""
        ticket = replace(add_note(ticket, SYSTEM, "planned-late", said, now), version=1)
    save_ticket(c, ticket)
    append(c, WRITER, site, "ticket", "reported", identifier, ticket, now)


def _is_made(c: Connection, site: str, due: Due) -> bool:
    identifier = _id(site, due)
    return (get_ticket(c, identifier) if due.route is None else get_round(c, identifier)) is not None


def _id(site: str, due: Due) -> str:
    kind = "t" if due.route is None else "r"
    return f"{kind}-{hashlib.sha256(f'{site}:{due.source}'.encode()).hexdigest()[:16]}"
