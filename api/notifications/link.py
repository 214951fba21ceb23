"""The link in a notification: a page of its own that works on any phone, without signing in.

Looking changes nothing about the alarm, because mail servers open links by themselves; the button does.
"""

import contextlib
from html import escape
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.responses import HTMLResponse

from api.plain_page import HEAD, PRIVATE
from api.platform import Platform, PlatformDep
from api.writing import WRITER
from backbone.database import alarm_journal, audit, outbox
from backbone.database import notifications as stored
from backbone.database.activations import get_activation, save_activation
from backbone.database.alarms import get_alarm, save_alarm
from community import alarms
from community.commanding import take
from community.errors import TransitionRefused
from community.escalations import COMMAND, Escalation
from community.escalations import acknowledge as take_on
from community.incident_command import still_asked
from community.notifications import Notification, acknowledged, opened
from community.people import Action, may
from community.site.model import Person

router = APIRouter(prefix="/n", include_in_schema=False)
MOST_SHOWN = 20
VALID_MS = 7 * 86_400_000
_TAKE_COMMAND = "由我指挥<br>I take command"
_TAKE_BOTH = "确认，由我指挥<br>Acknowledge and take command"
_TAKE_ON = "确认，我来处理<br>Acknowledge: I take it on"
_NOT_COMMAND = "只确认，不指挥<br>Acknowledge only"
Told = list[tuple[Notification, Escalation]]
"""What one message told of; the link's own first."""


@router.get("/{token}")
def show_link(token: str, platform: PlatformDep) -> HTMLResponse:
    """What it is about, and a button."""
    with platform.database.begin() as c:
        found = _found(c, platform, token)
        if found is None:
            return _gone()
        notification, escalation = found
        after = opened(notification, platform.now())
        if after is not notification:
            stored.save_notification(c, after)
        told = [(after, escalation), *_others(c, after)]
    return _page(told)


@router.post("/{token}")
def acknowledge_link(
    token: str, platform: PlatformDep, only: Annotated[str, Query(description="acknowledge: not the command")] = ""
) -> HTMLResponse:
    """The person takes it on: nobody else is called."""
    now = platform.now()
    with platform.database.begin() as c:
        found = _found(c, platform, token)
        if found is None:
            return _gone()
        told = [found, *_others(c, found[0])]
        person = next((p for p in platform.site.file.people if p.id == found[0].person), None)
        taken: Told = []
        for notification, escalation in told:
            if not (only and escalation.kind == COMMAND):
                with contextlib.suppress(TransitionRefused):
                    after = acknowledged(notification, now)
                    stored.save_notification(c, after)
                    _take_on(c, escalation, person, now)
                    taken.append((after, stored.get_escalation(c, escalation.id) or escalation))
        for notification, escalation in taken[:1]:
            audit.append(
                c,
                at=now,
                who=notification.person,
                action="notification.acknowledge",
                target=escalation.cause,
                outcome="done",
                detail=notification.id,
            )
    platform.wake_relay()
    now_so = {notification.id: (notification, escalation) for notification, escalation in taken}
    return _page([now_so.get(pair[0].id, pair) for pair in told])


def _found(c: Connection, platform: Platform, token: str) -> tuple[Notification, Escalation] | None:
    notification = stored.notification_of(c, token) if 0 < len(token) <= 64 else None
    if notification is None or notification.site != platform.site.id:
        return None
    if platform.now() - notification.created_at > VALID_MS:
        return None
    escalation = stored.get_escalation(c, notification.escalation)
    return None if escalation is None else (notification, escalation)


def _others(c: Connection, notification: Notification) -> Told:
    """What the same message told of besides."""
    others = stored.notifications_of_message(c, notification) if notification.message is not None else []
    found = stored.escalations_by_id(c, [other.escalation for other in others])
    return [(other, found[other.escalation]) for other in others if other.escalation in found]


def _take_on(c: Connection, escalation: Escalation, person: Person | None, now: int) -> None:
    by = person.id if person is not None else "unknown"
    after = take_on(escalation, by, now)
    if after is not escalation:
        stored.save_escalation(c, after)
    if escalation.kind == COMMAND and person is not None:
        _take_command(c, escalation, person, now)
    alarm = get_alarm(c, escalation.cause) if escalation.kind == "alarm" else None
    if alarm is None or person is None or not may(frozenset(person.roles), Action.ACKNOWLEDGE_ALARM):
        return
    try:
        seen = alarms.acknowledge(alarm, by=by, note="", now=now)
    except TransitionRefused:
        return
    save_alarm(c, seen)
    alarm_journal.note(c, seen, "acknowledged", now, who=by, reason="by the link of a notification")
    outbox.append(c, WRITER, alarm.site, "alarm", "acknowledged", alarm.id, seen, now)


def _take_command(c: Connection, escalation: Escalation, person: Person, now: int) -> None:
    """The one who was asked commands; unless somebody else does by now."""
    activation = get_activation(c, escalation.cause)
    allowed = may(frozenset(person.roles), Action.TAKE_COMMAND)
    if activation is None or not allowed or not still_asked(activation.command, person.id):
        return
    with contextlib.suppress(TransitionRefused):
        taken = take(activation, person.id, "", now)
        save_activation(c, taken)
        outbox.append(c, WRITER, taken.site, "plan", "command-taken", taken.id, taken, now)


def _gone() -> HTMLResponse:
    said = "<h1>链接无效或已过期</h1><p>This link is not valid any more. Open the page to see the alarms.</p>"
    return HTMLResponse(f'{HEAD}{said}<p><a href="/">安居 Anju</a></p></body></html>', 404, headers=PRIVATE)


def _page(told: Told) -> HTMLResponse:
    escalation = told[0][1]
    facts = escalation.facts
    mark = ("【演练 DRILL】" if facts.drill else "") + ("【模拟 SIMULATED】" if facts.simulated else "")
    rows = [("地点 Place", f"{facts.place.zh} / {facts.place.in_language('en')}")]
    if facts.value:
        rows.append(("数值 Value", facts.value))
    if facts.action is not None:
        rows.append(("处置 Action", f"{facts.action.zh} / {facts.action.in_language('en')}"))
    if len(told) > 1:
        lines = [f"{e.facts.message.zh}，{e.facts.place.zh}" for _, e in told[:MOST_SHOWN]]
        more = [f"… +{len(told) - MOST_SHOWN}"] if len(told) > MOST_SHOWN else []
        rows.append((f"{len(told)} 条 messages", "；".join([*lines, *more])))
    shown = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in rows)
    title = f"{escape(mark)}{escape(facts.message.zh)}<br>{escape(facts.message.in_language('en'))}"
    link = f'<p><a href="{escape(facts.page)}">在页面上查看 / See it on the page</a></p>'
    return HTMLResponse(f"{HEAD}<h1>{title}</h1><dl>{shown}</dl>{_end(told)}{link}</body></html>", headers=PRIVATE)


def _end(told: Told) -> str:
    """What became of it, and what is left to be done with one touch."""
    waits = [e for n, e in told if n.acknowledged_at is None and e.ended_at is None]
    command = any(e.kind == COMMAND for e in waits)
    other = any(e.kind != COMMAND for e in waits)
    shown = ""
    if any(n.acknowledged_at is not None and e.kind == COMMAND for n, e in told):
        shown += '<p class="done">您已应答。指挥情况见页面。<br>You have answered. The page shows who commands.</p>'
    if any(n.acknowledged_at is not None and e.kind != COMMAND for n, e in told) and not other:
        shown += '<p class="done">已确认，不再通知其他人。<br>Acknowledged. Nobody else is being called.</p>'
    if command:
        shown += f'<form method="post"><button>{_TAKE_BOTH if other else _TAKE_COMMAND}</button></form>'
    if other:
        words, only = (_NOT_COMMAND, "?only=acknowledge") if command else (_TAKE_ON, "")
        plain = ' class="second"' if command else ""
        shown += f'<form method="post" action="{only}"><button{plain}>{words}</button></form>'
    return shown or f'<p class="done">已结束 / Over: {escape(told[0][1].ended_by)}</p>'
