"""What people are told of tickets: the one who is to work it, and who has to know that a deadline has passed."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from community.escalations import Escalation, of_party
from community.notice_text import Facts
from community.site.site import Site
from community.text import Text
from community.ticket_deadlines import COMPLETE, RESPOND, RESPOND_LIMIT
from community.tickets import OPEN, Ticket, TicketState
from rules.respond import notices

_TOLD = {
    RESPOND: ("manager",),
    RESPOND_LIMIT: ("manager", "safety-officer", "supervisor"),
    COMPLETE: ("manager",),
}
"""Who is told of a missed deadline beside the assignee: the longer nobody answers, the more."""
_UP = frozenset({RESPOND_LIMIT, COMPLETE})
"""The responsible party has not acted: the facility's escalation party is told too."""
_MISSED = {
    RESPOND: Text(zh="无人响应", en="nobody has answered"),
    RESPOND_LIMIT: Text(zh="超过24小时无人响应", en="nobody has answered within 24 hours"),
    COMPLETE: Text(zh="未按期完成", en="not done in time"),
}


def tell_assignee(c: Connection, site: Site, ticket: Ticket, now: int) -> None:
    """Somebody was given the ticket."""
    due = ticket.respond_by if ticket.responded_at is None else ticket.complete_by
    at = datetime.fromtimestamp(due / 1000, ZoneInfo(site.file.site.timezone)).strftime("%Y-%m-%d %H:%M")
    assert ticket.assignee is not None
    facts = _facts(site, ticket, "ticket", Text(zh=at, en=at), now)
    key = f"assigned:{ticket.assignee}:{len(ticket.history)}"
    notices.begin(c, site, "ticket", ticket.id, key, (ticket.assignee,), ticket.zone, facts, now)


def tell_overdue(c: Connection, site: Site, ticket: Ticket, kind: str, now: int) -> None:
    """A deadline has passed."""
    roles = (*_TOLD[kind], *_escalation_party(site, ticket, kind))
    if ticket.assignee is not None:
        roles = (*roles, ticket.assignee)
    facts = _facts(site, ticket, "overdue", _MISSED[kind], now)
    key = f"{kind}:{ticket.opened_at}"
    notices.begin(c, site, "overdue", ticket.id, key, roles, ticket.zone, facts, now)


def still_wanted(ticket: Ticket, escalation: Escalation) -> bool:
    """Whether what is told of a ticket is still news: it is open, and its worker has not begun."""
    if ticket.state not in OPEN:
        return False
    if escalation.kind == "ticket":
        return ticket.state is TicketState.ASSIGNED and ticket.assignee in escalation.roles
    key = (escalation.step or "").partition(":")[0]
    return key == COMPLETE or ticket.responded_at is None


def _escalation_party(site: Site, ticket: Ticket, kind: str) -> tuple[str, ...]:
    facility = next((f for f in site.file.facilities if f.id == ticket.facility), None)
    if kind not in _UP or facility is None or facility.escalation is None:
        return ()
    return (of_party(facility.escalation),)


def _facts(site: Site, ticket: Ticket, kind: str, action: Text, now: int) -> Facts:
    return Facts(
        kind=kind,
        grade="low" if ticket.priority == "low" else "medium",  # never with the haste of a high alarm
        message=Text(zh=ticket.title_zh, en=ticket.title_en),
        action=action,
        place=notices.place_of(site, ticket.zone),
        building=site.zones[site.building_of(ticket.zone)].name,
        at=now,
        page=notices.page_of("tickets", ticket.id),
        at_once=ticket.priority == "high",
    )
