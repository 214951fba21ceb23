"""Zones as shown."""

from pydantic import BaseModel, Field

from community.text import Text


class ZoneOut(BaseModel):
    """A place; `parent` makes the rows a tree."""

    id: str
    name: Text
    kind: str = Field(examples=["corridor"])
    parent: str | None
    building: str = Field(description="the outermost zone it lies in")
