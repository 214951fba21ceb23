"""Readings over time as shown."""

from pydantic import BaseModel, Field

from api.times import Timestamp


class BucketOut(BaseModel):
    """The readings of one step; null where none of them is usable."""

    t: Timestamp = Field(description="when the step begins")
    first: float | None
    last: float | None
    min: float | None
    max: float | None
    mean: float | None
    count: int
    quality: int = Field(description="quality bits of all readings of the step, or-ed")


class SeriesOut(BaseModel):
    """A point's readings in steps. A step without readings is left out: a gap stays a gap."""

    point: str
    start: Timestamp
    end: Timestamp
    step_ms: int
    buckets: list[BucketOut]
