"""A resident reports a problem with a facility: the page behind the QR code on it, without signing in.

It asks for no name and no number; whoever reports gets a link that shows how far it is and takes a rating.
"""

from html import escape
from urllib.parse import parse_qs
from uuid import uuid4

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.plain_page import HEAD, PRIVATE
from api.platform import Platform, PlatformDep
from api.writing import WRITER
from backbone.database import audit, outbox
from backbone.database.ticket_links import new_link
from backbone.database.tickets import save_ticket
from community import tickets
from community.site.upkeep import Facility
from community.ticket_deadlines import deadlines_for

links = APIRouter(prefix="/report", include_in_schema=False)
LONGEST = 1_000
RESIDENT = "resident"


@links.get("/{facility}")
def show_form(facility: str, platform: PlatformDep) -> HTMLResponse:
    """What it is, and a field for what is wrong."""
    found = _facility(platform, facility)
    return _form(platform, found) if found is not None else _nowhere()


@links.post("/{facility}")
async def report(facility: str, request: Request, platform: PlatformDep) -> Response:
    """A ticket; then the page that follows it."""
    form = parse_qs((await request.body()).decode(errors="replace"))
    said = form.get("said", [""])[0].strip()[:LONGEST]
    host = request.client.host if request.client else ""
    return await run_in_threadpool(_report, platform, facility, said, host)


def _report(platform: Platform, identifier: str, said: str, host: str) -> Response:
    facility = _facility(platform, identifier)
    if facility is None:
        return _nowhere()
    if not said:
        return _form(platform, facility, "请写明问题 / Say what is wrong", 422)
    now = platform.now()
    if any(platform.reports.take(key, now) for key in (f"from {host}", f"at {facility.id}")):
        return _form(
            platform, facility, "报修过于频繁，请稍后再试 / Too many reports just now; try again in a minute", 429
        )
    ticket = tickets.open_ticket(
        id=f"t-{uuid4().hex}",
        site=platform.site.id,
        zone=facility.zone,
        title_zh=f"居民报修：{facility.name.zh}",
        title_en=f"Reported by a resident: {facility.name.in_language('en')}",
        source=f"resident:{uuid4().hex}",
        priority="low",
        now=now,
        by=RESIDENT,
        deadlines=deadlines_for(platform.site.file, "low", now),
        facility=facility.id,
        party=facility.party,
        note=said,
    )
    with platform.database.begin() as c:
        save_ticket(c, ticket)
        outbox.append(c, WRITER, ticket.site, "ticket", "reported", ticket.id, ticket, now)
        audit.append(c, at=now, who=RESIDENT, action="ticket.create", target=ticket.id, outcome="done", detail=host)
        token = new_link(c, ticket.site, ticket.id)
    platform.wake_relay()
    return RedirectResponse(f"/r/{token}", 303, headers=PRIVATE)


def _facility(platform: Platform, identifier: str) -> Facility | None:
    return next((row for row in platform.site.file.facilities if row.id == identifier), None)


def _form(platform: Platform, facility: Facility, problem: str = "", status: int = 200) -> HTMLResponse:
    zone = platform.site.zones[facility.zone].name
    title = f"{escape(facility.name.zh)}<br>{escape(facility.name.in_language('en'))}"
    place = f"{escape(zone.zh)} / {escape(zone.in_language('en'))}"
    said = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    words = (
        f'<textarea name="said" rows="5" maxlength="{LONGEST}" required '
        'aria-label="问题 / What is wrong" placeholder="哪里坏了？ / What is wrong?"></textarea>'
    )
    end = "<p>紧急情况请拨打 119 或 110。<br>In an emergency call 119 or 110.</p>"
    form = f'<form method="post">{words}<button>报修 Report</button></form>'
    return HTMLResponse(f"{HEAD}<h1>{title}</h1><p>{place}</p>{said}{form}{end}</body></html>", status, headers=PRIVATE)


def _nowhere() -> HTMLResponse:
    said = "<h1>没有这个设施</h1><p>There is no such facility here.</p>"
    return HTMLResponse(f"{HEAD}{said}</body></html>", 404, headers=PRIVATE)
