"""Tickets born of conditions: one for a condition, whatever it does; what comes back soon opens it again."""

import hashlib
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from backbone.database.outbox import append
from backbone.database.tickets import save_ticket, ticket_of
from community.people import PLATFORM
from community.site.rules import Rule
from community.site.site import Site
from community.ticket_deadlines import deadlines_for
from community.ticket_log import condition_cleared, condition_raised
from community.tickets import OPEN, SYSTEM, Condition, Ticket, TicketState, open_ticket, reopen
from rules.detect.model import Transition

WRITER = "rules"


def report(c: Connection, site: Site, rule: Rule, transition: Transition, alarm: str | None, now: int) -> Ticket:
    """The ticket of the rule at the scope: the open one, the one that was closed just now, or a new one."""
    key, said = source_of(rule.id, transition.scope), _value(site, transition)
    before = ticket_of(c, site.id, key)
    if before is not None and before.state in OPEN:
        return _keep(c, before, condition_raised(before, key, said, now), "raised-again", now)
    deadlines = deadlines_for(site.file, rule.risk.value, now)
    if before is not None and _just_closed(site, before, now):
        again = reopen(before, PLATFORM, said, now, deadlines=deadlines, within_ms=_window_ms(site))
        return _keep(c, before, condition_raised(again, key, said, now), "reopen", now)
    ticket = _new(site, rule, transition, now, deadlines, alarm, before)
    if before is not None and before.id == ticket.id:
        return before  # told once more, and ended meanwhile
    return _keep(c, None, ticket, "reported", now)


def note_cleared(c: Connection, site: Site, rule: str, scope: str, now: int) -> None:
    """The condition is over: said in its ticket, which a person closes."""
    key = source_of(rule, scope)
    ticket = ticket_of(c, site.id, key)
    if ticket is not None:
        _keep(c, ticket, condition_cleared(ticket, key, now), "condition-cleared", now)


def source_of(rule: str, scope: str) -> str:
    """What tells the tickets of one condition from all others."""
    return f"rule:{rule}:{scope}"


def _new(
    site: Site,
    rule: Rule,
    transition: Transition,
    now: int,
    deadlines: tuple[int, int],
    alarm: str | None,
    before: Ticket | None,
) -> Ticket:
    key = source_of(rule.id, transition.scope)
    zone = site.zones[transition.zone].name
    facility = next((f for f in site.file.facilities if any(point in f.points for point in transition.points)), None)
    return open_ticket(
        id=f"t-{hashlib.sha256(f'{site.id}:{key}:{transition.at}'.encode()).hexdigest()[:16]}",
        site=site.id,
        zone=transition.zone,
        title_zh=f"{rule.message.zh}（{zone.zh}）",
        title_en=f"{rule.message.in_language('en')} ({zone.in_language('en')})",
        source=key,
        priority=rule.risk.value,
        now=now,
        by=SYSTEM,
        deadlines=deadlines,
        conditions=(Condition(source=key, standing=True, at=transition.at),),
        alarm=alarm,
        point=transition.points[0] if len(transition.points) == 1 else None,
        facility=facility.id if facility else None,
        party=rule.party or (facility.party if facility else None),
        earlier=before.id if before is not None else None,
        note=_value(site, transition),
    )


def _just_closed(site: Site, ticket: Ticket, now: int) -> bool:
    ended = ticket.ended_at
    return ticket.state is TicketState.CLOSED and ended is not None and now - ended <= _window_ms(site)


def _window_ms(site: Site) -> int:
    return round(site.file.tickets.reopen * 1000)


def _keep(c: Connection, before: Ticket | None, after: Ticket, change: str, now: int) -> Ticket:
    # one version a transaction: that is what tells a concurrent change
    if after is before:
        return after
    after = replace(after, version=before.version + 1 if before is not None else 1)
    save_ticket(c, after)
    append(c, WRITER, after.site, "ticket", change, after.id, after, now)
    return after


def _value(site: Site, transition: Transition) -> str:
    points = ", ".join(transition.points)
    said = points if transition.value is None else f"{points}: {transition.value:g}"
    detail = transition.detail
    if "reached_at" not in detail:
        return said
    zone = ZoneInfo(site.file.site.timezone)
    likely, soonest, latest = (
        datetime.fromtimestamp(detail[key] / 1000, zone) for key in ("reached_at", "reached_from", "reached_to")
    )
    ends = "-".join(
        f"{end:%H:%M}" if end.date() == likely.date() else f"{end:%m-%d %H:%M}" for end in (soonest, latest)
    )
    return f"{said} → {likely:%Y-%m-%d %H:%M} ({ends})"
