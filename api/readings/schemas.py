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
    usable: int = Field(description="how many of them tell of the world: first to mean are of these")
    coverage: float | None = Field(
        description="share of the expected readings that are there and usable, 0 to 1; null: the step is shorter than "
        "the expected interval"
    )


class SeriesOut(BaseModel):
    """A point's readings in steps. A step without readings is left out: a gap stays a gap."""

    point: str
    start: Timestamp
    end: Timestamp
    step_ms: int
    every_s: float = Field(description="the interval between readings that is expected of the point")
    expected: int = Field(description="readings from start to end, or to now")
    covered: int = Field(description="usable ones of these; more of one time do not make up for less of another")
    coverage: float | None = Field(description="their share, 0 to 1; null: the time is too short, or a point of events")
    buckets: list[BucketOut]
