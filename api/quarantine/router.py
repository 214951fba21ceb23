"""Quarantine: what was refused, by whom, why, and how often; and trying again what was set aside of it."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from api import paging
from api.paging import Cursor, Limit, Page
from api.platform import PlatformDep
from api.quarantine.schemas import QuarantineOut, RetryOut
from api.security.access import require
from api.writing import Change, Write, writing
from backbone.database.quarantine import ask_again, list_quarantine
from community.people import Action

router = APIRouter(prefix="/quarantine", tags=["platform"])
Retrying = Annotated[Write, writing(Action.VIEW_QUARANTINE)]


@router.get("", dependencies=[require(Action.VIEW_QUARANTINE)])
def list_quarantined(platform: PlatformDep, limit: Limit = 100, cursor: Cursor = None) -> Page[QuarantineOut]:
    """What was refused, the latest first."""
    before = paging.decode(cursor, tuple[paging.Number, paging.Number])
    with platform.database.read() as connection:
        rows = list_quarantine(connection, platform.site.id, limit=limit + 1, before=before)
    return paging.page(rows, limit, lambda row: QuarantineOut.model_validate(row[1]), lambda row: (row[1].last, row[0]))


@router.post("/retry", response_model=RetryOut, status_code=202)
def retry(write: Retrying) -> Response:
    """Have what was set aside tried again now, as after the site file or a clock was mended; it takes some seconds.

    What is in order by then is stored and leaves the quarantine; the rest stays with a new `tried`.
    """
    site = write.platform.site.id

    def work(change: Change) -> RetryOut:
        return RetryOut(entries=ask_again(change.connection, site, change.now))

    return write.perform("quarantine.retry", site, work, status=202)
