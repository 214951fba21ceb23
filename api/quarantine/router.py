"""Quarantine: what was refused, by whom, why, and how often."""

from fastapi import APIRouter

from api import paging
from api.paging import Cursor, Limit, Page
from api.platform import PlatformDep
from api.quarantine.schemas import QuarantineOut
from api.security.access import require
from backbone.database.quarantine import list_quarantine
from community.people import Action

router = APIRouter(prefix="/quarantine", tags=["platform"])


@router.get("", dependencies=[require(Action.VIEW_QUARANTINE)])
def list_quarantined(platform: PlatformDep, limit: Limit = 100, cursor: Cursor = None) -> Page[QuarantineOut]:
    """What was refused, the latest first."""
    before = paging.decode(cursor, tuple[paging.Number, paging.Number])
    with platform.database.read() as connection:
        rows = list_quarantine(connection, platform.site.id, limit=limit + 1, before=before)
    return paging.page(rows, limit, lambda row: QuarantineOut.model_validate(row[1]), lambda row: (row[1].last, row[0]))
