"""Versions of the site file as shown, and what is asked about them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.times import Timestamp


class SiteVersionOut(BaseModel):
    """A site file that was in force."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    digest: str
    at: Timestamp
    who: str = Field(description="empty: the file itself was edited")
    why: str
    in_force: bool


class DifferenceOut(BaseModel):
    """A row that is new, gone, or different in one key."""

    model_config = ConfigDict(from_attributes=True)

    section: str = Field(examples=["rules"])
    row: str = Field(examples=["too-hot"])
    what: Literal["added", "removed", "changed"]
    key: str = Field(examples=["for"])
    before: Any = None
    after: Any = None


class VersionDetail(BaseModel):
    """A version, beside the one before it and beside the one in force."""

    version: SiteVersionOut
    since_before: list[DifferenceOut] | None = Field(description="null: one of the two can no longer be read")
    to_in_force: list[DifferenceOut] | None = Field(description="what going back to it would change")


class Restoring(BaseModel):
    """Going back to a version."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=2000, examples=["the new limit was reached every afternoon"])
