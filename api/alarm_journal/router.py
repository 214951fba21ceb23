"""The alarm journal: when, what, by whom and why; page by page, or as CSV."""

import csv
import io
from collections.abc import Iterator
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from api import paging
from api.alarms.schemas import CauseOut
from api.paging import Page
from api.platform import Platform, PlatformDep
from api.problems import not_found
from api.security.access import Viewer
from api.times import Moment, Timestamp, rfc3339, to_ms
from backbone.database import alarm_journal
from backbone.database.alarm_journal import JournalRow
from community.alarms import Cause

router = APIRouter(prefix="/alarm-journal", tags=["alarms"])
_AT_ONCE = 1_000
_COLUMNS = ("at", "alarm", "change", "state", "grade", "zone", "rule", "scope", "value", "who", "reason", "causes")
_BOM = "\ufeff"
"""So that spreadsheets read the Chinese in it."""


class JournalOut(BaseModel):
    """One transition of an alarm."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: Timestamp
    alarm: str
    change: str = Field(description="raised, cleared, acknowledged, reset, shelved, released, re-alarmed, grouped, …")
    who: str = Field(description="empty: the platform itself")
    reason: str
    state: str = Field(description="the state it led to")
    grade: str
    zone: str
    rule: str
    scope: str
    value: float | None = Field(description="that raised the alarm; of `cleared`, that ended its condition")
    causes: list[CauseOut] = Field(
        description="the readings that caused it, at most 32; none where a person or time alone did it"
    )


class Wanted(BaseModel):
    """Which rows."""

    model_config = ConfigDict(extra="forbid")

    start: Moment | None = None
    end: Moment | None = Field(default=None, description="not included")
    alarm: str | None = None
    rule: str | None = None
    scope: str | None = Field(default=None, description="a point, or the zone of a vote")
    zone: str | None = Field(default=None, description="in this zone and what lies in it")
    change: list[str] | None = Field(default=None, description="may be given several times")


class WantedPage(Wanted):
    """Which rows, a page at a time."""

    limit: int = Field(default=100, ge=1, le=1_000, description="rows of a page at most")
    cursor: str | None = Field(default=None, max_length=600, description="`next` of the page before")


class _After(NamedTuple):
    id: paging.Number


@router.get("")
def list_journal(platform: PlatformDep, _: Viewer, wanted: Annotated[WantedPage, Query()]) -> Page[JournalOut]:
    """Transitions, the latest first."""
    after = paging.decode(wanted.cursor, _After)
    found = _rows(platform, wanted, after.id if after else None, wanted.limit + 1)
    return paging.page(found, wanted.limit, JournalOut.model_validate, lambda row: _After(row.id))


@router.get(".csv", response_class=StreamingResponse)
def export_journal(platform: PlatformDep, _: Viewer, wanted: Annotated[Wanted, Query()]) -> StreamingResponse:
    """The same as a table for spreadsheets, all of it."""
    _zones(platform, wanted.zone)
    headers = {"content-disposition": 'attachment; filename="alarm-journal.csv"'}
    return StreamingResponse(_lines(platform, wanted), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(platform: Platform, wanted: Wanted) -> Iterator[str]:
    before: int | None = None
    yield _BOM + _line(_COLUMNS)
    while found := _rows(platform, wanted, before, _AT_ONCE):
        for row in found:
            shown = {"at": rfc3339(row.at), "causes": "; ".join(_cause(cause) for cause in row.causes)}
            yield _line([shown.get(column, getattr(row, column)) for column in _COLUMNS])
        before = found[-1].id


def _cause(cause: Cause) -> str:
    """`env-1.temperature=41.2 @2026-11-28T02:19:09.000Z q=0`."""
    value = "" if cause.value is None else f"={cause.value:g}"
    return f"{cause.point}{value} @{rfc3339(cause.at)} q={cause.quality}"


def _line(values: object) -> str:
    out = io.StringIO()
    assert isinstance(values, list | tuple)
    csv.writer(out).writerow(["" if value is None else _harmless(str(value)) for value in values])
    return out.getvalue()


def _harmless(text: str) -> str:
    """A cell no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not text[1:2].isdigit() else text


def _rows(platform: Platform, wanted: Wanted, before: int | None, limit: int) -> list[JournalRow]:
    with platform.database.read() as c:
        return alarm_journal.rows(
            c,
            platform.site.id,
            since=to_ms(wanted.start) if wanted.start else None,
            until=to_ms(wanted.end) if wanted.end else None,
            alarm=wanted.alarm,
            rule=wanted.rule,
            scope=wanted.scope,
            zones=_zones(platform, wanted.zone),
            changes=wanted.change,
            before=before,
            limit=limit,
        )


def _zones(platform: Platform, zone: str | None) -> list[str] | None:
    if zone is None:
        return None
    if zone not in platform.site.zones:
        raise not_found("zone", zone)
    return [other for other in platform.site.zones if zone in platform.site.zone_path(other)]
