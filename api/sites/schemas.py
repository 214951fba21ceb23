"""Sites as shown."""

from pydantic import BaseModel

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
