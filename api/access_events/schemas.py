"""Access events as shown: card holders by pseudonym only."""

from pydantic import BaseModel, Field

from api.times import Timestamp


class AccessEventOut(BaseModel):
    """Something that happened at a door."""

    point: str
    zone: str
    t: Timestamp
    type: str = Field(examples=["access.denied"])
    card: str | None = Field(description="pseudonym, made in the gateway; the same card has always the same")
    person: str | None = Field(description="pseudonym")
    doors: list[str]
    reason: str | None
