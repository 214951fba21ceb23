"""What ingest can be told."""

from pydantic import Field, PositiveFloat

from backbone.settings import Settings
from community.site.profile import Family


class IngestSettings(Settings):
    """Settings of the historian's consumer."""

    ingest_max_readings: int = Field(default=50_000, ge=1, description="readings written in one transaction at most")
    ingest_max_wait_s: float = Field(default=0.2, gt=0, le=10, description="how long a batch may wait to fill")
    clock_skew_s: float = Field(default=600, ge=0, description="how far ahead of our clock a reading may be")
    oldest_days: float = Field(default=3653, gt=0, description="how far back a reading may be")
    keep_days: dict[Family, PositiveFloat] = Field(
        default={},
        description='how long readings are kept, by family: {"environment": 730}; a family that is not named is kept '
        "for ever, and so are the minutes, hours and days of all",
    )
