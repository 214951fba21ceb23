"""Points as shown, with the newest reading."""

from pydantic import BaseModel, Field

from api.times import Timestamp
from community.site.profile import Family, ValueKind
from community.text import Text


class PointOut(BaseModel):
    """A measured or commanded value. An unknown value is null, never a normal one."""

    id: str = Field(examples=["smoke-b3-f1-a.smoke"])
    device: str
    measure: str
    zone: str
    building: str
    name: Text
    unit: str
    family: Family
    kind: ValueKind
    states: dict[str, Text] = Field(description="words for 0 and 1")
    low: float | None = Field(description="below is implausible")
    high: float | None = Field(description="above is implausible")
    gateway: str
    value: float | None
    t: Timestamp | None = Field(description="when it was measured")
    quality: int = Field(description="bits; 0 is good", examples=[0])
    fresh_for_s: float = Field(description="a value older than this is not of the present")
    fresh: bool = Field(description="recent, usable, and its gateway is not known to be away")
