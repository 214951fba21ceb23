"""What became of messages that were handed over, or could not be."""

from collections.abc import Sequence
from dataclasses import replace

import structlog
from sqlalchemy import Connection

from backbone.database.notifications import (
    browsers_of,
    get_escalation,
    get_notification,
    notifications_of,
    pace_of,
    save_browsers,
    save_escalation,
    save_notification,
    save_pace,
)
from community.escalations import Escalation, EscalationState
from community.notifications import Notification, NotificationState, handed_over, not_taken, paced
from community.push import without
from community.site.duty import Notifications
from community.site.site import Site
from rules.notify.calling import Calling
from rules.notify.delivery import Outcome

log = structlog.get_logger()


def write_down(site: Site, calling: Calling, outcomes: Sequence[Outcome], c: Connection) -> None:
    """Put it on record; who cannot be told has somebody else called at once."""
    settings = site.file.notifications or Notifications()
    for outcome in outcomes:
        lead = outcome.delivery.lead
        if not outcome.why and outcome.grouped:
            pace = paced(pace_of(c, site.id, lead.person), lead.person, outcome.at, settings.grouping)
            save_pace(c, site.id, pace)
        if outcome.gone:
            known = browsers_of(c, site.id, lead.person)
            save_browsers(c, site.id, without(known, {*outcome.gone}))
        for sent in outcome.delivery.notifications:
            _write_one(c, settings, calling, sent.id, outcome)


def _write_one(c: Connection, settings: Notifications, calling: Calling, identifier: str, outcome: Outcome) -> None:
    notification = get_notification(c, identifier)
    if notification is None or notification.state is not NotificationState.QUEUED:
        return
    after = _after(notification, outcome, settings)
    save_notification(c, after)
    if after.state is NotificationState.QUEUED:
        return
    escalation = get_escalation(c, after.escalation)
    if escalation is None:
        return
    if escalation.kind == "step":
        calling.take_into_plan(c, escalation, [after], notifications_of(c, escalation.id), outcome.at)
    if after.state is NotificationState.FAILED:
        log.warning("somebody could not be told", person=after.person, why=after.why, notification=after.id)
        if escalation.state is EscalationState.CALLING:
            save_escalation(c, _at_once(escalation, outcome.at))


def _after(notification: Notification, outcome: Outcome, settings: Notifications) -> Notification:
    if outcome.why:
        return not_taken(notification, outcome.at, outcome.why, settings.retry)
    return replace(handed_over(notification, outcome.at), message=outcome.delivery.lead.id)


def _at_once(escalation: Escalation, now: int) -> Escalation:
    return replace(escalation, next_at=min(escalation.next_at, now), version=escalation.version + 1)
