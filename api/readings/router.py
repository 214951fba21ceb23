"""Readings over time, downsampled by the historian."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.platform import PlatformDep
from api.problems import Problem, not_found
from api.readings.schemas import BucketOut, SeriesOut
from api.security.access import Viewer
from api.times import Moment, to_ms

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
    """A point's readings from `start` to before `end`."""
    if point not in platform.site.points:
        raise not_found("point", point)
    last = to_ms(end) if end else platform.now() + 1
    first = to_ms(start) if start else last - DAY_MS
    if first >= last:
        raise Problem(422, "start must be before end", kind="bad-input")
    if last - first > LONGEST_MS:
        raise Problem(422, "at most ten years at a time", kind="bad-input")
    series = platform.historian.series(platform.site.id, point, first, last, max_points)
    return SeriesOut(
        point=series.point,
        start=series.start,
        end=series.end,
        step_ms=series.step_ms,
        buckets=[
            BucketOut(t=b.t, first=b.first, last=b.last, min=b.min, max=b.max, mean=b.mean, count=b.count, quality=b.q)
            for b in series.buckets
        ],
    )
