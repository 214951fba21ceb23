"""Access events as shown: card holders by pseudonym unless the site file says otherwise."""

from pydantic import BaseModel, Field

from api.times import Timestamp


class AccessEventOut(BaseModel):
    """Something that happened at a door."""

    point: str
    zone: str
    t: Timestamp
    type: str = Field(examples=["access.denied"])
    card: str | None = Field(
        description="pseudonym made in the gateway, always the same; the card itself with personal_data: as-read"
    )
    person: str | None = Field(description="pseudonym, or the name with personal_data: as-read")
    doors: list[str]
    reason: str | None
