"""Quarantined input as shown."""

from pydantic import BaseModel, ConfigDict, Field

from api.times import Timestamp


class QuarantineOut(BaseModel):
    """Things of one source that were refused for one reason."""

    model_config = ConfigDict(from_attributes=True)

    consumer: str
    source: str
    reason: str
    count: int
    first: Timestamp
    last: Timestamp
    sample: str = Field(description="the beginning of one of them")
