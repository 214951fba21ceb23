"""What is due by a date: drills, revisions of plans, trainings. The overview shows it; each has its ticket."""

from fastapi import APIRouter

from api.platform import PlatformDep
from api.reminders.schemas import ReminderOut
from api.security.access import Viewer
from backbone.database.drills import list_drills, list_trainings
from community.reminders import reminders

router = APIRouter(prefix="/reminders", tags=["drills"])
MOST = 1_000


@router.get("")
def list_reminders(platform: PlatformDep, _: Viewer) -> list[ReminderOut]:
    """What is due, what is overdue first."""
    with platform.database.read() as c:
        known, records = list_drills(c, platform.site.id, limit=MOST), list_trainings(c, platform.site.id)
    found = reminders(platform.site.file, known, records, platform.now())
    return [ReminderOut.model_validate(row) for row in sorted(found, key=lambda r: (not r.overdue, r.due))]
