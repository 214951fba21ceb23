"""Sites as shown."""

from pydantic import BaseModel, Field

from community.text import Text


class NamedOut(BaseModel):
    """What other things name by its id."""

    id: str
    name: Text


class SiteOut(BaseModel):
    """A watched community."""

    id: str
    name: Text
    timezone: str
    parties: list[NamedOut]
    facilities: list[NamedOut]
    rules: list[NamedOut] = Field(description="each with what it says when it alarms")
    people: dict[str, str] = Field(description="names by id, as tickets and decisions write them")
