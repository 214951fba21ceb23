"""What happens to alarms, in the database: kept, in the journal, told as an event, and to people."""

from dataclasses import replace

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from backbone import metrics
from backbone.database import alarm_journal
from backbone.database.alarms import save_alarm
from backbone.database.errors import Conflict
from backbone.database.outbox import append
from backbone.database.statements import savepoint
from community.alarms import Alarm, raise_alarm
from community.quality import Quality
from community.site.rules import Rule
from community.site.site import Site
from rules.detect.model import Transition
from rules.respond import notices

WRITER = "rules"
log = structlog.get_logger()


def raised(site: Site, rule: Rule, transition: Transition, *, late: bool = False) -> Alarm:
    """The alarm a transition raises where none stands; nothing of it is kept yet."""
    return raise_alarm(
        site=site.id,
        rule=rule,
        scope=transition.scope,
        zone=transition.zone,
        at=transition.at,
        value=transition.value,
        points=transition.points,
        late=late,
        simulated=bool(transition.quality & Quality.SIMULATED),
        causes=transition.causes,
    )


def keep(
    c: Connection,
    before: Alarm | None,
    after: Alarm,
    change: str,
    now: int,
    *,
    who: str = "",
    reason: str = "",
    noted: str = "",
) -> None:
    """Save it, note it in the journal and have the event told.

    Args:
        noted: what the journal calls it, where that tells more than the event's `change`.
    """
    saved = replace(after, version=before.version + 1 if before else 1)
    save_alarm(c, saved)
    alarm_journal.note(c, saved, noted or change, now, who=who, reason=reason)
    append(c, WRITER, saved.site, "alarm", change, saved.id, saved, now)


def tell(c: Connection, site: Site, alarm: Alarm, now: int) -> None:
    """Have people told; a fault in that does not cost the alarm."""
    try:
        with savepoint(c):
            notices.tell_alarm(c, site, alarm, now)
    except (OperationalError, InterfaceError, Conflict):
        raise
    except Exception:
        metrics.loop_errors.labels("rules notices").inc()
        log.exception("nobody will be told of an alarm", alarm=alarm.id)
