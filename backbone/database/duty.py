"""Who is on duty, as the database knows it: who stands in for whom, and whose training has run out."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from backbone.database.drills import list_trainings
from backbone.database.notifications import roster_changes_after
from community.roster import OnRecord
from community.site.site import Site
from community.training import barred


def duty_on_record(c: Connection, site: Site, now: int) -> OnRecord:
    """What decides, with the site file, who is on duty at a time (Unix ms)."""
    changes = roster_changes_after(c, site.id, now)
    if all(q.without != "refuse" for q in site.file.qualifications):
        return OnRecord(changes)
    day = datetime.fromtimestamp(now / 1000, ZoneInfo(site.file.site.timezone)).date()
    return OnRecord(changes, barred(site.file, list_trainings(c, site.id), day))
