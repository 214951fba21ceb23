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
    kept: int = Field(description="how many of them are set aside whole, to be stored once the cause is mended")
    asked: Timestamp | None = Field(description="when somebody asked to try these again, until it is done")
    tried: Timestamp | None = Field(description="when they were last tried again, and refused again")
    sample: str = Field(description="the beginning of one of them")


class RetryOut(BaseModel):
    """What will be tried again."""

    entries: int = Field(description="entries of which something is set aside")
