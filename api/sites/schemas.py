"""Sites as shown."""

from pydantic import BaseModel

from community.text import Text


class SiteOut(BaseModel):
    """A watched community."""

    id: str
    name: Text
    timezone: str
