"""Tickets born of conditions: one while it is open, with notes of what the condition does meanwhile."""

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from backbone.database.documents import plain
from backbone.database.outbox import append
from backbone.database.tickets import open_ticket_for, save_ticket
from community.site.rules import Rule
from community.site.site import Site
from community.tickets import Ticket, add_note, open_ticket
from rules.detect.model import Transition

WRITER = "rules"
BY = "system"
MOST_NOTES = 100
"""A sensor that keeps alarming does not make its ticket endless."""


def report(c: Connection, site: Site, rule: Rule, transition: Transition, alarm: str | None, now: int) -> Ticket:
    """The open ticket of the rule at the scope; a new one if there is none."""
    key = source_of(rule, transition)
    ticket = open_ticket_for(c, site.id, key)
    if ticket is not None:
        return _note(c, ticket, "raised-again", _value(site, transition), now)
    zone = site.zones[transition.zone].name
    point = transition.points[0] if len(transition.points) == 1 else None
    facility = next((f for f in site.file.facilities if set(f.points) & set(transition.points)), None)
    ticket = open_ticket(
        id=f"t-{hashlib.sha256(f'{key}:{transition.at}'.encode()).hexdigest()[:16]}",
        site=site.id,
        zone=transition.zone,
        title_zh=f"{rule.message.zh}（{zone.zh}）",
        title_en=f"{rule.message.in_language('en')} ({zone.in_language('en')})",
        source=key,
        priority=rule.risk.value,
        now=now,
        by=BY,
        alarm=alarm,
        point=point,
        facility=facility.id if facility else None,
        party=rule.party or (facility.party if facility else None),
        note=_value(site, transition),
    )
    save_ticket(c, ticket)
    append(c, WRITER, site.id, "ticket", "reported", ticket.id, plain(ticket), now)
    return ticket


def note_cleared(c: Connection, site: Site, rule: Rule, transition: Transition, now: int) -> None:
    """The condition is over: said in its open ticket, which a person closes."""
    ticket = open_ticket_for(c, site.id, source_of(rule, transition))
    if ticket is not None:
        _note(c, ticket, "condition-cleared", "", now)


def source_of(rule: Rule, transition: Transition) -> str:
    """What tells the tickets of one condition from all others."""
    return f"rule:{rule.id}:{transition.scope}"


def _note(c: Connection, ticket: Ticket, change: str, note: str, now: int) -> Ticket:
    if len(ticket.history) >= MOST_NOTES:
        return ticket
    ticket = add_note(ticket, BY, change, note, now)
    save_ticket(c, ticket)
    append(c, WRITER, ticket.site, "ticket", change, ticket.id, plain(ticket), now)
    return ticket


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
