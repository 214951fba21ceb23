"""Readings out as a file and in from one, while everything goes on."""

from datetime import date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.exchange.imports import Import, Sent
from api.exchange.schemas import BadLineOut, CountOut, Format, ImportOut
from api.platform import Platform, PlatformDep
from api.problems import Problem, not_found
from api.security.access import require
from api.security.sessions import Caller
from api.times import Moment, to_ms
from api.uploads import body_of
from backbone.database import audit
from backbone.historian.exchange_write import pieces
from community.people import Action

router = APIRouter(prefix="/readings", tags=["readings"])
Exporting = Annotated[Caller, require(Action.EXPORT_READINGS)]
Importing = Annotated[Caller, require(Action.IMPORT_READINGS)]
_DAY_MS = 86_400_000
_KINDS = {
    Format.CSV: ("text/csv; charset=utf-8", "csv"),
    Format.PARQUET: ("application/vnd.apache.parquet", "parquet"),
    Format.LINES: ("text/plain; charset=utf-8", "lp"),
}
When = Moment | date
"""A time, or a day, which begins at midnight where the site is."""
Start = Annotated[When | None, Query(description="the first there is if unset")]
End = Annotated[When | None, Query(description="not included; now if unset")]


@router.get("/count")
def count_readings(
    platform: PlatformDep, _: Exporting, point: str | None = None, start: Start = None, end: End = None
) -> CountOut:
    """How many readings an export would have."""
    wanted, first, last = _asked(platform, [point] if point else [], start, end)
    return CountOut(readings=platform.historian.count(platform.site.id, wanted[0] if wanted else None, first, last))


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {kind: {} for kind, _ in _KINDS.values()}, "description": "the file"}},
)
def export_readings(
    platform: PlatformDep,
    caller: Exporting,
    format: Annotated[Format, Query(description="csv, parquet, or InfluxDB's line protocol")] = Format.CSV,  # noqa: A002
    point: Annotated[list[str] | None, Query(description="may be given several times; all if unset")] = None,
    start: Start = None,
    end: End = None,
) -> StreamingResponse:
    """Readings as a file. It comes as fast as it is taken; one that could not be read to its end breaks off."""
    wanted, first, last = _asked(platform, point or [], start, end)
    media, suffix = _KINDS[format]
    batches = platform.historian.scan(platform.site.id, wanted or None, first, last)
    _note(platform, caller.username, "readings.export", f"{', '.join(wanted[:20]) or 'all points'} as {format.value}")
    name = f"{platform.site.id}-readings.{suffix}"
    return StreamingResponse(
        pieces(batches, format.value, platform.site),
        media_type=media,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/import", status_code=202, openapi_extra=body_of(("text/csv", "application/octet-stream")))
async def import_readings(
    request: Request,
    platform: PlatformDep,
    caller: Importing,
    format: Annotated[Format, Query(description="of the file")] = Format.CSV,  # noqa: A002
) -> ImportOut:
    """Readings from a file, which is the body. What is there already of the same time is replaced; no alarm is raised.

    Answers once the file is here; `GET /readings/imports/{id}` tells how far it is.
    """
    path = await run_in_threadpool(platform.imports.reserve)
    try:
        with path.open("wb") as file:
            async for part in request.stream():
                await run_in_threadpool(file.write, part)
    except BaseException as error:
        platform.imports.give_up(path)
        if isinstance(error, OSError):
            raise Problem(503, f"the file cannot be kept: {error}", kind="unavailable") from error
        raise

    def over(done: Import) -> None:
        detail = "; ".join(filter(None, (f"{done.readings} readings, {done.refused} lines refused", done.problem)))
        _note(platform, done.by, "readings.import", detail, done.state)

    sent = Sent(path, format.value, caller.username, platform.now())
    return _show(await run_in_threadpool(platform.imports.start, sent, platform.historian, platform.site, over))


@router.get("/imports/{import_id}")
def get_import(import_id: str, platform: PlatformDep, _: Importing) -> ImportOut:
    """How far an import is, and what came of it."""
    return _show(platform.imports.get(import_id))


def _asked(platform: Platform, points: list[str], start: When | None, end: When | None) -> tuple[list[str], int, int]:
    for point in points:
        if point not in platform.site.points:
            raise not_found("point", point)
    zone = ZoneInfo(platform.site.file.site.timezone)
    first = _ms(start, zone) if start else 0
    last = _ms(end, zone) if end else platform.now() + _DAY_MS
    if first >= last:
        raise Problem(422, "start must be before end", kind="bad-input")
    return points, first, last


def _ms(when: When, zone: ZoneInfo) -> int:
    return to_ms(when if isinstance(when, datetime) else datetime.combine(when, time.min, zone))


def _note(platform: Platform, who: str, action: str, detail: str, outcome: str = "done") -> None:
    now, site = platform.now(), platform.site.id
    with platform.database.begin() as connection:
        audit.append(connection, at=now, who=who, action=action, target=site, outcome=outcome, detail=detail)


def _show(one: Import) -> ImportOut:
    return ImportOut(
        id=one.id,
        at=one.at,
        by=one.by,
        size=one.size,
        state=one.state,
        readings=one.readings,
        refused=one.refused,
        lines=[BadLineOut(line=bad.line, reason=bad.reason) for bad in sorted(one.lines, key=lambda bad: bad.line)],
        unknown=list(one.unknown),
        problem=one.problem,
    )
