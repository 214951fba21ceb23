"""Readings over time, downsampled by the historian."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.platform import PlatformDep
from api.problems import Problem, not_found
from api.readings.schemas import BucketOut, SeriesOut
from api.security.access import Viewer
from api.times import Moment, to_ms
from backbone.historian.coverage import coverage
from community.site.profile import ValueKind

router = APIRouter(prefix="/readings", tags=["readings"])
DAY_MS = 86_400_000
LONGEST_MS = 3_660 * DAY_MS


@router.get("")
def get_readings(
    platform: PlatformDep,
    _: Viewer,
    point: str,
    start: Annotated[Moment | None, Query(description="a day before the end if unset")] = None,
    end: Annotated[Moment | None, Query(description="not included; now if unset")] = None,
    max_points: Annotated[int, Query(ge=1, le=5000, description="steps at most")] = 500,
) -> SeriesOut:
    """A point's readings from `start` to before `end`, and how much of what it should have said is there."""
    known = platform.site.points.get(point)
    if known is None:
        raise not_found("point", point)
    now = platform.now()
    last = to_ms(end) if end else now + 1
    first = to_ms(start) if start else last - DAY_MS
    if first >= last:
        raise Problem(422, "start must be before end", kind="bad-input")
    if last - first > LONGEST_MS:
        raise Problem(422, "at most ten years at a time", kind="bad-input")
    series = platform.historian.series(platform.site.id, point, first, last, max_points)
    found = coverage(series, round(known.every_s * 1000), now + 1)
    share = None if known.kind is ValueKind.EVENT else found.share
    return SeriesOut(
        point=series.point,
        start=series.start,
        end=series.end,
        step_ms=series.step_ms,
        every_s=known.every_s,
        expected=found.expected,
        covered=found.covered,
        coverage=share,
        buckets=[
            BucketOut(
                t=b.t,
                first=b.first,
                last=b.last,
                min=b.min,
                max=b.max,
                mean=b.mean,
                count=b.count,
                quality=b.q,
                usable=b.usable,
                coverage=own,
            )
            for b, own in zip(series.buckets, found.buckets, strict=True)
        ],
    )
