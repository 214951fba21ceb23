"""The resident's side of a ticket: a link that shows what is public, and takes a rating once the work is finished."""

from datetime import datetime
from html import escape
from typing import Annotated
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from api.plain_page import HEAD, PRIVATE
from api.platform import Platform, PlatformDep
from api.tickets.acting import find
from api.writing import WRITER, Change, Write, writing
from backbone.database import outbox
from backbone.database.ticket_links import new_link, ticket_behind
from backbone.database.tickets import get_ticket, save_ticket
from community import ticket_log
from community.errors import TransitionRefused
from community.people import Action
from community.ticket_log import MOST_STARS
from community.tickets import OPEN, Ticket, TicketState

router = APIRouter(prefix="/tickets", tags=["tickets"])
links = APIRouter(prefix="/r", include_in_schema=False)
Giving = Annotated[Write, writing(Action.CREATE_TICKET)]
LONGEST = 500
_STARS = {5: "很满意 Very good", 4: "满意 Good", 3: "一般 Fair", 2: "不满意 Poor", 1: "很不满意 Bad"}


class TicketLink(BaseModel):
    """A way to the ticket without signing in."""

    path: str = Field(description="to be given to whoever reported it; shown this once", examples=["/r/x7Kq…"])


@router.post("/{ticket_id}/links", response_model=TicketLink, status_code=201)
def give_link(ticket_id: str, write: Giving) -> Response:
    """A link for the resident who reported it: how far it is, and later the rating."""

    def work(change: Change) -> TicketLink:
        ticket = find(change, ticket_id)
        return TicketLink(path=f"/r/{new_link(change.connection, change.site, ticket.id)}")

    return write.perform("ticket.link", ticket_id, work, status=201)


@links.get("/{token}")
def show_ticket(token: str, platform: PlatformDep) -> HTMLResponse:
    """What is public of it, and the rating once it is finished."""
    with platform.database.read() as c:
        ticket = _behind(c, platform, token)
    return _page(platform, ticket) if ticket is not None else _gone()


@links.post("/{token}")
async def rate_ticket(token: str, request: Request, platform: PlatformDep) -> HTMLResponse:
    """The resident rates the work, once."""
    form = parse_qs((await request.body()).decode(errors="replace"))
    stars, said = form.get("stars", ["0"])[0], form.get("said", [""])[0].strip()[:LONGEST]
    return await run_in_threadpool(
        _rate, platform, token, int(stars) if stars in {"1", "2", "3", "4", "5"} else 0, said
    )


def _rate(platform: Platform, token: str, stars: int, said: str) -> HTMLResponse:
    now = platform.now()
    with platform.database.begin() as c:
        ticket = _behind(c, platform, token)
        if ticket is None:
            return _gone()
        try:
            rated = ticket_log.rate(ticket, stars, said, now)
        except TransitionRefused as refused:
            return _page(platform, ticket, str(refused))
        save_ticket(c, rated)
        outbox.append(c, WRITER, rated.site, "ticket", "rated", rated.id, rated, now)
    platform.wake_relay()
    return _page(platform, rated)


def _behind(c: Connection, platform: Platform, token: str) -> Ticket | None:
    identifier = ticket_behind(c, platform.site.id, token)
    return None if identifier is None else get_ticket(c, identifier)


def _gone() -> HTMLResponse:
    said = "<h1>链接无效</h1><p>This link leads nowhere. Ask for a new one.</p>"
    return HTMLResponse(f"{HEAD}{said}</body></html>", 404, headers=PRIVATE)


def _page(platform: Platform, ticket: Ticket, problem: str = "") -> HTMLResponse:
    """No name, no photo, no word of the crew: a title, a place, and how far it is."""
    rows = [
        ("地点 Place", _place(platform, ticket.zone)),
        ("报告 Reported", _time(platform, ticket.reported_at)),
        ("进展 Progress", _progress(ticket)),
    ]
    shown = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in rows)
    title = escape(ticket.title_zh)
    if ticket.title_en != ticket.title_zh:
        title += f"<br>{escape(ticket.title_en)}"
    said = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    return HTMLResponse(f"{HEAD}<h1>{title}</h1><dl>{shown}</dl>{said}{_end(ticket)}</body></html>", headers=PRIVATE)


def _place(platform: Platform, zone: str) -> str:
    site = platform.site
    if zone not in site.zones:
        return zone
    names = [site.zones[one].name for one in site.zone_path(zone)]
    zh = " ".join(name.zh for name in reversed(names))
    return f"{zh} / {', '.join(name.in_language('en') for name in names)}"


def _end(ticket: Ticket) -> str:
    if ticket.rating is not None:
        return f'<p class="done">感谢评价：{ticket.rating.stars}/{MOST_STARS}<br>Thank you for your rating.</p>'
    if ticket.state is not TicketState.CLOSED:
        return ""
    stars = "".join(
        f'<label><input type="radio" name="stars" value="{n}" required> {escape(word)}</label>'
        for n, word in _STARS.items()
    )
    words = f'<textarea name="said" rows="3" maxlength="{LONGEST}" placeholder="意见 / Anything to add"></textarea>'
    return f'<form method="post"><fieldset>{stars}</fieldset>{words}<button>提交评价 Rate the work</button></form>'


def _progress(ticket: Ticket) -> str:
    if ticket.state is TicketState.CLOSED:
        return "已完成 Finished"
    if ticket.state not in OPEN:
        return "已结束 Ended"
    return "处理中 In progress" if ticket.responded_at is not None else "已收到 Received"


def _time(platform: Platform, at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, ZoneInfo(platform.site.file.site.timezone)):%Y-%m-%d %H:%M}"
